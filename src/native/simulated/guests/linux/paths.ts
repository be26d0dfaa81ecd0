// Paths of a Linux guest.

/** A path made absolute, without `.` and `..`. */
export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** What is left of a path below a directory, without a slash in front; undefined when it is not below it. */
export function below(directory: string, path: string): string | undefined {
  if (path === directory) return ''
  const prefix = directory === '/' ? '/' : `${directory}/`
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined
}

/** The entry whose key is the longest directory above the path. */
export function longestAbove<T>(
  table: Iterable<readonly [string, T]>,
  path: string,
): { value: T; rest: string } | undefined {
  let best: { value: T; rest: string } | undefined
  for (const [directory, value] of table) {
    const rest = below(directory, path)
    if (rest !== undefined && (best === undefined || rest.length < best.rest.length)) best = { value, rest }
  }
  return best
}
