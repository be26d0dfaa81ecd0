// How long a call may take whose caller gave no time of its own.

/** Milliseconds, from when it is sent. */
export const DEFAULT_TIMEOUT_MS = 240_000
