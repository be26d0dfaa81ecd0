// The heart of a guest connection. Pure: calls and bytes in, effects out, the clock passed in; nothing here touches a socket or a timer.
//
// The host asks, the guest answers; ids start at 0 and grow by one with each request. Answers are matched by id alone. A guest may send
// exactly this: one response to each outstanding id, and one notification for each registered container. Anything else ends the
// connection: the call it answered badly fails with a ProtocolError, everything else in flight with a BridgeClosedError. A failing Result
// ends only its own call. A call whose caller gave up, or whose time ran out, stays outstanding so that its late answer is consumed.
//
// A lost transport may be followed: then what was asked fails, and the waits stay for the next transport; late answers are made good.
// While the VM migrates a lost transport does not end the connection: it is down, what is outstanding stays so, and a new transport takes
// over, on which the handshake comes first. What may arrive of an earlier connection is told in restore.ts.

import { BridgeClosedError, InvalidStateError, ProtocolError, UVMError } from '../../../errors.js'
import { FrameBatch } from '../../../protocol/bridge/encode.js'
import { FrameReader, type Frame } from '../../../protocol/bridge/frame-reader.js'
import {
  CONTAINER_NOTIFICATION,
  direction,
  DIRECTION,
  MAX_GUEST_FRAME_BYTES,
  MAX_STACKS_FRAME_BYTES,
  maxAnswerBytes,
  REQUEST_TYPE,
  type Header,
  type RpcName,
} from '../../../protocol/bridge/header.js'
import { decodeAnswer, decodeNotification, type Decoded } from '../../../protocol/bridge/messages.js'
import { hexCode } from '../../../protocol/hresult.js'
import {
  assertUp,
  type BridgeEffect,
  type BridgeOptions,
  type CallBounds,
  type TransportState,
} from './bridge-contract.js'
import { Outstanding, OutstandingCalls } from './outstanding.js'
import { RequestIds } from './request-ids.js'
import { HeldFrames, newestStrays, type Leftovers } from './restore.js'

export class Bridge {
  readonly #options: BridgeOptions
  #reader = this.#newReader()
  readonly #outstanding = new OutstandingCalls()
  readonly #written = new FrameBatch()
  /** Containers whose exit has not been told yet. */
  readonly #containers = new Set<string>()
  readonly #strayIds: Set<bigint>
  readonly #strayContainers: Set<string>
  #held: HeldFrames | undefined
  readonly #ids = new RequestIds()
  #transport: TransportState = { kind: 'up' }
  #migrating = false
  /** A lost transport does not end the connection. */
  #isFollowed = false
  #leftovers: Leftovers | undefined

  constructor({ leftovers, ...options }: BridgeOptions) {
    this.#options = options
    this.#strayIds = new Set(leftovers?.ids)
    this.#strayContainers = new Set(leftovers?.containers)
    this.#held = options.restoring === true ? new HeldFrames() : undefined
  }

  get transport(): TransportState {
    return this.#transport
  }

  get closed(): boolean {
    return this.#transport.kind === 'closed'
  }

  /** The id that the next request will have. */
  get nextId(): bigint {
    return this.#ids.next
  }

  /** Requests without an answer, abandoned ones included. */
  get outstanding(): number {
    return this.#outstanding.size
  }

