// The GCS actor: listens for one guest, shakes hands, and carries its calls and its processes' stdio.
//
// The guest dials every stream; this side only listens. The bridge is accepted once and its listener closed. The connection ends by the
// guest's fault, on purpose, or with the VM; calls in flight fail then, streams are destroyed, and a later connect listens again. Nothing
// waits for ever: an accept ends with its deadline, its last caller, or the VM.

import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidStateError,
  OperationTimeoutError,
  UnsupportedGuestError,
  UVMError,
  withContext,
} from '../../errors.js'
import { fromWireError, toWireError } from '../../errors-wire.js'
import type { HvSocketListener } from '../../native/hvsocket.js'
import { decodeGuestStacks, requestBody } from '../../protocol/bridge/messages.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import type { ActorCall, ActorPort } from '../mailbox/contract.js'
import { exposeActor } from '../mailbox/expose.js'
import { GuestConnection } from './connection.js'
import {
  NULL_CONTAINER_ID,
  type GuestInit,
  type GuestNotices,
  type GuestRequests,
  type NegotiatedGuest,
} from './contract.js'
import { shakeHands } from './handshake.js'
import { ModifyGate } from './modify-gate.js'
import { GuestProcesses } from './processes.js'
import { SideListeners } from './side-listeners.js'

/** Accept and handshake together, milliseconds, from when the boot slot was granted. As the reference host. */
const CONNECT_TIMEOUT_MS = 120_000

/** A guest that is connected and has shaken hands. */
interface Connected {
  readonly connection: GuestConnection
  readonly guest: NegotiatedGuest
}

/** One attempt to connect, shared by everyone who asks meanwhile. */
interface Attempt {
  readonly result: Promise<NegotiatedGuest>
  readonly abort: AbortController
  callers: number
}

class GuestActor {
  readonly ended: Promise<void>
  readonly #init: GuestInit
  readonly #env: ActorEnvironment
  readonly #port: ActorPort<GuestNotices>
  readonly #side: SideListeners
  readonly #processes: GuestProcesses
  readonly #modifyGate: ModifyGate
  #serviceId: string
  #listener: HvSocketListener | undefined
  /** The stream that is being shaken hands on, or serves. */
  #connection: GuestConnection | undefined
  #connected: Connected | undefined
  #attempt: Attempt | undefined
  /** Why the last connection ended; undefined before the first. */
  #lastEnd: BridgeClosedError | undefined
  /** Set when the VM has exited or the actor stops: nothing is listened for any more. */
  #gone: Error | undefined

