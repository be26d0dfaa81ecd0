// The reasons of an ImageError (errors.ts).

/** Why a guest image cannot be made or used. */
export type ImageErrorReason =
  /** The disk, or the user's part of it, is full. */
  | 'no-space'
  /** A tool or a part is there in a version that cannot be used. */
  | 'wrong-version'
  | 'no-compiler'
  | 'no-go'
  | 'no-cargo'
  /** Another tool that the build calls is not on PATH. */
  | 'no-tool'
  /** The package index, or what it names, cannot be had. */
  | 'index-unreachable'
  /** The image has no guest agent that could be started. */
  | 'no-agent'
  /** The image is not there, not whole, or of another machine. */
  | 'no-image'
  /** A tool ran and failed for a reason of its own. */
  | 'tool-failed'
