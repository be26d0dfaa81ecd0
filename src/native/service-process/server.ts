// A service process as its clients see it: who may enter, which clients there are, and when it is over.
//
// A client is one Host: it lives as long as its lifeline. When that ends, however it ends, the client's handles close and what it held is
// free. Without clients and without VMs the service ends by itself after a while. Whatever a peer sends costs at most its own connection.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../clock.js'
import { serviceAddress } from './directory.js'
import { FramedSocket } from './framed-socket.js'
import { MAX_FRAME_BYTES, MAX_GREETING_BYTES } from './frames.js'
import { removeGuestFiles } from './guest-files.js'
import { HandleBook } from './handles.js'
import { ServiceHandshake, type Secret } from './handshake.js'
import { Holders } from './holders.js'
import type { HostedService, HostedSurroundings } from './hosted.js'
import { PROTOCOL_MAJOR, readLifelineRequest, type Entering, type LifelineAnswer } from './messages.js'
import { Relays } from './relays.js'
import { ThreadSession } from './thread-session.js'

/** The first client is on its way from the moment the service listens; it is waited for at least so long, milliseconds. */
const FIRST_CLIENT_MS = 10_000
/** How long a connection may take to say who it is, milliseconds. */
const GREETING_MS = 10_000
/** Connections that have not said it yet. */
const MAX_STRANGERS = 1024
const BACKLOG = 511

export interface ServerOptions {
  directory: string
  /** Of the package. */
  version: string
  clock: Clock
  secret: Secret
  /** How long the service lives on without clients and VMs, milliseconds. */
  graceMs: number
  host: (surroundings: HostedSurroundings) => Promise<HostedService>
  /** A line for the log: what went wrong, on which connection. */
  log: (line: string) => void
  major?: number
}

interface Client {
  readonly lifeline: FramedSocket
  /** Of its threads and streams. */
  readonly connections: Set<FramedSocket>
}

