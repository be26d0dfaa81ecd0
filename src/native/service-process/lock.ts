// The lock of a service directory: whoever holds it is its service, and nobody else starts one. The kernel holds it for the process, so
// it is free the moment its holder is dead, however it died, and never while it lives, however busy it is. On Windows the pipe's name
// does the same.

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { SERVICE_FILES } from './directory.js'

const LOCK_EX = 2
const LOCK_NB = 4
/** Linux and the BSDs. */
const WOULD_BLOCK: readonly number[] = [11, 35]

export interface ServiceLock {
  /** Gives it up and removes its file. Idempotent. */
  release(): void
}

/** Undefined when another process holds it. @throws {Error} there can be no lock here */
export async function acquireServiceLock(directory: string, about: object): Promise<ServiceLock | undefined> {
  if (process.platform === 'win32') return { release: () => undefined }
  const { default: koffi } = await import('koffi')
  const flock = koffi.load(null).func('int flock(int, int)') as (fd: number, operation: number) => number
  const path = join(directory, SERVICE_FILES.lock)
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    if (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
      const errno = koffi.errno()
      closeSync(fd)
      if (WOULD_BLOCK.includes(errno)) return undefined
      throw new Error(`flock of ${path} failed with errno ${errno}`)
    }
    if (!isAt(fd, path)) {
      // Its last holder removed the file in between: what we hold is nobody's lock any more.
      closeSync(fd)
      continue
    }
    ftruncateSync(fd)
    writeSync(fd, `${JSON.stringify(about)}\n`, 0)
    let isHeld = true
    return {
      release: () => {
        if (!isHeld) return
        isHeld = false
        unlinkSync(path)
        closeSync(fd)
      },
    }
  }
}

function isAt(fd: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(fd), lstatSync(path)]
    return open.ino === named.ino && open.dev === named.dev
  } catch {
    return false
  }
}

/** What the holder wrote about itself; undefined when it cannot be read. Only for messages: the lock itself says who lives. */
export function readServiceLock(directory: string): { pid?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, SERVICE_FILES.lock), 'utf8')) as { pid?: unknown }
  } catch {
    return undefined
  }
}
