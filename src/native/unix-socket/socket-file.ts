// The file of a listening Unix socket: made where nobody else can reach it, given its name in one step that replaces nothing, and taken
// away only while it is still the same file. Whoever finds a name taken asks whether somebody listens behind it.

import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { constants as system } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { isGuid } from '../../protocol/guid.js'

/** As often is a name tried that others take and leave at the same time. */
const ATTEMPTS = 8

/** As many are made for one socket at most: each is lost only to a sweep that looks within the same few microseconds. */
const MOST_CRADLES = 1000

/** Name of a socket in the directory in which it is born. */
const BORN = 's'

const LOCK_EX = 2

export interface BoundSocket {
  readonly server: Server
  /** Removes the file unless it has become somebody else's. Before the server closes: until then nobody takes its name for free. */
  release(): void
}

/**
 * Listens at a path of at most 107 bytes in a directory that nobody else can write. The file is the user's only, whatever the umask.
 * Whoever knows the name may connect as soon as it is there, which is before this has ended.
 *
 * @throws {Error} with a `code`: EADDRINUSE somebody listens there, EEXIST what is there is no socket, otherwise as files and sockets fail
 */
export async function bindSocketFile(
  path: string,
  backlog: number,
  onConnection: (socket: Socket) => void,
): Promise<BoundSocket> {
  // Node.js can change no umask in a worker thread, and listens in the same step as it binds: until the file is private its directory is.
  // At once, as long as nothing is in the way: whoever is told in this turn that somebody listens may dial in the next.
  for (let attempt = 1; ; attempt++) {
    const cradle = mkdtempSync(`${dirname(path)}/${cradlePrefix(basename(path))}`)
    try {
      return await bear(cradle, path, backlog, onConnection)
    } catch (error) {
      // Swept away while it was empty, as what a dead thread has left.
      if (existsSync(cradle) || attempt === MOST_CRADLES) throw error
    } finally {
      rmSync(cradle, { recursive: true, force: true })
    }
  }
}

async function bear(
  cradle: string,
  path: string,
  backlog: number,
  onConnection: (socket: Socket) => void,
): Promise<BoundSocket> {
  const born = join(cradle, BORN)
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection)
  try {
    server.listen({ path: born, backlog, exclusive: true })
    if (!server.listening) await once(server, 'listening')
    chmodSync(born, 0o600)
    const { dev, ino } = lstatSync(born, { bigint: true })
    await claim(path, born)
    return { server, release: () => removeOwn(path, { dev, ino }) }
  } catch (error) {
    server.close()
    throw error
  }
}

/**
 * Of the private directory in which a socket is born. It names the VM, as the socket does: a thread that dies meanwhile leaves both. A GUID
 * leaves room for the rest within 107 bytes wherever there is room for a socket of its name.
 */
export function cradlePrefix(name: string): string {
  const [vm = ''] = name.split('.', 1)
  return isGuid(vm) ? `.${vm}-` : '.'
}

/** Listens on a name that is no file: a pipe of Windows. */
export async function listen(path: string, backlog: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection)
  server.listen({ path, backlog })
  await once(server, 'listening')
  return server
}

/** Gives a socket its name. One that a process which died left behind is taken away first. */
async function claim(path: string, born: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return linkSync(born, path)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (found === undefined) continue
    if (!found.isSocket()) throw problem('EEXIST', `${path} exists and is no socket`)
    if (await isListenedOn(path)) break
    await removeDead(path, found)
  }
  throw problem('EADDRINUSE', `listen EADDRINUSE: address already in use ${path}`)
}

/** Takes a socket away that nobody listens on, or the directory in which one was born. Never rejects: what stays is found dead by the next who wants its name. */
export async function removeIfDead(path: string): Promise<void> {
  try {
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (found?.isDirectory() === true) await removeCradle(path)
    if (found?.isSocket() === true && !(await isListenedOn(path))) await removeDead(path, found)
  } catch {
    // As above.
  }
}

