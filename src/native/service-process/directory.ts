// The directory of a service process: where programs find it, and where the guests of its VMs dial. One user's only: who may enter it may
// do everything with the VMs, since Node.js cannot read who is at the other end of a socket.

import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { InvalidConfigError, ProviderUnavailableError } from '../../errors.js'
import { MAX_DIRECTORY_BYTES } from '../unix-socket/transport.js'

/** Names within the directory. Sockets of guests and `<runtimeId>.owner` files lie beside them. */
export const SERVICE_FILES = {
  socket: 'service.sock',
  lock: 'service.lock',
  log: 'service.log',
  /** Windows only: what both ends prove that they know. */
  secret: 'service.secret',
} as const

export interface DirectorySurroundings {
  platform?: NodeJS.Platform
  env?: Readonly<Record<string, string | undefined>>
  uid?: number | undefined
  home?: string
}

/**
 * Where the service of this user is looked for when nobody says otherwise: `/run/uvm` for root, else `$XDG_RUNTIME_DIR/uvm` where that is
 * short enough for the names of sockets, else `/tmp/uvm-<uid>`; on Windows `%LOCALAPPDATA%\uvm`.
 */
export function defaultServiceDirectory(surroundings: DirectorySurroundings = {}): string {
  const { platform = process.platform, env = process.env, uid = process.getuid?.() } = surroundings
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(env['USERPROFILE'] ?? 'C:\\', 'AppData'), 'uvm')
  if (uid === 0) return '/run/uvm'
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && isAbsolute(runtime)) {
    const own = join(runtime, 'uvm')
    if (Buffer.byteLength(own) <= MAX_DIRECTORY_BYTES) return own
  }
  return `/tmp/uvm-${uid ?? 0}`
}

/** Where the service of a directory listens. */
export function serviceAddress(directory: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return join(directory, SERVICE_FILES.socket)
  const name = createHash('sha256').update(directory.toLowerCase()).digest('hex').slice(0, 16)
  return `\\\\.\\pipe\\uvm-service-${name}`
}

export interface DirectoryRequest {
  op: string
  /** Undefined for the default. */
  given: string | undefined
  /** Name of the option that gave it, for errors. */
  option: string
  /** Make it where it is missing. Its parent must exist. */
  create: boolean
}

/**
 * Checks a service directory, and makes it where it is missing.
 *
 * @throws {InvalidConfigError} the directory that was given is unfit: too long, a link, no directory, another user's, open to others
 * @throws {ProviderUnavailableError} the same of the default directory, or it is missing and is not to be made
 */
export async function openServiceDirectory({ op, given, option, create }: DirectoryRequest): Promise<string> {
  const directory = resolve(given ?? defaultServiceDirectory())
  const refuse = (reason: string, cause?: unknown): never => {
    if (given !== undefined) throw new InvalidConfigError({ op, path: option, value: given, reason, cause })
    throw new ProviderUnavailableError({ op, reason: `the service directory ${directory}: ${reason}`, cause })
  }
  if (given?.includes('\0') === true || given === '') refuse('expected a path')
  if (process.platform !== 'win32' && Buffer.byteLength(directory) > MAX_DIRECTORY_BYTES) {
    refuse(`expected at most ${MAX_DIRECTORY_BYTES} bytes, so that the names of sockets fit`)
  }
  if (create) await makePrivate(directory, refuse)
  // Of the link itself, if it is one.
  const found = await lstat(directory).catch((cause: unknown) => {
    if (!create && (cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new ProviderUnavailableError({ op, reason: `no service runs: there is no directory ${directory}`, cause })
    }
    return refuse('it cannot be looked at', cause)
  })
  checkPrivate(found, refuse)
  return directory
}

type Refuse = (reason: string, cause?: unknown) => never

/** A directory that only its user may enter, made where it is missing; its parent must exist. `refuse` is told why it is unfit. */
export async function openPrivateDirectory(directory: string, refuse: Refuse): Promise<void> {
  await makePrivate(directory, refuse)
  checkPrivate(await lstat(directory).catch((cause: unknown) => refuse('it cannot be looked at', cause)), refuse)
}

async function makePrivate(directory: string, refuse: Refuse): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
    // Whatever the umask took away.
    await chmod(directory, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') refuse('it cannot be made', error)
  }
}

function checkPrivate(found: Stats, refuse: Refuse): void {
  if (found.isSymbolicLink()) refuse('it is a link; name the directory itself')
  if (!found.isDirectory()) refuse('it is no directory')
  const uid = process.getuid?.()
  if (uid === undefined) return
  if (found.uid !== uid) refuse(`it belongs to the user ${found.uid}, and this process runs as ${uid}`)
  if ((found.mode & 0o077) !== 0) {
    refuse(`others may enter it (mode ${(found.mode & 0o777).toString(8)}); chmod 700 would help`)
  }
}
