// How a guest's connection comes about and ends: listen, accept, shake hands, serve; lost and followed (reconnector.ts), or resumed while
// the VM migrates; over by the guest's fault, on purpose, or with the VM. A later connect listens again. Nothing waits for ever: an accept
// ends with its deadline, its last caller, or the VM.

import type { Duplex } from 'node:stream'
import { BridgeClosedError, GuestConnectionUnavailableError, InvalidStateError, UVMError } from '../../../errors.js'
import type { Timer } from '../../../native/clock.js'
import type { ContainerNotice } from '../../../protocol/bridge/messages.js'
import type { ActorEnvironment } from '../../environment.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { TraceContext } from '../../mailbox/trace-context.js'
import { Attempts } from './attempts.js'
import { BridgeListener } from './bridge-listener.js'
import { GuestConnection } from './connection.js'
import type { GuestInit, GuestRequests, NegotiatedGuest } from '../contract.js'
import { Endings } from './endings.js'
import { CONNECT, handshakeOn, shakeAgain } from './greeting.js'
import type { FlightRecorder } from './recorder.js'
import { Reconnector, type Return } from './reconnector.js'
import { Recordings } from './recordings.js'
import type { Leftovers } from './restore.js'

/** How long a restored connection holds what nobody has claimed, milliseconds. Ours: as long as the connect itself may take. */
const RESTORE_MS = 120_000

const RESUME = 'guest.resumeConnection'

type ConnectInput = GuestRequests['connect']['input']

/** A guest that is connected and has shaken hands. */
export interface Connected {
  readonly connection: GuestConnection
  readonly guest: NegotiatedGuest
}

export interface ConnectorOptions {
  init: GuestInit
  env: ActorEnvironment
  onNotice: (notice: ContainerNotice) => void
  onWarning: (error: Error) => void
  /** The recording of a connection that broke was written to a file. */
  onRecording: (path: string) => void
  /** The transport was lost, and the connection waits for another: streams of processes are gone. */
  onPark: () => void
  /** The guest is back on a new transport. */
  onRestored: (connection: GuestConnection) => void
  /** A connection that served is over, or lost and followed; no cause when it was closed on purpose. */
  onEnd: (error: BridgeClosedError, cause: UVMError | undefined) => void
  /** A connection is over, whether or not it has served. */
  onClose: (cause: UVMError | undefined) => void
}

