// A recording on disk: msgpack objects one after the other, first the header, then a frame each.

export const RECORDING_FORMAT = 'uvm-actors guest recording'
export const RECORDING_VERSION = 1

export interface RecordingHeader {
  format: typeof RECORDING_FORMAT
  version: typeof RECORDING_VERSION
  vmId: string
  runtimeId: string
  guestOS: 'linux' | 'windows'
  /** When the connection began and when the file was written, milliseconds since 1970. */
  startedMs: number
  savedMs: number
  /** Older frames that are not in it. */
  dropped: number
  /** Why the connection broke; absent when it had not. */
  cause?: string | undefined
}

export interface RecordedFrame {
  /** Milliseconds since the connection began. */
  at: number
  direction: 'in' | 'out'
  /** Header fields; the size includes the header. */
  type: number
  id: number | bigint
  size: number
  /** Scrubbed; absent when it did not decode, or was too large to keep. */
  body?: Record<string, unknown> | undefined
}
