// Where guests dial on the Unix-socket transport: the caller's directory, which stays, or a private one, which goes with the Host.

import { rmSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidConfigError } from '../errors.js'
import { cradlePrefix, removeIfDead } from '../native/unix-socket/socket-file.js'
import { MAX_DIRECTORY_BYTES } from '../native/unix-socket/transport.js'

export interface SocketDirectory {
  readonly path: string
  /** Removes the sockets of these VMs that nobody listens on, as a thread that died leaves them. Never rejects. */
  sweep(runtimeIds: ReadonlySet<string>): Promise<void>
  /** Removes a private directory. Idempotent. */
  release(): Promise<void>
}

function refuse(value: string, reason: string, cause?: unknown): InvalidConfigError {
  return new InvalidConfigError({ op: 'host.open', path: 'socketDirectory', value, reason, cause })
}

/**
 * Whoever can write the directory can put sockets of his own there, and guests would dial him.
 *
 * @throws {InvalidConfigError} too long, a link, no directory, or others can write it
 */
export async function openSocketDirectory(given: string | undefined): Promise<SocketDirectory> {
  if (given === undefined) return privateDirectory()
  if (Buffer.byteLength(given) > MAX_DIRECTORY_BYTES)
    throw refuse(given, `expected at most ${MAX_DIRECTORY_BYTES} bytes`)
  // Of the link itself, if it is one; a slash at the end would follow it.
  const found = await lstat(resolve(given)).catch((cause: unknown) => {
    const isMissing = (cause as { code?: unknown } | null)?.code === 'ENOENT'
    throw refuse(given, isMissing ? 'it does not exist' : `it cannot be used: ${String(cause)}`, cause)
  })
  if (found.isSymbolicLink()) throw refuse(given, 'it is a link; name the directory itself')
  if (!found.isDirectory()) throw refuse(given, 'it is no directory')
  const uid = process.getuid?.()
  if (uid !== undefined) {
    if (found.uid !== uid && found.uid !== 0)
      throw refuse(given, `it belongs to the user ${found.uid}, and this process runs as ${uid}`)
    if ((found.mode & 0o022) !== 0)
      throw refuse(given, `others can write it (mode ${(found.mode & 0o777).toString(8)}); chmod 700 would help`)
  }
  return { path: given, sweep: (runtimeIds) => sweep(given, runtimeIds), release: () => Promise.resolve() }
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
    sweep: (runtimeIds) => sweep(path, runtimeIds),
    release: async () => {
      await rm(path, REMOVAL)
      forget(path)
    },
  }
}

async function sweep(directory: string, runtimeIds: ReadonlySet<string>): Promise<void> {
  // Named pipes go with their server.
  if (process.platform === 'win32' || runtimeIds.size === 0) return
  const names = await readdir(directory).catch(() => [])
  const ids = [...runtimeIds]
  for (const name of names) {
    const [runtimeId = ''] = name.split('.', 1)
    const isOfOne = runtimeIds.has(runtimeId) || ids.some((id) => name.startsWith(cradlePrefix(id)))
    if (isOfOne) await removeIfDead(join(directory, name))
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
