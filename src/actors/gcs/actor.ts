// The GCS actor: one guest's connection, and what goes over it. The connector listens, connects and ends; processes and containers keep what
// runs inside; here their messages meet. The guest dials every stream; this side only listens.

import type { MessagePort } from 'node:worker_threads'
import { UnsupportedGuestError } from '../../errors.js'
import { fromWireError, toWireError } from '../../errors-wire.js'
import { decodeGuestStacks, modifyBody, requestBody } from '../../protocol/bridge/messages.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import type { ActorCall, ActorHandlers, ActorPort } from '../mailbox/contract.js'
import { exposeActor } from '../mailbox/expose.js'
import { Outbox, sizeOfError } from '../outbox.js'
import { GuestConnector, type Connected } from './connection/connector.js'
import { GuestContainers } from './container/containers.js'
import { NULL_CONTAINER_ID, type GuestInit, type GuestNotices, type GuestRequests } from './contract.js'
import { lateSuccess, ModifyTurns, type ModifyTurn } from './resource/modify-turns.js'
import { GuestProcesses } from './process/processes.js'
import { EntropyListener } from './connection/entropy-listener.js'

class GuestActor {
  readonly ended: Promise<void>
  readonly #init: GuestInit
  readonly #env: ActorEnvironment
  readonly #port: ActorPort<GuestNotices>
  readonly #entropy: EntropyListener
  readonly #connector: GuestConnector
  readonly #processes: GuestProcesses
  readonly #containers: GuestContainers
  readonly #leaveBoots: () => void
  readonly #modifyTurns: ModifyTurns
  readonly #warnings = new Outbox<Error>(
    (error, dropped) => this.#port.notify('warning', toWireError(error), dropped),
    sizeOfError,
  )

  constructor(port: MessagePort, init: GuestInit, env: ActorEnvironment) {
    this.#init = init
    this.#env = env
    const { transport, clock, gauges } = env
    this.#processes = new GuestProcesses({ init, transport, clock, gauges })
    this.#containers = new GuestContainers({
      vmId: init.vmId,
      onExit: (id) => this.#port.notify('containerExited', id),
    })
    this.#leaveBoots = env.boots.expect(init.runtimeId)
    this.#modifyTurns = new ModifyTurns(init.modifyConcurrency, gauges)
    const onWarning = (error: Error): void => this.#warnings.push(error)
    this.#entropy = new EntropyListener({
      runtimeId: init.runtimeId,
      transport,
      gauges,
      randomBytes: env.randomBytes,
      onWarning,
    })
    this.#connector = new GuestConnector({
      init,
      env,
      onWarning,
      onRecording: (path) => this.#port.notify('recording', path),
      onNotice: (notice) => this.#containers.exited(notice),
      onPark: () => this.#processes.closeStreams(),
      onRestored: (connection) => {
        this.#processes.probe(connection)
        this.#containers.restored(connection)
        this.#warnings.flush()
        this.#port.notify('reconnected')
      },
      onClose: (cause) => {
        this.#processes.closeStreams()
        this.#containers.connectionClosed(cause)
      },
      onEnd: (error, cause) => {
        // What it warned of before comes before.
        this.#warnings.flush()
        if (cause === undefined) this.#port.notify('disconnected')
        else this.#port.notify('disconnected', toWireError(error))
      },
    })
    this.#port = exposeActor<GuestRequests, GuestNotices>(port, this.#handlers(), { onStop: () => this.stop(), clock })
    this.ended = this.#port.closed
  }

  #handlers(): ActorHandlers<GuestRequests> {
    return {
      ...this.#connectionHandlers(),
      ...this.#processHandlers(),
      ...this.#containerHandlers(),
      modify: (input, call) => this.#modify(input, call),
      dumpStacks: (_input, call) => this.#dumpStacks(call),
      modifyService: (input, call) => this.#modifyService(input, call),
      noticeTaken: () => void this.#warnings.taken(),
    }
  }

  #connectionHandlers() {
    return {
      arm: () => this.#arm(),
      prepare: ({ serviceId }) => this.#connector.prepare(serviceId),
      // Connected or not: the boot is over.
      connect: (input, call) =>
        this.#connector.connect(input, call).finally(() => this.#env.boots.end(this.#init.runtimeId)),
      disconnect: () => this.#connector.disconnect(),
      negotiated: () => this.#connector.negotiated,
      vmExited: ({ cause }) => this.#end(fromWireError(cause)),
      setMigrating: ({ on }) => void this.#connector.setMigrating(on),
      resume: (_input, call) => this.#connector.resume(call),
      nextId: () => this.#connector.requireConnection('guest.bridgeNextId').nextId,
      saveRecording: ({ path }) => this.#connector.saveRecording(path),
      seedNextId: ({ next }) => void this.#connector.requireConnection('guest.seedBridgeNextId').seed(next),
    } satisfies Partial<ActorHandlers<GuestRequests>>
  }

  #processHandlers() {
    const processes = this.#processes
    return {
      execute: (input, call) => processes.execute(this.#connector.require(input.op).connection, input, call),
      openProcess: (input) => processes.reopen(this.#connector.require('guest.openProcess').connection, input),
      discardProcess: ({ key }) => void processes.discard(key),
      nextPort: () => processes.nextPort,
      seedNextPort: ({ port }) => void processes.seedNextPort(port),
      waitProcess: ({ key }) => processes.wait(key),
      signalProcess: ({ key, signal }, call) => {
        const { guest } = this.#connector.require(signal === undefined ? 'process.kill' : 'process.signal')
        return processes.signal(key, signal, guest.guestDefined['SignalProcessSupported'] === true, call)
      },
      resizeConsole: async ({ key, width, height }, call) => {
        this.#connector.require('process.resizeConsole')
        await processes.resize(key, width, height, call)
        return undefined
      },
      closeProcess: ({ key }) => void processes.close(key),
    } satisfies Partial<ActorHandlers<GuestRequests>>
  }

  #containerHandlers() {
    const containers = this.#containers
    const done = (): undefined => undefined
    return {
      createContainer: (input, call) => containers.create(this.#require(input.op, input.needs), input, call).then(done),
      openContainer: (input) => void containers.open(this.#connector.require('guest.openContainer'), input),
      discardContainer: ({ key }) => void containers.discard(key, this.#connector.current),
      askContainer: (input, call) => containers.ask(input, this.#connector.require(input.op), call).then(done),
      modifyContainer: ({ key, request, op }, call) =>
        containers.modify(key, request, op, this.#connector.require(op), call).then(done),
      containerProperties: ({ key, query, op }, call) =>
        containers.properties(key, query, op, this.#connector.require(op), call),
      waitContainer: ({ key }) => containers.wait(key).then(done),
      closeContainer: ({ key }) => void containers.close(key),
      deleteContainerState: ({ id }, call) => {
        const op = 'guest.deleteContainerState'
        return containers.deleteState(id, op, this.#require(op, 'DeleteContainerStateSupported'), call).then(done)
      },
    } satisfies Partial<ActorHandlers<GuestRequests>>
  }

  async stop(): Promise<void> {
    this.#leaveBoots()
    await this.#end(undefined)
    this.#warnings.flush()
  }

  async #arm(): Promise<undefined> {
    if (this.#init.entropy) await this.#entropy.open()
    await this.#connector.listen()
    return undefined
  }

  /** Ends everything for good: with the VM, or because the actor stops. */
  async #end(cause: Error | undefined): Promise<undefined> {
    await this.#connector.end(cause)
    await this.#entropy.close()
    this.#processes.closeStreams()
    return undefined
  }

  /** The connection of a guest that announces a capability. @throws {UnsupportedGuestError} */
  #require(op: string, needs: string | undefined): Connected {
    const connected = this.#connector.require(op)
    if (needs === undefined || connected.guest.guestDefined[needs] === true) return connected
    const reason = `the guest does not announce ${needs}`
    throw new UnsupportedGuestError({ op, id: this.#init.vmId, reason })
  }

  #modify(input: GuestRequests['modify']['input'], call: ActorCall): Promise<undefined> {
    this.#require(input.op, input.needs)
    const turn = this.#modifyTurns.take(input.op, call)
    if (!(turn instanceof Promise)) return this.#change(input, call, turn)
    // When its caller is gone nothing was sent, and the answer goes nowhere.
    return turn.then((own) => (own === undefined ? undefined : this.#change(input, call, own)))
  }

  async #change(
    { request, op }: GuestRequests['modify']['input'],
    call: ActorCall,
    turn: ModifyTurn,
  ): Promise<undefined> {
    const tellLate = (): void => {
      this.#warnings.push(lateSuccess(op, this.#init.vmId, request))
    }
    // A caller that gives up does not end the request: the guest goes on with it.
    try {
      const { connection } = this.#connector.require(op)
      await connection.request('ModifySettings', modifyBody(NULL_CONTAINER_ID, request), {
        op,
        trace: call.trace,
        onLate: ({ result }) => {
          if (result === 0) tellLate()
        },
      })
      if (turn.isAbandoned()) tellLate()
    } finally {
      turn.end()
    }
    return undefined
  }

  async #dumpStacks(call: ActorCall): Promise<string> {
    const op = 'guest.dumpStacks'
    const { connection } = this.#require(op, 'DumpStacksSupported')
    return decodeGuestStacks(await connection.request('DumpStacks', requestBody(NULL_CONTAINER_ID), { op, call }))
  }

  async #modifyService(
    { service, settings }: GuestRequests['modifyService']['input'],
    call: ActorCall,
  ): Promise<undefined> {
    const op = 'guest.modifyServiceSettings'
    const { connection } = this.#require(op, 'LogForwardingSupported')
    const body = requestBody(NULL_CONTAINER_ID, { PropertyType: JSON.stringify(service), Settings: settings })
    await connection.request('ModifyServiceSettings', body, { op, call })
    return undefined
  }
}

/** Starts a GCS actor on a port. Its first request must be `arm`. */
export function startGuestActor(port: MessagePort, init: GuestInit, env: ActorEnvironment): Actor {
  return new GuestActor(port, init, env)
}
