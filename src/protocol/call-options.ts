// What every asynchronous call of the public surface takes last.

export interface CallOptions {
  /** Aborting rejects with AbortError. What has already reached the other side goes on there. */
  signal?: AbortSignal | undefined
  /** Milliseconds from the call, > 0, fractions allowed; Infinity for none. */
  timeoutMs?: number | undefined
}
