// Paths of a Windows guest. They are compared in lower case, without a separator at the end; a drive is `c:`.

/** A path made absolute and comparable. */
export function windowsPath(cwd: string, path: string): string {
  const given = path.replaceAll('/', '\\')
  const full = /^(?:[a-z]:|\\\\)/i.test(given)
    ? given
    : given.startsWith('\\')
      ? `${cwd.slice(0, 2)}${given}`
      : `${cwd}\\${given}`
  const prefix = /^\\\\/.test(full) ? '\\\\' : ''
  const parts: string[] = []
  for (const part of full.slice(prefix.length).split('\\')) {
    if (part === '..') {
      if (parts.length > 1) parts.pop()
    } else if (part !== '' && part !== '.') parts.push(part)
  }
  return (prefix + parts.join('\\')).toLowerCase()
}

/** What is left of a path below a directory; undefined when it is not below it. */
export function windowsBelow(directory: string, path: string): string | undefined {
  if (path === directory) return ''
  return path.startsWith(`${directory}\\`) ? path.slice(directory.length + 1) : undefined
}

const VMSMB = /^\\\\\?\\vmsmb\\vsmb-\{[0-9a-f-]+\}\\([^\\]+)(?:\\(.*))?$/i

/** Share and path below it that a host path names; undefined when it is no path of a share. */
export function vsmbPath(path: string): { share: string; rest: string } | undefined {
  const found = VMSMB.exec(path)
  return found === null ? undefined : { share: found[1]!, rest: found[2] ?? '' }
}

const VOLUME = /^\\\\\?\\volume\{([0-9a-f-]+)\}/i

/** Id of the volume that a path begins with, lower case. */
export function volumeId(path: string): string | undefined {
  return VOLUME.exec(path)?.[1]?.toLowerCase()
}
