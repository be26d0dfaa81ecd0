// The simulated compute service on a virtual thread, and the Hosts that use it.

import type { Duplex } from 'node:stream'
import type { ProviderSource } from '../actors/provider-spec.js'
import type { HcsProviderFactory } from '../native/hcs.js'
import { createLinkedProvider } from '../native/remote/client.js'
import { portLink } from '../native/remote/link.js'
import type { FromService, ToService } from '../native/remote/wire.js'
import type { ServiceOptions } from '../native/simulated/options.js'
import { ComputeService } from '../native/simulated/service/compute-service.js'
import { startBuiltinGuest } from '../native/simulated/service/guest-host.js'
import { servePort } from '../native/simulated/service/serve-port.js'
import type { SimulatedNetwork } from './network.js'
import { asPort, simulatedPort, type SimulatedPort, type SimulatedPorts } from './ports.js'
import type { Scheduler, VirtualThread } from './scheduler.js'

export const PROVIDER_MODULE = 'simulation:provider'

/** The default export of that module. */
export const openProvider: HcsProviderFactory = (options) =>
  createLinkedProvider(portLink(asPort(simulatedPort((options as { port: unknown }).port))))

/** What becomes of an answer or an event on its way to a Host. */
export interface Fate {
  /** 0: it never arrives. */
  times: number
  delayMs: number
}

/** Of what the service says about a VM; `id` is undefined for what concerns none. */
export type Judge = (message: FromService, id: string | undefined) => Fate

const ARRIVES: Fate = { times: 1, delayMs: 0 }

export class ServiceThread {
  readonly thread: VirtualThread
  readonly service: ComputeService
  #main: VirtualThread
  readonly #ports: SimulatedPorts
  /** By client. */
  readonly #directories = new Map<string, string>()
  readonly #sockets = new Map<bigint, Duplex>()
  readonly #links = new Map<SimulatedPort, { client: string; gone: () => void }>()
  readonly #handles = new Map<string, string>()
  #clients = 0
  #socketCount = 0n
  judge: Judge = () => ARRIVES

  constructor(
    options: ServiceOptions,
    scheduler: Scheduler,
    main: VirtualThread,
    ports: SimulatedPorts,
    network: SimulatedNetwork,
  ) {
    this.thread = scheduler.thread('service')
    this.#main = main
    this.#ports = ports
    const { clock } = this.thread
    const dialIn = (directory: string) => network.dialer(this.thread, directory)
    this.service = new ComputeService(options, {
      clock,
      takeSocket: (socket) => this.#takeSocket(socket),
      ...(options.guest === 'none'
        ? {}
        : {
            startGuest: (host) =>
              startBuiltinGuest(host, clock, options.seed ?? 1, (client) => this.#directories.get(client), dialIn),
          }),
    })
  }

  #takeSocket(socket: bigint): Duplex | undefined {
    const stream = this.#sockets.get(socket)
    this.#sockets.delete(socket)
    return stream
  }

  /** A Host joins; its guests dial into `directory`. */
  join(directory: string): ProviderSource {
    const client = `client ${++this.#clients}`
    this.#directories.set(client, directory)
    return {
      serviceThreads: 0,
      callbackThreads: 0,
      next: () => {
        const { port, gone } = this.#link(client)
        const reap = (keep: readonly string[]): void =>
          this.thread.clock.immediate(() => {
            gone()
            this.service.reap(client, new Set(keep))
          })
        return { provider: { module: PROVIDER_MODULE, options: { port } }, transfer: [port], reap }
      },
      relaySocket: (stream) => {
        const socket = ++this.#socketCount
        this.#sockets.set(socket, stream)
        return { socket, release: () => void this.#sockets.delete(socket) }
      },
      close: () => this.#leave(client),
    }
  }

  #link(client: string): { port: ReturnType<typeof asPort>; gone: () => void } {
    const { local, remote } = this.#ports.open(this.#main, 'link')
    local.thread = this.thread
    const rows = new Rows(this.#handles)
    remote.onPost = (message) => rows.asked(message as ToService)
    local.tap = (message) => {
      const id = rows.answered(message as FromService)
      return { row: id, ...this.judge(message as FromService, id) }
    }
    const gone = servePort(this.service, client, asPort(local))
    this.#links.set(local, { client, gone })
    local.once('close', () => this.#links.delete(local))
    return { port: asPort(remote), gone }
  }

  /** The program of its Hosts is gone, and with it their ends of all links; another one begins on `main`. */
  begin(main: VirtualThread): void {
    this.#main = main
    for (const client of [...this.#directories.keys()]) this.#forget(client)
  }

  /** As the thread of an embedded service does it: the handles close, then the ports. */
  #leave(client: string): Promise<string[]> {
    return new Promise((resolve) => {
      this.thread.clock.immediate(() => {
        this.#forget(client)
        this.#main.clock.immediate(() => resolve([]))
      })
    })
  }

  #forget(client: string): void {
    this.service.leave(client)
    this.#directories.delete(client)
    for (const [port, link] of this.#links) {
      if (link.client !== client) continue
      link.gone()
      port.close()
    }
  }
}

/** Which VM a message is about: what the service says of one VM keeps its order, between VMs there is none. */
class Rows {
  readonly #calls = new Map<number, { id: string; opens: boolean }>()
  readonly #streams = new Map<number, string>()
  readonly #handles: Map<string, string>

  /** @param handles ids by token, whichever thread opened them */
  constructor(handles: Map<string, string>) {
    this.#handles = handles
  }

  asked(message: ToService): void {
    if ('handled' in message) return
    const { number, events, call } = message
    const id = 'id' in call ? call.id : 'token' in call ? this.#handles.get(call.token) : undefined
    if (id === undefined) return
    this.#calls.set(number, { id, opens: call.do === 'create' || call.do === 'open' })
    if (events !== undefined) this.#streams.set(events, id)
    if (call.do === 'close') this.#handles.delete(call.token)
  }

  answered(message: FromService): string | undefined {
    if ('event' in message) return this.#streams.get(message.events)
    const call = this.#calls.get(message.number)
    this.#calls.delete(message.number)
    if (call?.opens === true && 'ok' in message) this.#handles.set(message.ok, call.id)
    return call?.id
  }
}
