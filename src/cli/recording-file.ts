// Reads a recording of a guest connection. A file from disk is not to be trusted: every part is checked.

import { Unpackr } from 'msgpackr'
import { z } from 'zod'
import {
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordedFrame,
  type RecordingHeader,
} from '../actors/gcs/connection/recording-format.js'

const headerSchema = z.object({
  format: z.literal(RECORDING_FORMAT),
  version: z.literal(RECORDING_VERSION),
  vmId: z.string(),
  runtimeId: z.string(),
  guestOS: z.enum(['linux', 'windows']),
  startedMs: z.number(),
  savedMs: z.number(),
  dropped: z.number(),
  cause: z.string().optional(),
})

const frameSchema = z.object({
  at: z.number(),
  direction: z.enum(['in', 'out']),
  type: z.number(),
  id: z.union([z.number(), z.bigint()]),
  size: z.number(),
  body: z.record(z.string(), z.unknown()).optional(),
})

export interface Recording {
  header: RecordingHeader
  frames: RecordedFrame[]
}

/** No recording, or a damaged one. */
export class RecordingFileError extends Error {
  override readonly name = 'RecordingFileError'
}

/** @throws {RecordingFileError} */
export function decodeRecording(bytes: Uint8Array): Recording {
  let parts: unknown[]
  try {
    parts = new Unpackr({ useRecords: false }).unpackMultiple(bytes) as unknown[]
  } catch (cause) {
    throw new RecordingFileError('the file is no recording, or ends early', { cause })
  }
  const header = headerSchema.safeParse(parts[0])
  if (!header.success) {
    throw new RecordingFileError('the file is no recording of a guest connection, or of another version')
  }
  const frames = parts.slice(1).map((part, index) => {
    const frame = frameSchema.safeParse(part)
    if (frame.success) return frame.data
    throw new RecordingFileError(`the frame ${index + 1} of the recording is damaged`)
  })
  return { header: header.data, frames }
}
