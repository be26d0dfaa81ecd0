// How a guest's connection comes about and ends: listen, accept once, shake hands, serve; lost and resumed while the VM migrates; over by
// the guest's fault, on purpose, or with the VM. A later connect listens again. Nothing waits for ever: an accept ends with its deadline,
// its last caller, or the VM.

import type { Duplex } from 'node:stream'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidStateError,
  UVMError,
  withContext,
} from '../../../errors.js'
import type { Timer } from '../../../native/clock.js'
import type { HvSocketListener } from '../../../native/hvsocket.js'
import type { ContainerNotice } from '../../../protocol/bridge/messages.js'
import type { ActorEnvironment } from '../../environment.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { TraceContext } from '../../mailbox/trace-context.js'
import { Attempts } from './attempts.js'
import { GuestConnection } from './connection.js'
import type { GuestInit, GuestRequests, NegotiatedGuest } from '../contract.js'
import { shakeHands } from './handshake.js'
import type { FlightRecorder } from './recorder.js'
import { Recordings } from './recordings.js'
import type { Leftovers } from './restore.js'

/** How long a restored connection holds what nobody has claimed, milliseconds. Ours: as long as the connect itself may take. */
const RESTORE_MS = 120_000

const CONNECT = 'guest.createConnection'
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
  /** The transport was lost while the VM migrates: streams of processes are gone. */
  onPark: () => void
  /** A connection that served is over; no cause when it was closed on purpose. */
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
  #listener: HvSocketListener | undefined
  /** The stream that is being shaken hands on, or serves. */
  #connection: GuestConnection | undefined
  #connected: Connected | undefined
  readonly #attempts: Attempts
  /** What the connections before may still be told of. */
  #leftovers: Leftovers | undefined
  #restore: Timer | undefined
  #migrating = false
  /** Why the last connection ended; undefined before the first. */
  #lastEnd: BridgeClosedError | undefined
  /** Set when the VM has exited or the actor stops: nothing is listened for any more. */
  #gone: Error | undefined

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#init = options.init
    this.#env = options.env
    const { init, env, onRecording: onSaved, onWarning } = options
    this.#attempts = new Attempts(init.vmId, env, (op, error, signal) => this.#failure(op, error, signal))
    this.#recordings = new Recordings({ init, clock: env.clock, files: env.files, onSaved, onWarning })
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
    if (connected === undefined) throw this.unavailable(op)
    const { transport } = connected.connection
    if (transport.kind === 'up') return connected
    const reason = 'its transport was lost in the migration, and it has not been resumed'
    throw new GuestConnectionUnavailableError({ ...this.#context(op), reason })
  }

  /** The connection, be it parked; for what needs no guest. @throws {GuestConnectionUnavailableError} */
  requireConnection(op: string): GuestConnection {
    if (this.#connected === undefined) throw this.unavailable(op)
    return this.#connected.connection
  }

  unavailable(op: string): GuestConnectionUnavailableError {
    const context = this.#context(op)
    if (this.#lastEnd !== undefined) return new GuestConnectionUnavailableError({ ...context, cause: this.#lastEnd })
    const gone = this.#gone
    return gone === undefined
      ? new GuestConnectionUnavailableError({ ...context, reason: 'the guest has not connected yet' })
      : new GuestConnectionUnavailableError({ ...context, cause: new BridgeClosedError({ ...context, cause: gone }) })
  }

  #assertNotGone(op: string): void {
    if (this.#gone !== undefined) throw this.unavailable(op)
  }

  // ------------------------------------------------------------------------------------------------------------ listening

  /** Opens the bridge's listener unless it is open. */
  async listen(): Promise<HvSocketListener> {
    this.#assertNotGone('guest.prepareConnection')
    if (this.#listener !== undefined) return this.#listener
    const { runtimeId, serviceId } = this.#init
    const listener = await this.#env.transport.listen({ runtimeId, serviceId })
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- another call may have listened meanwhile
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
    this.#assertNotGone(CONNECT)
    await this.#attempts.settleAborted()
    this.#assertNotGone(CONNECT)
    if (this.#connected !== undefined) {
      if (this.#connected.connection.transport.kind === 'up') return this.#connected.guest
      const reason = 'the VM migrates and its connection was lost: resume it'
      throw new InvalidStateError({ ...this.#context(CONNECT), state: 'migrating', reason })
    }
    return this.#attempts.join(CONNECT, call, (signal) => this.#serve(input, signal, call.trace))
  }

  /** Goes on with a new transport after the old one was lost; resolves at once when it was not. */
  async resume(call: ActorCall): Promise<undefined> {
    this.#assertNotGone(RESUME)
    await this.#attempts.settleAborted()
    const connection = this.requireConnection(RESUME)
    if (!connection.migrating) {
      // Whoever dialled for it is turned away.
      await this.#unlisten()
      const reason = 'only a connection that migrates can be resumed'
      throw new InvalidStateError({ ...this.#context(RESUME), state: 'connected', reason })
    }
    if (connection.transport.kind === 'up') {
      await this.#unlisten()
      return undefined
    }
    await this.#attempts.join(RESUME, call, (signal) => this.#takeOver(connection, signal))
    return undefined
  }

  /** The deadline first, then the VM's exit, then whatever failed. */
  #failure(op: string, error: unknown, signal: AbortSignal): Error {
    const reason: unknown = signal.aborted ? signal.reason : undefined
    if (reason instanceof UVMError) return reason
    if (this.#gone !== undefined) return this.unavailable(op)
    if (error instanceof UVMError) return withContext(error, this.#context(op))
    const why = error instanceof Error ? error.message : String(error)
    return new GuestConnectionUnavailableError({ ...this.#context(op), reason: why, cause: error })
  }

  async #accept(signal: AbortSignal): Promise<Duplex> {
    const stream = await (await this.listen()).accept(signal)
    await this.#unlisten()
    const { gauges } = this.#env
    gauges.sockets++
    stream.once('close', () => gauges.sockets--)
    return stream
  }

  async #serve(input: ConnectInput, signal: AbortSignal, trace: TraceContext | undefined): Promise<NegotiatedGuest> {
    const stream = await this.#accept(signal)
    const { requestTimeoutMs, onRequestTimeout, vmId } = this.#init
    // A reconnect that its caller wants without a predecessor here takes over from another process.
    this.#recorder = this.#recordings.begin()
    const restoring = !input.coldStart && this.#leftovers === undefined
    const connection: GuestConnection = new GuestConnection(stream, {
      requestTimeoutMs,
      onRequestTimeout,
      vmId,
      leftovers: this.#leftovers,
      restoring,
      clock: this.#env.clock,
      recorder: this.#recorder,
      onNotice: (notice) => this.#options.onNotice(notice),
      onPark: () => this.#options.onPark(),
      onClose: (cause) => this.#closed(connection, cause),
    })
    connection.setMigrating(this.#migrating)
    this.#connection = connection
    try {
      const guest = await this.#handshake(connection, input, signal, trace)
      // Ids of the predecessor are not used again: its answers may still come.
      if (this.#leftovers !== undefined) connection.seed(this.#leftovers.nextId)
      if (restoring) this.#restore = this.#env.clock.after(RESTORE_MS, () => this.#endRestore(connection))
      this.#connected = { connection, guest }
      return guest
    } catch (error) {
      connection.close(error instanceof UVMError ? error : undefined)
      throw error
    }
  }

  async #takeOver(connection: GuestConnection, signal: AbortSignal): Promise<NegotiatedGuest> {
    const stream = await this.#accept(signal)
    try {
      connection.resume(stream)
    } catch (error) {
      stream.destroy()
      throw error
    }
    const guest = await this.#handshake(connection, { coldStart: false, timeZone: '' }, signal).catch(
      (error: unknown) => {
        // A guest that answers wrongly is no guest to go on with; one that was lost again may come back.
        if (connection.transport.kind === 'resuming') connection.close(error instanceof UVMError ? error : undefined)
        throw error
      },
    )
    connection.resumed()
    this.#connected = { connection, guest }
    return guest
  }

  async #handshake(
    connection: GuestConnection,
    input: ConnectInput,
    signal: AbortSignal,
    trace?: TraceContext,
  ): Promise<NegotiatedGuest> {
    const giveUp = (): void => {
      const reason = signal.reason instanceof UVMError ? signal.reason : undefined
      // A resume that is given up can be tried again.
      if (connection.transport.kind === 'resuming')
        connection.drop(reason ?? new BridgeClosedError({ reason: 'given up' }))
      else connection.close(reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    try {
      const { guestOS, runtimeId } = this.#init
      const options = { guestOS, runtimeId, coldStart: input.coldStart, timeZone: input.timeZone }
      const guest = await shakeHands(
        (rpc, body) => connection.request(rpc, body, { op: CONNECT, handshake: true, trace }),
        options,
      )
      if (connection.closed) throw new BridgeClosedError(this.#context(CONNECT))
      return guest
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
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
    this.#connection?.setMigrating(on)
  }

  /** A connection is over, whichever side ended it. */
  #closed(connection: GuestConnection, cause: UVMError | undefined): void {
    if (this.#connection !== connection) return
    const served = this.#connected?.connection === connection
    this.#connection = undefined
    this.#connected = undefined
    this.#restore?.clear()
    this.#restore = undefined
    this.#leftovers = connection.takeLeftovers()
    // The end of a VM takes its connection along: nothing broke.
    if (cause !== undefined && this.#gone === undefined && this.#recorder !== undefined) {
      this.#recordings.broke(this.#recorder, cause)
    }
    this.#options.onClose(cause)
    if (!served) return
    const context = this.#context('guest.connection')
    this.#lastEnd =
      cause instanceof BridgeClosedError
        ? withContext(cause, context)
        : new BridgeClosedError(
            cause === undefined ? { ...context, reason: 'it was closed on purpose' } : { ...context, cause },
          )
    this.#options.onEnd(this.#lastEnd, cause)
  }

  async disconnect(): Promise<undefined> {
    const reason = 'the connection was closed'
    const settled = this.#attempts.end((op) => new InvalidStateError({ ...this.#context(op), state: 'closed', reason }))
    this.#connection?.close()
    await settled
    await this.#unlisten()
    return undefined
  }

  /** Ends everything for good: with the VM, or because the actor stops. */
  async end(cause: Error | undefined): Promise<void> {
    this.#gone ??= cause ?? new Error('the guest was closed')
    const gone = this.#gone
    const settled = this.#attempts.end(() => gone)
    if (cause === undefined) this.#connection?.close()
    else this.#connection?.close(cause instanceof UVMError ? cause : new BridgeClosedError({ cause }))
    await settled
    await this.#unlisten()
    if (cause !== undefined) this.#recordings.vmExited()
    await this.#recordings.settled()
  }

  /** @throws {InvalidStateError} nothing was recorded */
  async saveRecording(path: string): Promise<undefined> {
    await this.#recordings.save(path)
    return undefined
  }
}
