// A pod daemon: one Host with its pods, the task service on a socket that its user alone may enter.

import { once } from 'node:events'
import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, connect, type Server } from 'node:net'
import { join } from 'node:path'
import { Host, type HostOptions } from 'uvm-actors'
import { TtrpcServer } from 'uvm-ttrpc'
import { Task } from './generated/task_pb.js'
import { Publisher } from './publisher.js'
import { TaskService } from './service.js'

export interface DaemonOptions {
  /** Of this daemon: made with mode 0700 when it is missing. */
  directory: string
  /** Path of containerd's ttrpc socket, which takes the events. */
  containerd: string
  /** Whose containers it runs: calls of containerd 1.x name none. */
  namespace: string
  /** What runs the utility VMs, and how. */
  host?: HostOptions
  version: string
  onError?: (error: Error) => void
}

/** Name of the socket within the directory of a daemon. */
export const SOCKET = 'daemon.sock'
const VERSIONS = ['containerd.task.v2.Task', 'containerd.task.v3.Task'] as const

export class DirectoryError extends Error {
  override readonly name = 'DirectoryError'
}

/** Listens until it is closed; `address` is where. */
export class Daemon {
  readonly address: string
  readonly #host: Host
  readonly #service: TaskService
  readonly #publisher: Publisher
  readonly #rpc: TtrpcServer
  readonly #server: Server

  /**
   * @throws {DirectoryError} the directory is another user's, or others may enter it, or a daemon serves it already
   * @throws {UVMError} the provider cannot be used
   */
  static async open({
    directory,
    containerd,
    namespace,
    host: options = {},
    version,
    onError = () => undefined,
  }: DaemonOptions): Promise<Daemon> {
    await makePrivate(directory)
    const address = join(directory, SOCKET)
    if (await answers(address)) throw new DirectoryError(`a daemon serves ${directory} already`)
    await rm(address, { force: true })
    const host = await Host.open(options)
    const publisher = new Publisher(containerd)
    const { provider = 'auto' } = options
    const isSimulated = provider === 'simulated' || (provider === 'auto' && process.platform !== 'win32')
    const service = new TaskService({ host, publisher, isSimulated, namespace, version })
    const rpc = new TtrpcServer({ onError })
    for (const name of VERSIONS) rpc.add(Task, service, name)
    const server = createServer((socket) => rpc.serve(socket))
    // Private from its first moment, whatever the umask: nobody else may enter the directory.
    server.listen(address)
    try {
      await once(server, 'listening')
      await chmod(address, 0o600)
    } catch (error) {
      await host.close()
      throw error
    }
    return new Daemon(address, host, service, publisher, rpc, server)
  }

  private constructor(
    address: string,
    host: Host,
    service: TaskService,
    publisher: Publisher,
    rpc: TtrpcServer,
    server: Server,
  ) {
    this.address = address
    this.#host = host
    this.#service = service
    this.#publisher = publisher
    this.#rpc = rpc
    this.#server = server
  }

  get counts(): { pods: number; tasks: number; connections: number } {
    return { ...this.#service.counts, connections: this.#rpc.counts.connections }
  }

  /** Ends every pod, then everything else. */
  async close(): Promise<void> {
    this.#server.close()
    await this.#service.close()
    this.#rpc.close()
    await this.#publisher.close()
    await this.#host.close()
  }
}

async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { uid, mode } = await lstat(directory)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new DirectoryError(`${directory} must belong to this user and be closed to others (mode 0700)`)
}

/** Whether somebody listens there; a socket that its owner left behind does not answer. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
