// HvSocket over Unix sockets: a guest's stream to host vsock port P of the VM with runtime id R is a connection to the socket
// `<directory>/<R>.vsock_<P>`, any other service S is `<directory>/<R>.hvsock_<S>`. Firecracker, Cloud Hypervisor and vhost-device-vsock
// hand guest-initiated connections to the host by the same convention. On Windows the same names are named pipes.

import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { InvalidConfigError } from '../../errors.js'
import { vsockPort } from '../../protocol/hvsocket.js'
import { AcceptQueue, listenerClosed } from '../accept-queue.js'
import type { HvSocketEndpoint, HvSocketDialer, HvSocketListener, HvSocketTransport } from '../hvsocket.js'
import { bindSocketFile, listen, type BoundSocket } from './socket-file.js'

/** Longest path of a Unix socket, bytes: sun_path without its NUL. */
export const MAX_SOCKET_PATH_BYTES = 107

/** Longest directory, bytes, that leaves room for any socket name. */
export const MAX_DIRECTORY_BYTES = 26

/** As the reference host listens. */
const BACKLOG = 16

const NOTHING = Buffer.alloc(0)

export interface UnixSocketOptions {
  /**
   * Whoever carries the guests' streams ends a socket in order: it sends the end of file and keeps its own end open until the host has closed.
   * One that dies closes all at once, and so the two can be told apart. Default: false, since a guest that dials by itself may simply close.
   */
  readonly keepsEnds?: boolean
}

/** The path of an address below a directory. */
export function socketPath(directory: string, address: HvSocketEndpoint): string {
  const port = vsockPort(address.serviceId)
  const service = port === undefined ? `hvsock_${address.serviceId}` : `vsock_${port}`
  const name = `${address.runtimeId}.${service}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${basename(directory)}\\${name}` : join(directory, name)
}

class Listener implements HvSocketListener {
  readonly #server: Server
  readonly #bound: BoundSocket
  readonly #path: string
  readonly #queue: AcceptQueue
  #closing: Promise<void> | undefined

  constructor(
    readonly address: HvSocketEndpoint,
    bound: BoundSocket,
    path: string,
    queue: AcceptQueue,
    private readonly onClosed: () => void,
  ) {
    const { server } = bound
    this.#server = server
    this.#bound = bound
    this.#path = path
    this.#queue = queue
    server.on('error', (error) => {
      for (let waiting = this.#queue.waiting; waiting > 0; waiting--) this.#queue.failOne(error)
    })
  }

  accept(signal?: AbortSignal): Promise<Duplex> {
    return this.#queue.accept(signal)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#queue.end(listenerClosed(this.#path))
    this.#bound.release()
    // Connections that were accepted live on, and the server's own 'close' would wait for them; listening ends within this call.
    this.#server.close()
    this.onClosed()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

export class UnixSocketTransport implements HvSocketTransport, HvSocketDialer {
  readonly #directory: string
  readonly #listeners = new Set<Listener>()
  readonly endedWhole?: (stream: Duplex) => Promise<boolean>

  /** `directory` must exist, and nobody else may be able to write it; at most 26 bytes leave room for every name. */
  constructor(directory: string, { keepsEnds = false }: UnixSocketOptions = {}) {
    this.#directory = directory
    if (keepsEnds) this.endedWhole = isOpenBeyond
  }

  async listen(address: HvSocketEndpoint): Promise<HvSocketListener> {
    const path = socketPath(this.#directory, address)
    if (process.platform !== 'win32' && Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
      const reason = `a Unix socket path has at most ${MAX_SOCKET_PATH_BYTES} bytes`
      throw new InvalidConfigError({ op: 'transport.listen', path: 'socketDirectory', value: path, reason })
    }
    // There before the socket has its name: a guest that waits for the name dials at once.
    const queue = new AcceptQueue(BACKLOG)
    const bind = process.platform === 'win32' ? bindPipe : bindSocketFile
    const bound = await bind(path, BACKLOG, (socket) => queue.arrive(socket))
    const listener: Listener = new Listener(address, bound, path, queue, () => this.#listeners.delete(listener))
    this.#listeners.add(listener)
    return listener
  }

  async dial(address: HvSocketEndpoint): Promise<Duplex> {
    const socket = connect({ path: socketPath(this.#directory, address), allowHalfOpen: true })
    try {
      await once(socket, 'connect')
    } catch (error) {
      socket.destroy()
      throw error
    }
    socket.pause()
    socket.on('error', () => undefined)
    return socket
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close()))
  }
}

/**
 * Whether the other end of a socket that has ended is still open. Nothing is sent: the system refuses to write, be it nothing, to an end that
 * has closed, and it takes away both directions of such a socket in one step, so that whoever has seen its end of file is refused.
 */
function isOpenBeyond(stream: Duplex): Promise<boolean> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write(NOTHING, (error) => resolve(error == null))
    else resolve(false)
  })
}

/** A pipe's name goes with its server. */
async function bindPipe(path: string, backlog: number, onConnection: (socket: Socket) => void): Promise<BoundSocket> {
  return { server: await listen(path, backlog, onConnection), release: () => undefined }
}