  /** What the guest may still say of this connection on the next one. */
  get leftovers(): Leftovers {
    return (
      this.#leftovers ?? {
        nextId: this.#ids.next,
        ids: newestStrays(this.#strayIds, this.#outstanding.keys()),
        containers: newestStrays(this.#strayContainers, this.#containers),
      }
    )
  }

  /** The leftovers, once: whoever still holds a connection that is over must not hold them too. */
  takeLeftovers(): Leftovers {
    const taken = this.leftovers
    this.#leftovers = { nextId: taken.nextId, ids: new Set(), containers: new Set() }
    return taken
  }

  /** Puts a request on its way, behind those that `takeWritten` has not taken yet. @throws {BridgeClosedError} the connection is over, or down */
  call(
    rpc: RpcName,
    body: string,
    nowMs: number,
    bounds: CallBounds = {},
  ): { id: bigint; size: number; deadlineMs: number } {
    assertUp(this.#transport, this.#migrating, bounds.handshake === true)
    const size = this.#written.add(REQUEST_TYPE[rpc], this.#ids.next, body)
    const id = this.#ids.take()
    const timeoutMs = Math.min(this.#options.requestTimeoutMs, bounds.timeoutMs ?? Infinity)
    const deadlineMs = rpc === 'WaitForProcess' && bounds.timeoutMs === undefined ? Infinity : nowMs + timeoutMs
    this.#outstanding.add(new Outstanding(id, rpc, deadlineMs, bounds, maxAnswerBytes(rpc, size)))
    return { id, size, deadlineMs }
  }

  /** Bytes that are to be written. */
  get unwritten(): number {
    return this.#written.byteLength
  }

  /** The bytes that are to be written now, in order; undefined when there are none. */
  takeWritten(): Uint8Array | undefined {
    return this.#written.take()
  }

  /** The caller no longer waits; a late answer becomes a `late` effect. */
  abandon(id: bigint): void {
    const call = this.#outstanding.get(id)
    if (call !== undefined) call.abandoned = true
  }

  /** Whether the id is one of the program before this one, and was not taken up. */
  #isEarlier(id: bigint): boolean {
    const { takesOver = 0n } = this.#options
    return id < takesOver && !this.#ids.wasUsed(id)
  }

  // ------------------------------------------------------------------------------------------------- what the guest says

  #newReader(): FrameReader {
    return new FrameReader({ maxFrameBytes: (header) => this.#maxFrameBytes(header) })
  }

  #maxFrameBytes({ type, id, size }: Header): number {
    // No limit is lower.
    if (size <= MAX_GUEST_FRAME_BYTES) return MAX_GUEST_FRAME_BYTES
    if (direction(type) !== DIRECTION.response) return MAX_GUEST_FRAME_BYTES
    // Of a request of an earlier connection nobody knows the size any more.
    if (this.#strayIds.has(id) || (this.#outstanding.get(id) === undefined && this.#isEarlier(id)))
      return MAX_STACKS_FRAME_BYTES
    return this.#outstanding.get(id)?.maxBytes ?? MAX_GUEST_FRAME_BYTES
  }

  /** Never throws: what the guest may not send becomes a `close` effect. */
  receive(bytes: Uint8Array): BridgeEffect[] {
    const effects: BridgeEffect[] = []
    if (this.closed) return effects
    const reader = this.#reader
    try {
      reader.feed(bytes)
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        this.#take(frame, effects)
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- a frame may have closed it
        if (this.closed) break
      }
    } catch (error) {
      effects.push(...this.#fail(error))
    }
    return effects
  }

  /** Whoever looks on may fail: that costs nobody an answer. */
  #tell(frame: Frame, text?: string): void {
    try {
      this.#options.onFrame?.(frame, text)
    } catch {
      // Not the guest's fault, and not the caller's.
    }
  }

  #take(frame: Frame, effects: BridgeEffect[]): void {
    switch (direction(frame.type)) {
      case DIRECTION.response:
        this.#answer(frame, effects)
        return
      case DIRECTION.notification:
        this.#notification(frame, effects)
        return
      default:
        this.#tell(frame)
        throw new ProtocolError({ reason: `the guest sent a frame of the unexpected type ${hexCode(frame.type)}` })
    }
  }

  #answer(frame: Frame, effects: BridgeEffect[]): void {
    const { id } = frame
    const call = this.#outstanding.get(id)
    if (call === undefined) return this.#unasked(frame)
    this.#outstanding.remove(call)
    const { bounds } = call
    let decoded: Decoded
    try {
      decoded = decodeAnswer(frame.payload, call.rpc)
    } catch (error) {
      this.#tell(frame)
      // The call that was answered badly hears of it itself; the rest only that the connection is over.
      const failures = this.#fail(error)
      if (!call.abandoned) effects.push({ do: 'fail', id, error: error as UVMError, bounds })
      effects.push(...failures)
      return
    }
    const { answer, text } = decoded
    this.#tell(frame, text)
    effects.push({ do: call.abandoned ? 'late' : 'settle', id, answer, bounds })
  }