export class ServiceServer {
  readonly #options: ServerOptions
  readonly #server: Server
  readonly #service: HostedService
  readonly #handles = new HandleBook()
  readonly #holders: Holders
  readonly #relays: Relays
  readonly #clients = new Map<string, Client>()
  readonly #strangers = new Set<FramedSocket>()
  #grace: Timer | undefined
  #hadClients = false
  #closing: Promise<void> | undefined
  #tellEnded: () => void = () => undefined
  /** Resolves when the service is over: nothing listens, no VM is left. */
  readonly ended = new Promise<void>((resolve) => (this.#tellEnded = resolve))

  private constructor(options: ServerOptions, service: HostedService, relays: Relays, holders: Holders) {
    this.#options = options
    this.#service = service
    this.#relays = relays
    this.#holders = holders
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#arrive(socket))
  }

  /** Listens in the directory, where nobody else does: the caller holds its lock. */
  static async open(options: ServerOptions): Promise<ServiceServer> {
    const { directory, clock } = options
    const relays = new Relays(clock)
    const holders = new Holders(directory)
    const made: { server?: ServiceServer } = {}
    const service = await options.host({
      directory,
      takeSocket: (socket) => relays.take(socket),
      ended: (runtimeId) => {
        holders.ended(runtimeId)
        removeGuestFiles(directory, runtimeId)
        made.server?.considerEnd()
      },
    })
    // Left by a service that is dead.
    removeGuestFiles(directory, undefined, service.kept?.())
    const server = new ServiceServer(options, service, relays, holders)
    made.server = server
    await server.#listen()
    return server
  }

  async #listen(): Promise<void> {
    const path = serviceAddress(this.#options.directory)
    this.#server.listen({ path, backlog: BACKLOG })
    await once(this.#server, 'listening')
    if (process.platform !== 'win32') await chmod(path, 0o600)
    this.#server.on('error', (error) => this.#options.log(`listening: ${error.message}`))
    this.considerEnd()
  }

  #arrive(socket: Socket): void {
    const connection = new FramedSocket(socket, MAX_GREETING_BYTES)
    if (this.#strangers.size >= MAX_STRANGERS) return connection.close()
    this.#strangers.add(connection)
    this.considerEnd()
    const { directory, version, secret, clock, major = PROTOCOL_MAJOR } = this.#options
    const about = { major, version, pid: process.pid, provider: this.#service.provider, directory }
    const handshake = new ServiceHandshake({ about, secret })
    const timer = clock.after(GREETING_MS, () => connection.close(new Error('it did not say who it is')))
    const settled = (): void => {
      timer.clear()
      this.#strangers.delete(connection)
    }
    connection.open({
      onMessage: (message) => {
        const step = handshake.receive(message)
        if ('send' in step) return connection.send(step.send)
        settled()
        if ('enters' in step) return this.#enter(connection, step.enters)
        connection.send(step.refuse)
        connection.end()
        this.considerEnd()
      },
      onClose: (reason) => {
        settled()
        this.#note('a connection that never entered', reason)
        this.considerEnd()
      },
    })
  }

  #note(what: string, reason: Error | undefined): void {
    // A peer that is simply gone (an error of the system) is the ordinary course of things.
    if (reason !== undefined && !('code' in reason)) this.#options.log(`${what}: ${reason.message}`)
  }

  #enter(connection: FramedSocket, { as, client, socket }: Entering): void {
    connection.limit = MAX_FRAME_BYTES
    if (as === 'lifeline') return this.#join(connection)
    const known = this.#clients.get(client)
    if (known === undefined) {
      connection.send({ refused: 'its client is not here, or has left' })
      connection.end()
      return this.considerEnd()
    }
    known.connections.add(connection)
    connection.socket.once('close', () => known.connections.delete(connection))
    connection.send({ entered: client })
    if (as === 'stream') return this.#relays.arrive(client, socket, connection)
    const session = new ThreadSession(connection, {
      client,
      service: this.#service,
      handles: this.#handles,
      socketOf: (number) => this.#relays.numberOf(client, number),
    })
    connection.open({
      onMessage: (message) => session.receive(message),
      onClose: (reason) => {
        this.#note(`a thread of ${name(client)}`, reason)
        session.lost()
        // A handle that was made for nobody.
        if (!this.#clients.has(client)) this.#service.leave(client)
      },
    })
  }

  #join(lifeline: FramedSocket): void {
    // Unguessable: a thread or a stream that names it was told by its Host.
    const id = randomBytes(16).toString('hex')
    this.#hadClients = true
    this.#clients.set(id, { lifeline, connections: new Set() })
    lifeline.send({ entered: id })
    lifeline.open({
      onMessage: (message) => {
        const request = readLifelineRequest(message)
        lifeline.send(this.#answer(id, request))
      },
      onClose: (reason) => {
        this.#note(`the lifeline of ${name(id)}`, reason)
        this.#leave(id)
        this.#clients.delete(id)
        this.considerEnd()
      },
    })
  }

  #answer(client: string, request: ReturnType<typeof readLifelineRequest>): LifelineAnswer {
    const { number } = request
    try {
      if ('leave' in request) this.#leave(client)
      else if ('release' in request) this.#holders.release(client, request.release)
      else {
        const held = this.#holders.claim(client, request.claim, request.holder)
        if (held !== undefined) return { number, held }
      }
      return { number, ok: true }
    } catch (error) {
      return { number, fails: error instanceof Error ? error.message : String(error) }
    }
  }

  /** Everything of a client ends; its lifeline may still be there. */
  #leave(client: string): void {
    for (const connection of this.#clients.get(client)?.connections ?? []) connection.close()
    this.#handles.leave(client)
    this.#relays.leave(client)
    this.#holders.leave(client)
    this.#service.leave(client)
  }

  /** Without clients, strangers and VMs the service ends, unless one comes in time. */
  private considerEnd(): void {
    const isIdle = this.#clients.size === 0 && this.#strangers.size === 0 && this.#service.count() === 0
    if (!isIdle) {
      this.#grace?.clear()
      this.#grace = undefined
      return
    }
    if (this.#closing !== undefined) return
    const { graceMs, clock } = this.#options
    this.#grace ??= clock.after(
      this.#hadClients ? graceMs : Math.max(graceMs, FIRST_CLIENT_MS),
      () => void this.close(),
    )
  }

  /** Takes no more connections, ends every VM, and tells the clients by closing their connections. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#grace?.clear()
    // Its socket file goes with it.
    this.#server.close()
    await this.#service.stop().catch((error: unknown) => this.#options.log(`stopping: ${String(error)}`))
    for (const { lifeline, connections } of this.#clients.values()) {
      for (const connection of connections) connection.close()
      lifeline.close()
    }
    for (const stranger of this.#strangers) stranger.close()
    removeGuestFiles(this.#options.directory)
    this.#tellEnded()
  }
}

/** A client in the log: enough to tell it from others, too little to pass for it. */
function name(client: string): string {
  return `client ${client.slice(0, 6)}…`
}
