// Text that crosses a seam.

/** Whether a string has no unpaired surrogates. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
}

/** Whether something is an error; of a proxy that was revoked not even that can be asked. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error
  } catch {
    return false
  }
}

/** What was thrown, as text. Anything can be: an object without a prototype has no text of its own, and a getter or a proxy may throw. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.stack ?? thrown.message) : String(thrown)
  } catch {
    return `something that cannot be read (${typeof thrown})`
  }
}
