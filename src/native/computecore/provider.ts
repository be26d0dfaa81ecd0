// The HcsProvider of computecore.dll in an actor thread: a port to the call thread. Nothing native happens here, so that this thread may
// end at any moment, however it ends.

import type { MessagePort } from 'node:worker_threads'
import { ProviderUnavailableError } from '../../errors.js'
import { HRESULT } from '../../protocol/hresult.js'
import { HCS_EVENT, type HcsEvent, type HcsProvider, type HcsSystem } from '../hcs.js'
import { NativeFailure, type Refusal } from './failure.js'
import type { FromCallThread, NativeCall, SystemOp, ToCallThread } from './wire.js'

interface Pending {
  resolve: (document: string) => void
  reject: (error: Error) => void
}

class CallThreadConnection {
  readonly #port: MessagePort
  readonly #pending = new Map<number, Pending>()
  readonly #streams = new Map<number, (event: HcsEvent) => void>()
  #next = 1
  #isOver = false

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (message: FromCallThread) => this.#receive(message))
    port.once('close', () => this.#end())
    port.unref()
  }

  #receive(message: FromCallThread): void {
    if ('event' in message) {
      this.#streams.get(message.events)?.(message.event)
      this.#port.postMessage({ handled: message.events } satisfies ToCallThread)
      return
    }
    const pending = this.#pending.get(message.number)
    this.#pending.delete(message.number)
    if ('fails' in message) pending?.reject(errorOf(message.fails))
    else pending?.resolve(message.ok)
  }

  /** The call thread is gone, and with it every handle. */
  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const { reject } of this.#pending.values()) reject(new NativeFailure(HRESULT.HCS_E_SERVICE_DISCONNECT))
    this.#pending.clear()
    for (const stream of this.#streams.values()) stream({ type: HCS_EVENT.serviceDisconnect, data: '' })
    this.#streams.clear()
  }

  ask(call: NativeCall, events?: number): Promise<string> {
    if (this.#isOver) return Promise.reject(new NativeFailure(HRESULT.HCS_E_SERVICE_DISCONNECT))
    const number = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#port.postMessage({ number, call, ...(events === undefined ? {} : { events }) } satisfies ToCallThread)
    })
  }

  /** Asks for a handle whose events go to `onEvent` from before the answer. */
  async openHandle(call: NativeCall, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    const events = this.#next++
    this.#streams.set(events, onEvent)
    try {
      const token = await this.ask(call, events)
      return new NativeSystem(this, token, () => this.#streams.delete(events))
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

/** A missing function is the fault of the host, not an answer of HCS. */
function errorOf({ hresult, document, unavailable }: Refusal): Error {
  if (unavailable === undefined) return new NativeFailure(hresult, document)
  return new ProviderUnavailableError({ reason: unavailable, hresult })
}

class NativeSystem implements HcsSystem {
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

  constructor(connection: CallThreadConnection, token: string, forget: () => void) {
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

/** @param options `{ port }`: a port made by ComputeCoreService.port(), transferred to this thread */
export default function createComputeCoreProvider(options: unknown): HcsProvider {
  const connection = new CallThreadConnection((options as { port: MessagePort }).port)
  return {
    createSystem: (id, document, onEvent) => connection.openHandle({ do: 'create', id, document }, onEvent),
    openSystem: (id, onEvent) => connection.openHandle({ do: 'open', id }, onEvent),
    adoptSystem: (token, onEvent) => connection.openHandle({ do: 'adopt', token }, onEvent),
    enumerate: (query) => connection.ask({ do: 'enumerate', query }),
    serviceProperties: (query) => connection.ask({ do: 'serviceProperties', query }),
    modifyService: (settings) => connection.ask({ do: 'modifyService', settings }),
    grantAccess: async (vmId, path) => void (await connection.ask({ do: 'grantAccess', vmId, path })),
    revokeAccess: async (vmId, path) => void (await connection.ask({ do: 'revokeAccess', vmId, path })),
    close: async () => connection.close(),
  }
}