  /** An answer to nothing that is outstanding. */
  #unasked(frame: Frame): void {
    const { id } = frame
    this.#tell(frame)
    if (this.#strayIds.delete(id)) return
    if (this.#held === undefined && this.#isEarlier(id)) return
    if (this.#held === undefined || this.#ids.wasUsed(id)) {
      throw new ProtocolError({ reason: `the guest answered the request ${id}, which is not outstanding` })
    }
    this.#held.keepAnswer(frame)
  }

  #notification(frame: Frame, effects: BridgeEffect[]): void {
    if (frame.type !== CONTAINER_NOTIFICATION) {
      this.#tell(frame)
      throw new ProtocolError({ reason: `the guest sent the unknown notification ${hexCode(frame.type)}` })
    }
    let decoded: ReturnType<typeof decodeNotification>
    try {
      decoded = decodeNotification(frame.payload)
    } catch (error) {
      this.#tell(frame)
      throw error
    }
    this.#tell(frame, decoded.text)
    const { notice } = decoded
    const { containerId } = notice
    if (!this.#containers.delete(containerId) && !this.#strayContainers.delete(containerId)) {
      if (this.#held === undefined) {
        if (this.#options.takesOver !== undefined) return
        const who = JSON.stringify(containerId.slice(0, 80))
        throw new ProtocolError({ reason: `the guest notified of the container ${who}, which nobody waits for` })
      }
      this.#held.keepNotice(notice, frame.payload.byteLength)
      return
    }
    effects.push({ do: 'notify', notice })
  }

  // ------------------------------------------------------------------------------------------------- containers, restore

  /** Expects one exit notification of a container. Effects: the notification, when it has come already. */
  register(containerId: string): { added: boolean; effects: BridgeEffect[] } {
    if (this.closed) throw new BridgeClosedError({})
    const notice = this.#held?.takeNotice(containerId)
    if (notice !== undefined) return { added: false, effects: [{ do: 'notify', notice }] }
    const added = !this.#containers.has(containerId) && !this.#strayContainers.delete(containerId)
    this.#containers.add(containerId)
    return { added, effects: [] }
  }

  /** The container does not exist: it will not be told of. */
  unregister(containerId: string): void {
    this.#containers.delete(containerId)
  }

  /** Nobody waits for the container any more; the guest may tell of it all the same. */
  disown(containerId: string): void {
    if (!this.#containers.delete(containerId)) return
    this.#strayContainers.add(containerId)
  }

  /** Raises the id of the next request; never lowers it. */
  seed(nextId: bigint): void {
    this.#ids.seed(nextId)
  }

  /**
   * Expects the answer to a WaitForProcess that an earlier owner of the process has sent. `known`: it was outstanding here already.
   *
   * @throws {InvalidStateError} this connection used the id for something else, or it was answered
   * @throws {BridgeClosedError}
   */
  adoptWait(id: bigint, bounds: CallBounds = {}): { known: boolean; effects: BridgeEffect[] } {
    if (this.closed) throw new BridgeClosedError({})
    const call = this.#outstanding.get(id)
    if (call?.rpc === 'WaitForProcess') return { known: true, effects: [] }
    if (call !== undefined || this.#ids.wasUsed(id)) {
      const reason = `the request ${id} of this connection is no wait that is outstanding`
      throw new InvalidStateError({ state: 'wait-unknown', reason })
    }
    this.#ids.adopt(id)
    this.#strayIds.delete(id)
    bounds.outlives = true
    this.#outstanding.add(new Outstanding(id, 'WaitForProcess', Infinity, bounds, MAX_GUEST_FRAME_BYTES))
    const frame = this.#held?.takeAnswer(id)
    const effects: BridgeEffect[] = []
    if (frame !== undefined) this.#answer(frame, effects)
    return { known: false, effects }
  }

  /** From here on what is unknown is a violation. Answers what came and was never claimed. */
  endRestore(): { ids: bigint[]; containers: string[] } {
    const unclaimed = this.#held?.unclaimed ?? { ids: [], containers: [] }
    this.#held = undefined
    return unclaimed
  }

  // ------------------------------------------------------------------------------------------------------------ migration

  get migrating(): boolean {
    return this.#migrating
  }

  /** From here on a lost transport is followed, however often. */
  follow(): void {
    this.#isFollowed = true
  }

  /** While on, a lost transport parks the connection. Switched off while it is parked, the connection is over, unless it is followed. */
  setMigrating(on: boolean): BridgeEffect[] {
    this.#migrating = on
    if (on || this.#transport.kind !== 'down') return []
    const { cause } = this.#transport
    return this.#isFollowed
      ? [...this.#outstanding.cut(cause, this.#migrating), { do: 'park', cause }]
      : this.close(cause)
  }

  /** A new transport is in place; only the handshake may speak until `resumed`. @throws {InvalidStateError} it is over, or nobody would resume it */
  resume(): void {
    if (this.closed || !(this.#migrating || this.#isFollowed)) {
      const state = this.closed ? 'closed' : 'connected'
      throw new InvalidStateError({ state, reason: 'only a connection that migrates can be resumed' })
    }
    this.#reader = this.#newReader()
    this.#transport = { kind: 'resuming' }
  }

  resumed(): void {
    if (this.#transport.kind === 'resuming') this.#transport = { kind: 'up' }
  }

  /** The guest's sending side has ended. */
  end(): BridgeEffect[] {
    const where = this.#reader.end()
    if (where === 'boundary') return this.lost(new BridgeClosedError({ reason: 'the guest ended the stream' }))
    return this.lost(new ProtocolError({ reason: `the guest ended the stream inside a ${where}` }))
  }

  /** The transport is gone. */
  lost(cause: UVMError): BridgeEffect[] {
    if (this.closed || this.#transport.kind === 'down') return []
    if (!this.#migrating && !this.#isFollowed) return this.close(cause)
    // What was not written is as lost as what lay in the transport.
    this.#written.take()
    this.#transport = { kind: 'down', cause }
    return [...this.#outstanding.cut(cause, this.#migrating), { do: 'park', cause }]
  }

  // ----------------------------------------------------------------------------------------------------- time and the end

  /** Settles what is past its time. */
  expire(nowMs: number): BridgeEffect[] {
    const { effects, fatal } = this.#outstanding.expire(nowMs, this.#options)
    return fatal === undefined ? effects : [...effects, ...this.close(fatal)]
  }

  /** When `expire` has something to do next; Infinity for never. */
  nextDeadlineMs(): number {
    return this.#outstanding.nextDeadlineMs()
  }

  #fail(error: unknown): BridgeEffect[] {
    return this.close(error instanceof UVMError ? error : new ProtocolError({ reason: String(error), cause: error }))
  }

  /** Ends the connection: with a cause, or on purpose. Everything in flight fails. Idempotent. */
  close(cause?: UVMError): BridgeEffect[] {
    if (this.closed) return []
    this.#leftovers = this.leftovers
    this.#transport = { kind: 'closed' }
    const why = cause === undefined ? { reason: 'it was closed on purpose' } : { cause }
    const failures = this.#outstanding.fail(() => new BridgeClosedError(why))
    this.#outstanding.clear()
    this.#containers.clear()
    this.#strayIds.clear()
    this.#strayContainers.clear()
    this.#held = undefined
    this.#written.take()
    return [...failures, cause === undefined ? { do: 'close' } : { do: 'close', cause }]
  }
}
