// Where guests dial on the Unix-socket transport: the caller's directory, which stays, or a private one, which goes with the Host.

import { rmSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidConfigError } from '../errors.js'
import { MAX_DIRECTORY_BYTES } from '../native/unix-socket/transport.js'

export interface SocketDirectory {
  readonly path: string
  /** Removes a private directory. Idempotent. */
  release(): Promise<void>
}

function refuse(value: string, reason: string, cause?: unknown): InvalidConfigError {
  return new InvalidConfigError({ op: 'host.open', path: 'socketDirectory', value, reason, cause })
}

/** @throws {InvalidConfigError} too long, or no directory */
export async function openSocketDirectory(given: string | undefined): Promise<SocketDirectory> {
  if (given === undefined) return privateDirectory()
  if (Buffer.byteLength(given) > MAX_DIRECTORY_BYTES)
    throw refuse(given, `expected at most ${MAX_DIRECTORY_BYTES} bytes`)
  const found = await stat(given).catch((cause: unknown) => {
    const isMissing = (cause as { code?: unknown } | null)?.code === 'ENOENT'
    throw refuse(given, isMissing ? 'it does not exist' : `it cannot be used: ${String(cause)}`, cause)
  })
  if (!found.isDirectory()) throw refuse(given, 'it is no directory')
  return { path: given, release: () => Promise.resolve() }
}

/** mkdtemp makes directories of mode 0700. A long TMPDIR leaves no room for socket names. */
async function privateDirectory(): Promise<SocketDirectory> {
  const prefix = 'uvm-'
  const addedBytes = prefix.length + 7
  const parent =
    process.platform !== 'win32' && Buffer.byteLength(tmpdir()) + addedBytes > MAX_DIRECTORY_BYTES ? '/tmp' : tmpdir()
  const path = await mkdtemp(join(parent, prefix)).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const reason = `no private directory can be made in the temporary directory ${parent} (${why}); give a socketDirectory, or set TMPDIR`
    throw new InvalidConfigError({ op: 'host.open', path: 'socketDirectory', reason, cause })
  })
  keep(path)
  return {
    path,
    release: async () => {
      await rm(path, REMOVAL)
      forget(path)
    },
  }
}

const REMOVAL = { recursive: true, force: true } as const

/** Private directories of Hosts that are open: a process may end without closing them. One listener serves all. */
const privatePaths = new Set<string>()

function keep(path: string): void {
  if (privatePaths.size === 0) process.on('exit', removeAll)
  privatePaths.add(path)
}

function forget(path: string): void {
  privatePaths.delete(path)
  if (privatePaths.size === 0) process.off('exit', removeAll)
}

function removeAll(): void {
  for (const path of privatePaths) {
    try {
      rmSync(path, REMOVAL)
    } catch {
      // The process ends; whoever cleans the temporary directory will find it.
    }
  }
}
