// The HcsProvider of a compute service that is somewhere else, in a thread or in a process of its own, over a link. Nothing is kept here
// that the service needs, so that this actor thread may end at any moment, however it ends.

import { ProviderUnavailableError } from '../../errors.js'
import { HRESULT, hexCode, hresultMessage, unsigned } from '../../protocol/hresult.js'
import { HCS_EVENT, type HcsEvent, type HcsProvider, type HcsSystem } from '../hcs.js'
import type { ServiceLink } from './link.js'
import type { FromService, Refusal, ServiceCall, SystemOp } from './wire.js'

interface Pending {
  resolve: (document: string) => void
  reject: (error: Error) => void
}

/** A refusal, as the provider seam expects it. */
class RemoteFailure extends Error {
  readonly hresult: number
  readonly document: string

  constructor({ hresult, document }: Refusal) {
    super(hresultMessage(hresult) ?? `HRESULT ${hexCode(hresult)}`)
    this.hresult = unsigned(hresult)
    this.document = document
  }
}

/** The service is gone: as if the compute service had stopped. */
function disconnected(): RemoteFailure {
  return new RemoteFailure({ hresult: HRESULT.HCS_E_SERVICE_DISCONNECT, document: '' })
}

class ServiceConnection {
  readonly #link: ServiceLink
  readonly #pending = new Map<number, Pending>()
  readonly #streams = new Map<number, (event: HcsEvent) => void>()
  #next = 1
  #isOver = false

  constructor(link: ServiceLink) {
    this.#link = link
    link.open(
      (message) => this.#receive(message),
      () => this.#end(),
    )
  }

  #receive(message: FromService): void {
    if ('event' in message) {
      this.#streams.get(message.events)?.(message.event)
      this.#link.send({ handled: message.events })
      return
    }
    const pending = this.#pending.get(message.number)
    this.#pending.delete(message.number)
    if ('fails' in message) pending?.reject(errorOf(message.fails))
    else pending?.resolve(message.ok)
  }

  /** The service is gone, or this thread is cut off from it. */
  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const { reject } of this.#pending.values()) reject(disconnected())
    this.#pending.clear()
    for (const stream of this.#streams.values()) stream({ type: HCS_EVENT.serviceDisconnect, data: '' })
    this.#streams.clear()
  }

  ask(call: ServiceCall, events?: number): Promise<string> {
    if (this.#isOver) return Promise.reject(disconnected())
    const number = this.#next++
    return new Promise((resolve, reject) => {
      // What cannot be sent rejects, and nothing waits for it.
      this.#link.send({ number, call, ...(events === undefined ? {} : { events }) })
      this.#pending.set(number, { resolve, reject })
    })
  }

  /** Asks for a handle whose events go to `onEvent` from before the answer. */
  async openHandle(call: ServiceCall, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    const events = this.#next++
    this.#streams.set(events, onEvent)
    try {
      const token = await this.ask(call, events)
      return new RemoteSystem(this, token, () => this.#streams.delete(events))
    } catch (error) {
      this.#streams.delete(events)
      throw error
    }
  }

  close(): void {
    this.#streams.clear()
    this.#link.close()
  }
}

/** A missing function is the fault of the host, not an answer of HCS. */
function errorOf(refusal: Refusal): Error {
  const { hresult, unavailable } = refusal
  if (unavailable === undefined) return new RemoteFailure(refusal)
  return new ProviderUnavailableError({ reason: unavailable, hresult })
}

class RemoteSystem implements HcsSystem {
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

  constructor(connection: ServiceConnection, token: string, forget: () => void) {
    this.token = token
    const operation =
      (op: SystemOp) =>
      (argument: string, socket?: bigint): Promise<string> =>
        connection.ask({ do: 'operate', token, op, argument, socket })
    this.start = operation('start')
    this.shutdown = operation('shutdown')
    this.terminate = operation('terminate')
    this.pause = operation('pause')
    this.resume = operation('resume')
    this.save = operation('save')
    this.modify = operation('modify')
    this.properties = operation('properties')
    this.crash = operation('crash')
    this.migrate = (step, options, socket) => operation(step)(options, socket)
    this.close = async () => {
      forget()
      await connection.ask({ do: 'close', token })
    }
  }
}

/** The provider at the other end of a link. */
export function createLinkedProvider(link: ServiceLink): HcsProvider {
  const connection = new ServiceConnection(link)
  return {
    createSystem: (id, document, onEvent) => connection.openHandle({ do: 'create', id, document }, onEvent),
    openSystem: (id, onEvent) => connection.openHandle({ do: 'open', id }, onEvent),
    adoptSystem: (token, onEvent) => connection.openHandle({ do: 'adopt', token }, onEvent),
    enumerate: (query) => connection.ask({ do: 'enumerate', query }),
    serviceProperties: (query) => connection.ask({ do: 'serviceProperties', query }),
    modifyService: (settings) => connection.ask({ do: 'modifyService', settings }),
    grantAccess: async (vmId, path) => void (await connection.ask({ do: 'grantAccess', vmId, path })),
    revokeAccess: async (vmId, path) => void (await connection.ask({ do: 'revokeAccess', vmId, path })),
    file: (what, path) => connection.ask({ do: 'file', what, path }),
    workingSet: (runtimeId) => connection.ask({ do: 'workingSet', runtimeId }),
    close: async () => connection.close(),
  }
}
