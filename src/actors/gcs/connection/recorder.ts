// The flight recorder of one guest connection: its last frames, in a ring bounded by count and bytes, for who wants to know later why it
// broke. Bodies are scrubbed before they are kept (protocol/bridge/scrub.ts) and packed at once, so that the ring is a few small buffers
// and nothing of a message outlives it.

import { Packr } from 'msgpackr'
import { GuestRPCError } from '../../../errors.js'
import { scrubBody, scrubText } from '../../../protocol/bridge/scrub.js'
import { hresultName } from '../../../protocol/hresult.js'
import type { GuestInit } from '../contract.js'
import { RECORDING_FORMAT, RECORDING_VERSION, type RecordedFrame, type RecordingHeader } from './recording-format.js'

export interface RecorderLimits {
  /** Most frames kept. */
  frames: number
  /** Most bytes kept, packed. */
  bytes: number
}

/** Largest payload whose body is looked at, bytes; of a larger one the size is kept. */
const MAX_BODY_BYTES = 128 * 1024

/** Records are plain maps: every msgpack reader can read a file. */
// A guest may write any integer: one beyond 64 bits is kept as text.
const packr = new Packr({ useRecords: false, largeBigIntToString: true })

export class FlightRecorder {
  readonly #init: GuestInit
  readonly #limits: RecorderLimits
  readonly #startedMs: number
  readonly #now: () => number
  readonly #startedAt: number
  readonly #ring: Uint8Array[] = []
  #bytes = 0
  #dropped = 0
  #cause: string | undefined

  /** `clock`: monotonic milliseconds and wall time. */
  constructor(init: GuestInit, limits: RecorderLimits, clock: { now(): number; wallTime(): number }) {
    this.#init = init
    this.#limits = limits
    this.#now = () => clock.now()
    this.#startedMs = clock.wallTime()
    this.#startedAt = clock.now()
  }

  get frames(): number {
    return this.#ring.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A request, with its JSON text. */
  sent(type: number, id: bigint, size: number, text: string): void {
    const body = size > MAX_BODY_BYTES ? undefined : (JSON.parse(text) as Record<string, unknown>)
    this.#record('out', type, id, size, body)
  }

  /** What the guest sent, parsed; undefined when it did not decode, or was not looked at. */
  received(type: number, id: bigint, size: number, body: Record<string, unknown> | undefined): void {
    this.#record('in', type, id, size, body)
  }

  /** Why the connection broke. The text of an error of ours may quote the guest, and what the guest said may quote anything. */
  broke(cause: Error): void {
    const said = guestRefusal(cause)
    this.#cause =
      said === undefined ? `${cause.name}: ${scrubText(cause.message)}` : `${cause.name}: ${hresultName(said.result)}`
  }

  #record(
    direction: 'in' | 'out',
    type: number,
    id: bigint,
    size: number,
    body: Record<string, unknown> | undefined,
  ): void {
    const frame: RecordedFrame = {
      at: Math.round((this.#now() - this.#startedAt) * 1000) / 1000,
      direction,
      type,
      id: id <= Number.MAX_SAFE_INTEGER ? Number(id) : id,
      size,
    }
    if (body !== undefined) frame.body = scrubBody(body)
    let packed = packr.pack(frame)
    if (packed.byteLength > this.#limits.bytes) {
      delete frame.body
      packed = packr.pack(frame)
    }
    // A copy: what was packed is a piece of a larger buffer.
    this.#keep(Buffer.from(packed))
  }

  #keep(packed: Uint8Array): void {
    this.#ring.push(packed)
    this.#bytes += packed.byteLength
    const { frames, bytes } = this.#limits
    while (this.#ring.length > frames || this.#bytes > bytes) {
      this.#bytes -= this.#ring.shift()!.byteLength
      this.#dropped++
    }
  }

  /** The recording as the bytes of a file. */
  encode(savedMs: number): Uint8Array {
    const { vmId, runtimeId, guestOS } = this.#init
    const header: RecordingHeader = {
      format: RECORDING_FORMAT,
      version: RECORDING_VERSION,
      vmId,
      runtimeId,
      guestOS,
      startedMs: this.#startedMs,
      savedMs,
      dropped: this.#dropped,
      ...(this.#cause === undefined ? {} : { cause: this.#cause }),
    }
    return Buffer.concat([packr.pack(header), ...this.#ring])
  }
}

/** The guest's own refusal, when an error is one or came of one: causes become part of the text. */
function guestRefusal(error: unknown, depth = 0): GuestRPCError | undefined {
  if (error instanceof GuestRPCError) return error
  return error instanceof Error && depth < 8 ? guestRefusal(error.cause, depth + 1) : undefined
}