/**
 * A dead thread leaves it empty, for the socket in it goes with its server. A living one's is empty for a moment only: it is removed as long
 * as it is, and its owner makes another.
 */
async function removeCradle(cradle: string): Promise<void> {
  const born = join(cradle, BORN)
  if (lstatSync(born, { throwIfNoEntry: false }) === undefined) rmdirSync(cradle)
  else if (!(await isListenedOn(born))) rmSync(cradle, { recursive: true })
}

/**
 * Under the directory's lock, which the kernel takes from whoever dies: else two that found it dead could each take away what the other
 * has put there since. A new socket may have the old one's number; its time of change tells them apart.
 */
async function removeDead(path: string, dead: BigIntStats): Promise<void> {
  const { flock, errno } = await systemCalls()
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    // Held for two system calls at a time: whoever waits does not wait long.
    if (flock(directory, LOCK_EX) !== 0) throw problem('ENOLCK', `${dirname(path)} cannot be locked: errno ${errno()}`)
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (found !== undefined && isSame(found, dead) && found.ctimeNs === dead.ctimeNs) unlinkSync(path)
  } finally {
    closeSync(directory)
  }
}

/**
 * Whether a socket is bound to the name. Asked with a socket of another kind, which the system refuses before the listener hears of it: a
 * connection would be taken for the guest's, where only one is accepted.
 */
async function isListenedOn(path: string): Promise<boolean> {
  const { socket, connect, close, errno } = await systemCalls()
  const { ECONNREFUSED, ENOENT } = system.errno
  const address = addressOf(path)
  const probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (probe < 0) throw problem('ENOSOCK', `no socket can be had: errno ${errno()}`)
  try {
    if (connect(probe, address, address.byteLength) === 0) return true
    const why = errno()
    // Nobody is bound to it, or it is gone.
    return why !== ECONNREFUSED && why !== ENOENT
  } finally {
    close(probe)
  }
}

const AF_UNIX = 1
const SOCK_DGRAM = 2
/** No child process inherits it. */
const SOCK_CLOEXEC = process.platform === 'linux' ? 0o2000000 : 0

/** sockaddr_un: the family, two bytes, of which BSD has made a length and a family; the path and its NUL. */
function addressOf(path: string): Uint8Array {
  const name = Buffer.from(`${path}\0`)
  const head = Buffer.alloc(2)
  if (process.platform === 'linux') new Uint16Array(head.buffer, head.byteOffset, 1)[0] = AF_UNIX
  else head.set([head.byteLength + name.byteLength, AF_UNIX])
  return Buffer.concat([head, name])
}

interface SystemCalls {
  flock(fd: number, operation: number): number
  socket(domain: number, type: number, protocol: number): number
  connect(fd: number, address: Uint8Array, length: number): number
  close(fd: number): number
  errno(): number
}

let loaded: SystemCalls | undefined

/** What Node.js has no calls for. Loaded when a name is in the way, which is seldom. */
async function systemCalls(): Promise<SystemCalls> {
  if (loaded !== undefined) return loaded
  const { default: koffi } = await import('koffi')
  const libc = koffi.load(null)
  loaded = {
    flock: libc.func('int flock(int, int)') as SystemCalls['flock'],
    socket: libc.func('int socket(int, int, int)') as SystemCalls['socket'],
    connect: libc.func('int connect(int, const void *, uint32_t)') as SystemCalls['connect'],
    close: libc.func('int close(int)') as SystemCalls['close'],
    errno: () => koffi.errno(),
  }
  return loaded
}

/** Which file it is, as long as it is there. */
type FileNumber = Pick<BigIntStats, 'dev' | 'ino'>

/** While the server is open nobody else gets the number of its file. */
function removeOwn(path: string, own: FileNumber): void {
  try {
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (found !== undefined && isSame(found, own)) unlinkSync(path)
  } catch {
    // What cannot be looked at or removed is in nobody's way: it is found dead by the next who wants its name.
  }
}

function isSame(one: FileNumber, other: FileNumber): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}

function problem(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
