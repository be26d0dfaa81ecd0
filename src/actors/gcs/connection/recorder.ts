// The flight recorder of one guest connection: its last frames, in a ring bounded by count and bytes, for who wants to know later why it
// broke. Bodies are scrubbed before they are kept (protocol/bridge/scrub.ts), as text: it was there already, and what has no secret in it is
// kept as it is. Only a file is packed.

import { Packr } from 'msgpackr'
import { GuestRPCError } from '../../../errors.js'
import { SUCCESS_TEXT } from '../../../protocol/bridge/messages.js'
import { scrubJson } from '../../../protocol/bridge/scrub-json.js'
import { scrubText } from '../../../protocol/bridge/scrub.js'
import { hresultName } from '../../../protocol/hresult.js'
import { parseJson } from '../../../protocol/json.js'
import type { GuestInit } from '../contract.js'
import { RECORDING_FORMAT, RECORDING_VERSION, type RecordedFrame, type RecordingHeader } from './recording-format.js'

export interface RecorderLimits {
  /** Most frames kept. */
  frames: number
  /** Most bytes kept: of each frame its text and FRAME_BYTES. */
  bytes: number
}

/** Largest payload whose body is looked at, bytes; of a larger one the size is kept. */
const MAX_BODY_BYTES = 128 * 1024

/** What a frame takes besides its text, bytes, about. */
export const FRAME_BYTES = 48

/** Records are plain maps: every msgpack reader can read a file. */
// A guest may write any integer: one beyond 64 bits is kept as text.
const packr = new Packr({ useRecords: false, largeBigIntToString: true })

/** A frame as it is kept. */
interface Kept {
  readonly atMs: number
  readonly direction: 'in' | 'out'
  readonly type: number
  readonly id: bigint
  readonly size: number
  readonly text: string | undefined
}

export class FlightRecorder {
  readonly #init: GuestInit
  readonly #limits: RecorderLimits
  readonly #startedMs: number
  readonly #startedAt: number
  /** The oldest first; those before `#first` are gone. */
  #ring: (Kept | undefined)[] = []
  #first = 0
  #bytes = 0
  #dropped = 0
  #cause: string | undefined

  /** `clock`: monotonic milliseconds and wall time. */
  constructor(init: GuestInit, limits: RecorderLimits, clock: { now(): number; wallTime(): number }) {
    this.#init = init
    this.#limits = limits
    this.#startedMs = clock.wallTime()
    this.#startedAt = clock.now()
  }

  get frames(): number {
    return this.#ring.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A request with its JSON text, at a time of the clock. `isPlain`: there is no secret in it. */
  sent(atMs: number, type: number, id: bigint, size: number, text: string, isPlain: boolean): void {
    this.#record(atMs, 'out', type, id, size, isPlain ? text : scrubbed(text, size))
  }

  /** What the guest sent, with the text that was made of it; undefined when it did not decode, or was not looked at. */
  received(atMs: number, type: number, id: bigint, size: number, text: string | undefined): void {
    const kept = text === undefined || text === SUCCESS_TEXT ? text : scrubbed(text, size)
    this.#record(atMs, 'in', type, id, size, kept)
  }

  /** Why the connection broke. The text of an error of ours may quote the guest, and what the guest said may quote anything. */
  broke(cause: Error): void {
    const said = guestRefusal(cause)
    this.#cause =
      said === undefined ? `${cause.name}: ${scrubText(cause.message)}` : `${cause.name}: ${hresultName(said.result)}`
  }

  #record(
    atMs: number,
    direction: 'in' | 'out',
    type: number,
    id: bigint,
    size: number,
    text: string | undefined,
  ): void {
    const { frames, bytes } = this.#limits
    const isKept = text !== undefined && text.length + FRAME_BYTES <= bytes
    const kept: Kept = { atMs, direction, type, id, size, text: isKept ? text : undefined }
    this.#ring.push(kept)
    this.#bytes += costOf(kept)
    while (this.frames > frames || this.#bytes > bytes) this.#dropOldest()
  }

  #dropOldest(): void {
    this.#bytes -= costOf(this.#ring[this.#first]!)
    this.#ring[this.#first++] = undefined
    this.#dropped++
    // As many moved as were dropped since, at most.
    if (this.#first * 2 <= this.#ring.length) return
    this.#ring = this.#ring.slice(this.#first)
    this.#first = 0
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
    const frames = this.#ring.slice(this.#first).map((kept) => packr.pack(this.#frameOf(kept!)))
    return Buffer.concat([packr.pack(header), ...frames])
  }

  #frameOf({ atMs, direction, type, id, size, text }: Kept): RecordedFrame {
    return {
      at: Math.round((atMs - this.#startedAt) * 1000) / 1000,
      direction,
      type,
      id: id <= Number.MAX_SAFE_INTEGER ? Number(id) : id,
      size,
      ...(text === undefined ? {} : { body: parseJson(text) as Record<string, unknown> }),
    }
  }
}

/** What is kept of a text: a copy without anything that hangs on it, unless it is kept whole. */
function scrubbed(text: string, size: number): string | undefined {
  if (size > MAX_BODY_BYTES) return undefined
  const kept = scrubJson(text)
  // Pieces of a string hold on to the whole string.
  return kept === text ? text : Buffer.from(kept).toString()
}

function costOf({ text }: Kept): number {
  return FRAME_BYTES + (text === undefined ? 0 : text.length)
}

/** The guest's own refusal, when an error is one or came of one: causes become part of the text. */
function guestRefusal(error: unknown, depth = 0): GuestRPCError | undefined {
  if (error instanceof GuestRPCError) return error
  return error instanceof Error && depth < 8 ? guestRefusal(error.cause, depth + 1) : undefined
}