  constructor(port: MessagePort, init: GuestInit, env: ActorEnvironment) {
    this.#init = init
    this.#env = env
    this.#serviceId = init.serviceId
    const { transport, clock, gauges } = env
    this.#processes = new GuestProcesses({ init, transport, clock, gauges })
    this.#modifyGate = new ModifyGate(init.modifyConcurrency)
    this.#side = new SideListeners({
      init,
      transport,
      gauges,
      onLog: (entry) => this.#port.notify('log', entry),
      onWarning: (error) => this.#port.notify('warning', toWireError(error)),
    })
    this.#port = exposeActor<GuestRequests, GuestNotices>(
      port,
      {
        arm: () => this.#arm(),
        prepare: ({ serviceId }) => this.#prepare(serviceId),
        connect: (input, call) => this.#connect(input, call),
        disconnect: () => this.#disconnect(),
        negotiated: () => this.#connected?.guest,
        modify: (input, call) => this.#modify(input, call),
        execute: (input, call) => this.#processes.execute(this.#require(input.op).connection, input, call),
        waitProcess: ({ key }) => this.#processes.wait(key),
        signalProcess: ({ key, signal }, call) => {
          const { guest } = this.#require(signal === undefined ? 'process.kill' : 'process.signal')
          return this.#processes.signal(key, signal, guest.guestDefined['SignalProcessSupported'] === true, call)
        },
        resizeConsole: async ({ key, width, height }, call) => {
          this.#require('process.resizeConsole')
          await this.#processes.resize(key, width, height, call)
          return undefined
        },
        closeProcess: ({ key }) => {
          this.#processes.close(key)
          return undefined
        },
        dumpStacks: (_input, call) => this.#dumpStacks(call),
        vmExited: ({ cause }) => this.#end(fromWireError(cause)),
      },
      { onStop: () => this.stop() },
    )
    this.ended = this.#port.closed
  }

  async stop(): Promise<void> {
    await this.#end(undefined)
  }

  #context(op: string): { op: string; id: string } {
    return { op, id: this.#init.vmId }
  }

  // ------------------------------------------------------------------------------------------------------------ listening

  async #arm(): Promise<undefined> {
    await this.#side.open()
    await this.#listen()
    return undefined
  }

  /** Opens the bridge's listener unless it is open. */
  async #listen(): Promise<HvSocketListener> {
    this.#assertNotGone('guest.prepareConnection')
    if (this.#listener !== undefined) return this.#listener
    const { runtimeId } = this.#init
    const listener = await this.#env.transport.listen({ runtimeId, serviceId: this.#serviceId })
    if (this.#gone !== undefined || this.#listener !== undefined) {
      await listener.close()
      this.#assertNotGone('guest.prepareConnection')
      return this.#listener!
    }
    this.#listener = listener
    this.#env.gauges.sockets++
    return listener
  }

  async #unlisten(): Promise<void> {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    this.#env.gauges.sockets--
    await listener.close()
  }

  async #prepare(serviceId: string | undefined): Promise<undefined> {
    const wanted = serviceId ?? this.#serviceId
    if (wanted !== this.#serviceId) {
      const reason = `the connection is prepared for the service ${this.#serviceId}`
      throw new InvalidStateError({ ...this.#context('guest.prepareConnection'), state: 'prepared', reason })
    }
    if (this.#connected === undefined) await this.#listen()
    return undefined
  }

  #assertNotGone(op: string): void {
    if (this.#gone !== undefined) throw this.#unavailable(op)
  }

  #unavailable(op: string): GuestConnectionUnavailableError {
    const context = this.#context(op)
    if (this.#lastEnd !== undefined) return new GuestConnectionUnavailableError({ ...context, cause: this.#lastEnd })
    const gone = this.#gone
    return gone === undefined
      ? new GuestConnectionUnavailableError({ ...context, reason: 'the guest has not connected yet' })
      : new GuestConnectionUnavailableError({ ...context, cause: new BridgeClosedError({ ...context, cause: gone }) })
  }

  /** @throws {GuestConnectionUnavailableError} */
  #require(op: string): Connected {
    if (this.#connected === undefined) throw this.#unavailable(op)
    return this.#connected
  }

  // ----------------------------------------------------------------------------------------------------------- connecting

  async #connect(input: GuestRequests['connect']['input'], call: ActorCall): Promise<NegotiatedGuest> {
    this.#assertNotGone('guest.createConnection')
    // One that is being given up is no attempt to join.
    while (this.#attempt?.abort.signal.aborted === true) await this.#attempt.result.catch(() => undefined)
    this.#assertNotGone('guest.createConnection')
    if (this.#connected !== undefined) return this.#connected.guest
    const attempt = this.#attempt ?? this.#startAttempt(input, call.timed)
    attempt.callers++
    const leave = call.onCancel(() => {
      attempt.callers--
      // The attempt goes on for whoever else waits; for nobody it does not.
      if (attempt.callers === 0) attempt.abort.abort(new Error('nobody waits for the connection any more'))
    })
    try {
      return await attempt.result
    } finally {
      leave()
    }
  }

  #startAttempt(input: GuestRequests['connect']['input'], isTimed: boolean): Attempt {
    const abort = new AbortController()
    const result = this.#attemptConnect(input, isTimed, abort).finally(() => (this.#attempt = undefined))
    const attempt: Attempt = { result, abort, callers: 0 }
    this.#attempt = attempt
    return attempt
  }

  async #attemptConnect(
    input: GuestRequests['connect']['input'],
    isTimed: boolean,
    abort: AbortController,
  ): Promise<NegotiatedGuest> {
    const op = 'guest.createConnection'
    const slot = this.#env.boots.acquire(this.#init.vmId)
    abort.signal.addEventListener('abort', () => slot.cancel(), { once: true })
    const release = await slot.granted
    const deadline = this.#env.clock.after(isTimed ? Infinity : CONNECT_TIMEOUT_MS, () =>
      abort.abort(
        new OperationTimeoutError({
          ...this.#context(op),
          timeoutMs: CONNECT_TIMEOUT_MS,
          reason: 'waiting for the guest',
        }),
      ),
    )
    try {
      abort.signal.throwIfAborted()
      const stream = await (await this.#listen()).accept(abort.signal)
      await this.#unlisten()
      return await this.#serve(stream, input, abort.signal)
    } catch (error) {
      throw this.#connectFailure(op, error, abort.signal)
    } finally {
      deadline.clear()
      release?.()
    }
  }

  /** The deadline first, then the VM's exit, then whatever failed. */
  #connectFailure(op: string, error: unknown, signal: AbortSignal): Error {
    const reason: unknown = signal.aborted ? signal.reason : undefined
    if (reason instanceof UVMError) return reason
    if (this.#gone !== undefined) return this.#unavailable(op)
    if (error instanceof UVMError) return error
    const why = error instanceof Error ? error.message : String(error)
    return new GuestConnectionUnavailableError({ ...this.#context(op), reason: why, cause: error })
  }

  async #serve(
    stream: Duplex,
    input: GuestRequests['connect']['input'],
    signal: AbortSignal,
  ): Promise<NegotiatedGuest> {
    const { gauges } = this.#env
    gauges.sockets++
    stream.once('close', () => gauges.sockets--)
    const { requestTimeoutMs, onRequestTimeout, guestOS, runtimeId, vmId } = this.#init
    const connection: GuestConnection = new GuestConnection(stream, {
      requestTimeoutMs,
      onRequestTimeout,
      vmId,
      clock: this.#env.clock,
      onClose: (cause) => this.#closed(connection, cause),
    })
    this.#connection = connection
    const op = 'guest.createConnection'
    const giveUp = (): void => connection.close(signal.reason instanceof UVMError ? signal.reason : undefined)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    try {
      const guest = await shakeHands((rpc, body) => connection.request(rpc, body, { op }), {
        guestOS,
        runtimeId,
        coldStart: input.coldStart,
        timeZone: input.timeZone,
      })
      if (connection.closed) throw new BridgeClosedError(this.#context(op))
      this.#connected = { connection, guest }
      return guest
    } catch (error) {
      connection.close(error instanceof UVMError ? error : undefined)
      throw error instanceof UVMError ? withContext(error, this.#context(op)) : error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** A connection is over, whichever side ended it. */
  #closed(connection: GuestConnection, cause: UVMError | undefined): void {
    if (this.#connection !== connection) return
    const served = this.#connected?.connection === connection
    this.#connection = undefined
    this.#connected = undefined
    this.#processes.closeStreams()
    if (!served) return
    const context = this.#context('guest.connection')
    this.#lastEnd =
      cause instanceof BridgeClosedError
        ? withContext(cause, context)
        : new BridgeClosedError(
            cause === undefined ? { ...context, reason: 'it was closed on purpose' } : { ...context, cause },
          )
    if (cause === undefined) this.#port.notify('disconnected')
    else this.#port.notify('disconnected', toWireError(this.#lastEnd))
  }

  async #disconnect(): Promise<undefined> {
    const attempt = this.#attempt
    attempt?.abort.abort(
      new InvalidStateError({
        ...this.#context('guest.createConnection'),
        state: 'closed',
        reason: 'the connection was closed',
      }),
    )
    this.#connection?.close()
    await attempt?.result.catch(() => undefined)
    await this.#unlisten()
    return undefined
  }

  /** Ends everything for good: with the VM, or because the actor stops. */
  async #end(cause: Error | undefined): Promise<undefined> {
    this.#gone ??= cause ?? new Error('the guest was closed')
    const attempt = this.#attempt
    attempt?.abort.abort(this.#gone)
    if (cause === undefined) this.#connection?.close()
    else this.#connection?.close(cause instanceof UVMError ? cause : new BridgeClosedError({ cause }))
    await attempt?.result.catch(() => undefined)
    await this.#unlisten()
    await this.#side.close()
    this.#processes.closeStreams()
    return undefined
  }

  // ---------------------------------------------------------------------------------------------------------------- calls

  async #modify({ request, op, needs }: GuestRequests['modify']['input'], call: ActorCall): Promise<undefined> {
    this.#requireCapability(op, needs)
    const gauges = this.#env.gauges
    gauges.queued++
    const entered = await this.#modifyGate.enter((cancel) => call.onCancel(cancel)).finally(() => gauges.queued--)
    // Its caller is gone and nothing was sent: the answer goes nowhere.
    if (!entered) return undefined
    // A caller that gives up does not free the place: the guest goes on with the request.
    const { connection } = this.#connected ?? {}
    if (connection === undefined) {
      this.#modifyGate.leave()
      throw this.#unavailable(op)
    }
    try {
      await connection.request('ModifySettings', requestBody(NULL_CONTAINER_ID, { Request: request }), { op })
    } finally {
      this.#modifyGate.leave()
    }
    return undefined
  }

  #requireCapability(op: string, needs: string | undefined): Connected {
    const connected = this.#require(op)
    if (needs !== undefined && connected.guest.guestDefined[needs] !== true) {
      throw new UnsupportedGuestError({ ...this.#context(op), reason: `the guest does not announce ${needs}` })
    }
    return connected
  }

  async #dumpStacks(call: ActorCall): Promise<string> {
    const op = 'guest.dumpStacks'
    const { connection } = this.#requireCapability(op, 'DumpStacksSupported')
    return decodeGuestStacks(await connection.request('DumpStacks', requestBody(NULL_CONTAINER_ID), { op, call }))
  }
}

/** Starts a GCS actor on a port. Its first request must be `arm`. */
export function startGuestActor(port: MessagePort, init: GuestInit, env: ActorEnvironment): Actor {
  return new GuestActor(port, init, env)
}