export class GuestConnector {
  readonly #options: ConnectorOptions
  readonly #init: GuestInit
  readonly #env: ActorEnvironment
  readonly #recordings: Recordings
  #recorder: FlightRecorder | undefined
  readonly #listener: BridgeListener
  /** Absent: a lost transport is the end. */
  readonly #reconnector: Reconnector | undefined
  /** The stream that is being shaken hands on, or serves. */
  #connection: GuestConnection | undefined
  #connected: Connected | undefined
  readonly #attempts: Attempts
  /** What the connections before may still be told of. */
  #leftovers: Leftovers | undefined
  #restore: Timer | undefined
  #migrating = false
  /** The transport of the connection is lost, and that was told. */
  #isBreakTold = false
  readonly #endings: Endings

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#init = options.init
    this.#env = options.env
    const { init, env, onRecording: onSaved, onWarning } = options
    this.#endings = new Endings(init.vmId)
    const { runtimeId, serviceId } = init
    const assertWanted = (): void => this.#endings.assertNotGone('guest.prepareConnection')
    this.#listener = new BridgeListener({ runtimeId, serviceId, env, assertWanted })
    this.#reconnector = init.reconnect && this.#newReconnector(init.reconnect)
    this.#attempts = new Attempts(init.vmId, env.clock, (op, error, signal) => this.#endings.failure(op, error, signal))
    this.#recordings = new Recordings({ init, clock: env.clock, files: env.files, onSaved, onWarning })
  }

  #newReconnector(bounds: NonNullable<GuestInit['reconnect']>): Reconnector {
    return new Reconnector({
      bounds,
      clock: this.#env.clock,
      accept: (signal) => this.#listener.accept(signal),
      shake: (stream, signal) => this.#shakeLost(stream, signal),
      onStop: () => void this.#listener.close(),
      onRestored: () => this.#restored(),
      onGivenUp: (reason, cause) => this.#givenUp(reason, cause),
    })
  }

  async #shakeLost(stream: Duplex, signal: AbortSignal): Promise<NegotiatedGuest> {
    if (this.#connection !== undefined) return this.#shakeAgain(this.#connection, stream, signal)
    stream.destroy()
    throw this.#endings.unavailable(CONNECT)
  }

  #context(op: string): { op: string; id: string } {
    return { op, id: this.#init.vmId }
  }

  /** Undefined while there is none that can be spoken to. */
  get negotiated(): NegotiatedGuest | undefined {
    const connected = this.#connected
    return connected?.connection.transport.kind === 'up' ? connected.guest : undefined
  }

  /** The connection that serves, be it parked. */
  get current(): Connected | undefined {
    return this.#connected
  }

  /** @throws {GuestConnectionUnavailableError} none that can be spoken to */
  require(op: string): Connected {
    const connected = this.#connected
    if (connected === undefined) throw this.#endings.unavailable(op)
    const { transport } = connected.connection
    if (transport.kind === 'up') return connected
    if (!connected.connection.migrating) throw this.#endings.unavailable(op)
    const reason = 'its transport was lost in the migration, and it has not been resumed'
    throw new GuestConnectionUnavailableError({ ...this.#context(op), reason })
  }

  /** The connection, be it parked; for what needs no guest. @throws {GuestConnectionUnavailableError} */
  requireConnection(op: string): GuestConnection {
    if (this.#connected === undefined) throw this.#endings.unavailable(op)
    return this.#connected.connection
  }

  // ------------------------------------------------------------------------------------------------------------ listening

  /** Opens the bridge's listener unless it is open. */
  async listen(): Promise<void> {
    await this.#listener.open()
  }

  /** Listens unless connected; while the VM migrates in any case, for the guest will dial again. */
  async prepare(serviceId: string | undefined): Promise<undefined> {
    const prepared = this.#init.serviceId
    if (serviceId !== undefined && serviceId !== prepared) {
      const reason = `the connection is prepared for the service ${prepared}`
      throw new InvalidStateError({ ...this.#context('guest.prepareConnection'), state: 'prepared', reason })
    }
    if (this.#connected === undefined || this.#migrating) await this.listen()
    return undefined
  }

  // ----------------------------------------------------------------------------------------------------------- connecting

  async connect(input: ConnectInput, call: ActorCall): Promise<NegotiatedGuest> {
    this.#endings.assertNotGone(CONNECT)
    await this.#attempts.settleAborted()
    this.#endings.assertNotGone(CONNECT)
    if (this.#connected !== undefined) {
      if (this.#connected.connection.transport.kind === 'up') return this.#connected.guest
      const following = this.#reconnector?.following
      if (following !== undefined) return this.#comesBack(following, input, call)
      const reason = 'the VM migrates and its connection was lost: resume it'
      throw new InvalidStateError({ ...this.#context(CONNECT), state: 'migrating', reason })
    }
    return this.#attempts.join(CONNECT, call, (signal) => this.#serve(input, signal, call.trace))
  }

  /** Joins the following of a break; when the guest is given up, the caller's own time still counts. */
  async #comesBack(following: Promise<Return>, input: ConnectInput, call: ActorCall): Promise<NegotiatedGuest> {
    const outcome = await this.#attempts.attend(CONNECT, call, following, () => undefined)
    if (outcome.kind === 'back') return outcome.guest
    if (outcome.kind === 'given-up') return this.connect(input, call)
    this.#endings.assertNotGone(CONNECT)
    const state = this.#migrating ? 'migrating' : 'closed'
    const reason = this.#migrating
      ? 'the VM migrates and its connection was lost: resume it'
      : 'the connection was closed'
    throw new InvalidStateError({ ...this.#context(CONNECT), state, reason, cause: this.#endings.last })
  }

  /** Goes on with a new transport after the old one was lost; resolves at once when it was not. */
  async resume(call: ActorCall): Promise<undefined> {
    this.#endings.assertNotGone(RESUME)
    await this.#attempts.settleAborted()
    const connection = this.requireConnection(RESUME)
    if (!connection.migrating) {
      // Whoever dialled for it is turned away.
      await this.#listener.close()
      const reason = 'only a connection that migrates can be resumed'
      throw new InvalidStateError({ ...this.#context(RESUME), state: 'connected', reason })
    }
    if (connection.transport.kind === 'up') {
      await this.#listener.close()
      return undefined
    }
    await this.#attempts.join(RESUME, call, (signal) => this.#takeOver(connection, signal))
    return undefined
  }

  /** The first who dials and is a guest: one that hung up before it said a word was none. */
  async #serve(input: ConnectInput, signal: AbortSignal, trace: TraceContext | undefined): Promise<NegotiatedGuest> {
    try {
      for (;;) {
        const stream = await this.#listener.accept(signal)
        const connection = this.#begin(stream, input)
        try {
          return await this.#connect(connection, input, signal, trace)
        } catch (error) {
          const hungUp = connection.closed && connection.isSilent
          connection.close(error instanceof UVMError ? error : undefined)
          if (!hungUp || signal.aborted || this.#endings.gone !== undefined) throw error
        }
      }
    } finally {
      await this.#listener.close()
    }
  }

  #begin(stream: Duplex, input: ConnectInput): GuestConnection {
    const { requestTimeoutMs, onRequestTimeout, vmId } = this.#init
    this.#recorder = this.#recordings.begin()
    const connection: GuestConnection = new GuestConnection(stream, {
      requestTimeoutMs,
      onRequestTimeout,
      vmId,
      leftovers: this.#leftovers,
      // A reconnect that its caller wants without a predecessor here takes over from another process.
      restoring: this.#isRestoring(input),
      takesOver: this.#init.takesOver,
      clock: this.#env.clock,
      recorder: this.#recorder,
      onNotice: (notice) => this.#options.onNotice(notice),
      onPark: (cause) => this.#parked(connection, cause),
      onClose: (cause) => this.#closed(connection, cause),
    })
    connection.setMigrating(this.#migrating)
    this.#connection = connection
    return connection
  }

  #isRestoring(input: ConnectInput): boolean {
    return !input.coldStart && this.#leftovers === undefined
  }

  async #connect(
    connection: GuestConnection,
    input: ConnectInput,
    signal: AbortSignal,
    trace: TraceContext | undefined,
  ): Promise<NegotiatedGuest> {
    const guest = await handshakeOn(connection, this.#init, input, signal, trace)
    if (input.firstId !== undefined) connection.seed(input.firstId)
    // Ids of the predecessor are not used again: its answers may still come.
    connection.seed(this.#init.takesOver ?? 0n)
    if (this.#leftovers !== undefined) connection.seed(this.#leftovers.nextId)
    if (this.#isRestoring(input)) {
      this.#restore = this.#env.clock.after(RESTORE_MS, () => this.#endRestore(connection))
    }
    this.#connected = { connection, guest }
    if (this.#reconnector !== undefined) connection.follow()
    this.#reconnector?.served()
    return guest
  }

  /** A new transport for a connection that migrates. */
  async #takeOver(connection: GuestConnection, signal: AbortSignal): Promise<NegotiatedGuest> {
    try {
      const guest = await this.#shakeAgain(connection, await this.#listener.accept(signal), signal)
      this.#reconnector?.served()
      this.#isBreakTold = false
      return guest
    } finally {
      await this.#listener.close()
    }
  }

  async #shakeAgain(connection: GuestConnection, stream: Duplex, signal: AbortSignal): Promise<NegotiatedGuest> {
    const guest = await shakeAgain(connection, this.#init, stream, signal)
    this.#connected = { connection, guest }
    return guest
  }

  /** What nobody has claimed by now belongs to nobody: it is said, and from here on the unknown is a violation. */
  #endRestore(connection: GuestConnection): void {
    this.#restore = undefined
    const { ids, containers } = connection.endRestore()
    if (ids.length + containers.length === 0) return
    const what = [
      ...ids.map((id) => `the request ${id}`),
      ...containers.map((id) => `the container ${JSON.stringify(id)}`),
    ]
    const reason = `the guest told of ${what.slice(0, 10).join(', ')}, which nobody has taken over`
    this.#options.onWarning(new InvalidStateError({ ...this.#context('guest.restore'), state: 'restored', reason }))
  }

  // -------------------------------------------------------------------------------------------------- migration, the end

  setMigrating(on: boolean): void {
    this.#migrating = on
    // From here on it is resumed by a call, and what is outstanding stays.
    if (on) this.#reconnector?.ended()
    this.#connection?.setMigrating(on)
  }

  /** The transport is gone, and the connection waits for another. */
  #parked(connection: GuestConnection, cause: UVMError): void {
    this.#options.onPark()
    if (connection.migrating || this.#connection !== connection) return
    this.#reconnector?.lost(() => {
      this.#isBreakTold = true
      if (this.#recorder !== undefined) this.#recordings.broke(this.#recorder, cause)
      this.#options.onEnd(this.#endings.endedBy(cause), cause)
    })
  }

  #restored(): void {
    const connected = this.#connected
    if (connected === undefined) return
    this.#isBreakTold = false
    this.#options.onRestored(connected.connection)
  }

  #givenUp(reason: string, cause: unknown): void {
    const error = new BridgeClosedError({
      ...this.#context('guest.reconnect'),
      reason,
      cause: cause ?? this.#endings.last,
    })
    this.#options.onWarning(error)
    this.#connection?.close(error)
  }

  /** A connection is over, whichever side ended it. */
  #closed(connection: GuestConnection, cause: UVMError | undefined): void {
    if (this.#connection !== connection) return
    const served = this.#connected?.connection === connection
    this.#connection = undefined
    this.#connected = undefined
    this.#restore?.clear()
    this.#restore = undefined
    // Nobody was there: nothing is owed, and there is nothing to look at.
    if (!served && connection.isSilent) return
    this.#leftovers = connection.takeLeftovers()
    // The break was told when it happened.
    const wasTold = this.#isBreakTold
    this.#isBreakTold = false
    this.#reconnector?.ended()
    // The end of a VM takes its connection along: nothing broke.
    if (cause !== undefined && this.#endings.gone === undefined && this.#recorder !== undefined && !wasTold) {
      this.#recordings.broke(this.#recorder, cause)
    }
    this.#options.onClose(cause)
    if (!served) return
    const error = this.#endings.endedBy(cause)
    if (!wasTold) this.#options.onEnd(error, cause)
  }

  async disconnect(): Promise<undefined> {
    const reason = 'the connection was closed'
    const settled = this.#attempts.end((op) => new InvalidStateError({ ...this.#context(op), state: 'closed', reason }))
    this.#connection?.close()
    await settled
    await this.#listener.close()
    return undefined
  }

  /** Ends everything for good: with the VM, or because the actor stops. */
  async end(cause: Error | undefined): Promise<void> {
    this.#endings.gone ??= cause ?? new Error('the guest was closed')
    const gone = this.#endings.gone
    const settled = this.#attempts.end(() => gone)
    if (cause === undefined) this.#connection?.close()
    else this.#connection?.close(cause instanceof UVMError ? cause : new BridgeClosedError({ cause }))
    await settled
    await this.#listener.close()
    if (cause !== undefined) this.#recordings.vmExited()
    await this.#recordings.settled()
  }

  /** @throws {InvalidStateError} nothing was recorded */
  async saveRecording(path: string): Promise<undefined> {
    await this.#recordings.save(path)
    return undefined
  }
}
