// One listener per AbortSignal, however many calls share it: a signal given to a hundred calls is ordinary use, and Node.js warns of a
// leak at the eleventh listener.

const listening = new WeakMap<AbortSignal, Set<() => void>>()

/** Runs `listener` once when the signal aborts. The returned function forgets it; no listener of ours stays on an idle signal. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = listening.get(signal)
  const listeners = known ?? new Set()
  listeners.add(listener)
  if (known === undefined) {
    listening.set(signal, listeners)
    signal.addEventListener('abort', fire)
  }
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0 || listening.get(signal) !== listeners) return
    listening.delete(signal)
    signal.removeEventListener('abort', fire)
  }
}

function fire(this: AbortSignal): void {
  const listeners = listening.get(this)
  listening.delete(this)
  this.removeEventListener('abort', fire)
  for (const listener of listeners ?? []) listener()
}
