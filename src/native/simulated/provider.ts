// The HcsProvider of the simulated service: one port from this actor thread to the service's thread.

import type { MessagePort } from 'node:worker_threads'
import { HRESULT } from '../../protocol/hresult.js'
import { HCS_EVENT, type HcsEvent, type HcsProvider, type HcsSystem } from '../hcs.js'
import { HcsFailure } from './failure.js'
import type { FromService, ServiceCall, ToService } from './wire.js'

interface Pending {
  resolve: (value: never) => void
  reject: (error: HcsFailure) => void
}

class ServiceConnection {
  readonly #port: MessagePort
  readonly #pending = new Map<number, Pending>()
  readonly #streams = new Map<number, (event: HcsEvent) => void>()
  #next = 1
  #over = false

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (message: FromService) => this.#receive(message))
    port.once('close', () => this.#end())
    port.unref()
  }

  #receive(message: FromService): void {
    if ('event' in message) {
      this.#streams.get(message.events)?.(message.event)
      return
    }
    const pending = this.#pending.get(message.number)
    this.#pending.delete(message.number)
    if ('fails' in message) pending?.reject(new HcsFailure(message.fails.hresult, message.fails.document))
    else pending?.resolve(message.ok as never)
  }

  /** The service's thread is gone: as if the compute service had stopped. */
  #end(): void {
    if (this.#over) return
    this.#over = true
    for (const { reject } of this.#pending.values()) reject(new HcsFailure(HRESULT.HCS_E_SERVICE_DISCONNECT))
    this.#pending.clear()
    for (const stream of this.#streams.values()) stream({ type: HCS_EVENT.serviceDisconnect, data: '' })
    this.#streams.clear()
  }

  ask<T extends string | number>(call: ServiceCall, events?: number): Promise<T> {
    if (this.#over) return Promise.reject(new HcsFailure(HRESULT.HCS_E_SERVICE_DISCONNECT))
    const number = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#port.postMessage({ number, call, ...(events === undefined ? {} : { events }) } satisfies ToService)
    })
  }

  /** Asks for a handle whose events go to `onEvent` from before the answer. */
  async openHandle(call: ServiceCall, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    const events = this.#next++
    this.#streams.set(events, onEvent)
    try {
      const handle = await this.ask<number>(call, events)
      return new SimulatedSystem(this, handle, () => this.#streams.delete(events))
    } catch (error) {
      this.#streams.delete(events)
      throw error
    }
  }

  close(): void {
    this.#streams.clear()
    this.#port.close()
  }
}

class SimulatedSystem implements HcsSystem {
  readonly token: string
  readonly start: HcsSystem['start']
  readonly shutdown: HcsSystem['shutdown']
  readonly terminate: HcsSystem['terminate']
  readonly pause: HcsSystem['pause']
  readonly resume: HcsSystem['resume']
  readonly save: HcsSystem['save']
  readonly modify: HcsSystem['modify']
  readonly properties: HcsSystem['properties']
  readonly migrate: HcsSystem['migrate']
  readonly crash: NonNullable<HcsSystem['crash']>
  readonly close: HcsSystem['close']

  constructor(connection: ServiceConnection, handle: number, forget: () => void) {
    this.token = String(handle)
    const operation =
      (op: Extract<ServiceCall, { do: 'operate' }>['op']) =>
      (argument: string, socket?: bigint): Promise<string> =>
        connection.ask({ do: 'operate', handle, op, argument, ...(socket === undefined ? {} : { socket }) })
    this.start = operation('start')
    this.shutdown = operation('shutdown')
    this.terminate = operation('terminate')
    this.pause = operation('pause')
    this.resume = operation('resume')
    this.save = operation('save')
    this.modify = operation('modify')
    this.properties = operation('properties')
    this.crash = operation('crash')
    this.migrate = (step, argument, socket) =>
      connection.ask({
        do: 'operate',
        handle,
        op: 'migrate',
        argument,
        step,
        ...(socket === undefined ? {} : { socket }),
      })
    this.close = async () => {
      forget()
      await connection.ask({ do: 'close', handle })
    }
  }
}

/** @param options `{ port }`: a port made by SimulatedClient.port(), transferred to this thread */
export default function createSimulatedProvider(options: unknown): HcsProvider {
  const connection = new ServiceConnection((options as { port: MessagePort }).port)
  return {
    createSystem: (id, document, onEvent) => connection.openHandle({ do: 'create', id, document }, onEvent),
    openSystem: (id, onEvent) => connection.openHandle({ do: 'open', id }, onEvent),
    adoptSystem: (token, onEvent) => connection.openHandle({ do: 'adopt', handle: Number(token) }, onEvent),
    enumerate: (query) => connection.ask({ do: 'enumerate', query }),
    serviceProperties: (query) => connection.ask({ do: 'serviceProperties', query }),
    modifyService: (settings) => connection.ask({ do: 'modifyService', settings }),
    grantAccess: async (vmId, path) => void (await connection.ask({ do: 'grantAccess', vmId, path })),
    revokeAccess: async (vmId, path) => void (await connection.ask({ do: 'revokeAccess', vmId, path })),
    close: async () => connection.close(),
  }
}
