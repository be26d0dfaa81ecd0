// The directory of a journal: private, and one Host's at a time. Nothing is synchronised to the disk: what a program has written outlives
// the program however it dies, and a system that goes down takes the VMs along.

import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InvalidConfigError, InvalidStateError, ProviderUnavailableError } from '../errors.js'
import { openPrivateDirectory } from '../native/service-process/directory.js'
import { acquireFileLock, readLockHolder } from '../native/service-process/lock.js'
import type { JournalFile } from './journal/journal.js'

const OP = 'host.open'
const FILE = 'journal'
const LOCK = 'journal.lock'
const NO_LINK = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW

/**
 * @throws {InvalidConfigError} the directory cannot be made, or is a link, another user's, or open to others
 * @throws {InvalidStateError} 'journal-held': another Host, of this program or another one, has it
 * @throws {ProviderUnavailableError} it cannot be locked here
 */
export async function openJournalFile(given: string): Promise<JournalFile> {
  const directory = resolve(given)
  await openPrivateDirectory(directory, (reason, cause) => {
    throw new InvalidConfigError({ op: OP, path: 'journal', value: given, reason, cause })
  })
  const lockPath = join(directory, LOCK)
  const lock = await acquireFileLock(lockPath).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderUnavailableError({ op: OP, reason: `the journal ${directory} cannot be locked: ${why}`, cause })
  })
  if (lock === undefined) {
    const pid = readLockHolder(lockPath)?.pid
    const who = pid === process.pid ? 'another Host of this process' : `the process ${String(pid)}`
    const reason = `the journal ${directory} is held by ${who}; give each Host a directory of its own`
    throw new InvalidStateError({ op: OP, state: 'journal-held', reason })
  }
  const path = join(directory, FILE)
  return {
    read: () => readText(path),
    append: (text) => writeText(path, text, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT),
    replace: async (text) => {
      const draft = `${path}.new`
      await writeText(draft, text, constants.O_WRONLY | constants.O_TRUNC | constants.O_CREAT)
      await rename(draft, path)
    },
    close: async () => {
      try {
        lock.release()
      } catch {
        // Its directory has gone: there is nothing to hold.
      }
    },
  }
}

async function readText(path: string): Promise<string> {
  let file
  try {
    file = await open(path, constants.O_RDONLY | NO_LINK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function writeText(path: string, text: string, flags: number): Promise<void> {
  const file = await open(path, flags | NO_LINK, 0o600)
  try {
    // Whatever the umask took away.
    await file.chmod(0o600)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
