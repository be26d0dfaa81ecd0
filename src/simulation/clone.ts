// What a message becomes on its way to another thread: structured clone in one thread, for what our messages are made of. What is
// transferred is lost to its sender, and ports that are not transferred cannot be sent.

/** @param passes answers whether something crosses as itself, such as a port of the transfer list @throws {Error} DataCloneError, as real ports do */
export function cloneMessage(value: unknown, passes: (value: object) => boolean): unknown {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      throw new DOMException(`${String(value)} could not be cloned.`, 'DataCloneError')
    case 'object':
      return value === null ? null : cloneObject(value, passes)
    default:
      return value
  }
}

function cloneObject(value: object, passes: (value: object) => boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => cloneMessage(one, passes))
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype || prototype === null) {
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const cloned = cloneMessage((value as Record<string, unknown>)[key], passes)
      if (key === '__proto__')
        Object.defineProperty(copy, key, { value: cloned, writable: true, enumerable: true, configurable: true })
      else copy[key] = cloned
    }
    return copy
  }
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (passes(value) || value instanceof SharedArrayBuffer) return value
  if (value instanceof Map) {
    return new Map([...value].map(([key, one]) => [cloneMessage(key, passes), cloneMessage(one, passes)]))
  }
  if (value instanceof Set) return new Set([...value].map((one) => cloneMessage(one, passes)))
  return structuredClone(value)
}

/** Takes what is transferred away from its sender. */
export function detach(buffers: readonly ArrayBuffer[]): void {
  if (buffers.length > 0) structuredClone(undefined, { transfer: [...buffers] })
}
