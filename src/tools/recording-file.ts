// Reads a recording of a guest connection. A file from disk is not to be trusted: every part is checked.

import { Unpackr } from 'msgpackr'
import {
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordedFrame,
  type RecordingHeader,
} from '../actors/gcs/connection/recording-format.js'
import { isRecord, member } from '../protocol/json.js'

type Test = (value: unknown) => boolean
const text: Test = (value) => typeof value === 'string'
const number: Test = (value) => typeof value === 'number'
const oneOf = (...known: readonly unknown[]): Test => known.includes.bind(known)
const maybe =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value)

const HEADER: Record<keyof RecordingHeader, Test> = {
  format: oneOf(RECORDING_FORMAT),
  version: oneOf(RECORDING_VERSION),
  vmId: text,
  runtimeId: text,
  guestOS: oneOf('linux', 'windows'),
  startedMs: number,
  savedMs: number,
  dropped: number,
  cause: maybe(text),
}

const FRAME: Record<keyof RecordedFrame, Test> = {
  at: number,
  direction: oneOf('in', 'out'),
  type: number,
  id: (value) => typeof value === 'number' || typeof value === 'bigint',
  size: number,
  body: maybe(isRecord),
}

export interface Recording {
  header: RecordingHeader
  /** Oldest first. */
  frames: RecordedFrame[]
}

/** No recording, or a damaged one. */
export class RecordingFileError extends Error {
  override readonly name = 'RecordingFileError'
}

/**
 * Decodes what `Guest.saveRecording` has written.
 *
 * @throws {RecordingFileError} no recording, another version of it, or a damaged one
 */
export function decodeRecording(bytes: Uint8Array): Recording {
  let parts: unknown[]
  try {
    parts = new Unpackr({ useRecords: false }).unpackMultiple(bytes) as unknown[]
  } catch (cause) {
    throw new RecordingFileError('the file is no recording, or ends early', { cause })
  }
  const header = known<RecordingHeader>(parts[0], HEADER)
  if (header === undefined) {
    throw new RecordingFileError('the file is no recording of a guest connection, or of another version')
  }
  const frames = parts.slice(1).map((part, index) => {
    const frame = known<RecordedFrame>(part, FRAME)
    if (frame !== undefined) return frame
    throw new RecordingFileError(`the frame ${index + 1} of the recording is damaged`)
  })
  return { header, frames }
}

/** The members that are known, when all of them are what they should be; others are left out. */
function known<T>(value: unknown, tests: Record<keyof T & string, Test>): T | undefined {
  const result: Record<string, unknown> = {}
  for (const [name, test] of Object.entries<Test>(tests)) {
    const found = member(value, name)
    if (!test(found)) return undefined
    if (found !== undefined) result[name] = found
  }
  return result as T
}
