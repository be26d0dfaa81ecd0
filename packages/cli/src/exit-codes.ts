// How uvmctl ends. `run` and `exec` end with the exit code of their command.

export const EXIT = {
  ok: 0,
  /** Something failed. */
  failed: 1,
  /** The arguments or a file cannot be used; nothing was done. */
  unusable: 2,
  /** There is no such VM, no service, or this machine lacks what it takes. */
  missing: 3,
} as const

/** A mistake in the arguments or in a file: one line, and nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Ends the command with a code of its own; what there was to say was said. */
export class ExitWith extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`)
  }
}
