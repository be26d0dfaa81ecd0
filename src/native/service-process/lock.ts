// Locks of directories. Whoever holds that of a service directory is its service, and nobody else starts one. The kernel holds it for the
// process, so it is free the moment its holder is dead, however it died, and never while it lives, however busy it is. On Windows the
// pipe's name does the same for a service; elsewhere the file names its holder, and one that is dead holds nothing.

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { SERVICE_FILES } from './directory.js'
import { isRunning, processStartTime } from './process-identity.js'

const LOCK_EX = 2
const LOCK_NB = 4
/** Linux and the BSDs. */
const WOULD_BLOCK: readonly number[] = [11, 35]

export interface FileLock {
  /** Gives it up and removes its file. Idempotent. */
  release(): void
}

/** Undefined when another process holds it. @throws {Error} there can be no lock here */
export async function acquireServiceLock(directory: string, about: object): Promise<FileLock | undefined> {
  if (process.platform === 'win32') return { release: () => undefined }
  return flockFile(join(directory, SERVICE_FILES.lock), about)
}

/** The same of any file. Undefined when another process, or another holder in this one, has it. @throws {Error} there can be no lock here */
export async function acquireFileLock(path: string): Promise<FileLock | undefined> {
  const holder = { pid: process.pid, startTime: processStartTime(process.pid) ?? '' }
  return process.platform === 'win32' ? nameHolder(path, holder) : flockFile(path, holder)
}

/** @internal Where there is no flock. Two that find a dead holder at the same moment are told apart by nothing: one user starts them. */
export function nameHolder(path: string, holder: { pid: number; startTime: string }): FileLock | undefined {
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
      return { release: () => unlinkSync(path) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const found = readLockHolder(path)
    const { pid, startTime } = (found ?? {}) as { pid?: unknown; startTime?: unknown }
    if (typeof pid === 'number' && typeof startTime === 'string' && isRunning({ pid, startTime })) return undefined
    unlinkSync(path)
  }
}

async function flockFile(path: string, about: object): Promise<FileLock | undefined> {
  const { default: koffi } = await import('koffi')
  const flock = koffi.load(null).func('int flock(int, int)') as (fd: number, operation: number) => number
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
  return readLockHolder(join(directory, SERVICE_FILES.lock))
}

/** The same of any lock. */
export function readLockHolder(path: string): { pid?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid?: unknown }
  } catch {
    return undefined
  }
}
