// A host that does what a test says, on raw sockets: it listens where guests dial, and takes their frames apart and puts its own together
// without any code of the library.

import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { frame, Peer, type PeerFrame } from './peer.js'

export const HOST_TYPE = {
  create: 0x10100101,
  start: 0x10100201,
  shutdownGraceful: 0x10100301,
  shutdownForced: 0x10100401,
  execute: 0x10100501,
  wait: 0x10100601,
  signal: 0x10100701,
  resize: 0x10100801,
  properties: 0x10100901,
  modify: 0x10100a01,
  negotiate: 0x10100b01,
  dumpStacks: 0x10100c01,
  deleteState: 0x10100d01,
  serviceSettings: 0x10200101,
} as const

export const NOTIFICATION = 0x30100101
export const NULL_ID = '00000000-0000-0000-0000-000000000000'
export const ACTIVITY = '1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9'
export const BRIDGE = { linux: 'vsock_1073741824', windows: 'hvsock_acef5661-84a1-4e44-856b-6245e69f4620' } as const

/** Accepts on one socket file; connections wait until they are asked for. */
export class RawListener {
  readonly #arrived: Socket[] = []
  readonly #waiting: ((socket: Socket) => void)[] = []
  readonly accepted = new Set<Socket>()

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.accepted.add(socket)
      socket.on('error', () => undefined)
      const next = this.#waiting.shift()
      if (next === undefined) this.#arrived.push(socket)
      else next(socket)
    })
  }

  accept(): Promise<Socket> {
    const socket = this.#arrived.shift()
    return socket === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(socket)
  }

  close(): void {
    this.server.close()
  }
}

export class RawHost {
  readonly #listeners: RawListener[] = []

  constructor(
    readonly directory: string,
    readonly runtimeId: string,
  ) {}

  /** Listens for a service such as `vsock_109`. */
  async listen(service: string): Promise<RawListener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.listen(join(this.directory, `${this.runtimeId}.${service}`))
    await once(server, 'listening')
    const listener = new RawListener(server)
    this.#listeners.push(listener)
    return listener
  }

  /** Takes no more connections; those that there are stay. */
  stopListening(): void {
    for (const listener of this.#listeners) listener.close()
  }

  /** Ends every listener; waits until the guest, which has stopped, has ended every connection. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) {
      listener.close()
      for (const socket of listener.accepted) {
        if (socket.destroyed) continue
        if (!socket.readableEnded) {
          await new Promise<void>((resolve) => {
            socket.once('end', resolve)
            socket.once('close', resolve)
            socket.resume()
          })
        }
        socket.destroy()
      }
    }
  }
}

/** The host's end of one bridge connection. */
export class RawBridge {
  readonly #peer: Peer
  #nextId = 0n
  readonly #answers = new Map<bigint, (frame: PeerFrame) => void>()
  readonly #lost = new Map<bigint, (error: Error) => void>()
  /** Every frame of the guest, in the order of arrival. */
  readonly frames: PeerFrame[] = []
  readonly #notifications: PeerFrame[] = []
  readonly #listening: ((frame: PeerFrame) => void)[] = []

  constructor(readonly socket: Socket) {
    this.#peer = new Peer(socket)
    socket.resume()
    void this.#receive()
  }

  get closed(): Promise<void> {
    return this.#peer.closed
  }

  async #receive(): Promise<void> {
    try {
      for (;;) {
        const found = await this.#peer.next()
        this.frames.push(found)
        if (found.type >>> 28 === 3) {
          const listening = this.#listening.shift()
          if (listening === undefined) this.#notifications.push(found)
          else listening(found)
        } else {
          this.#answers.get(found.id)?.(found)
          this.#answers.delete(found.id)
          this.#lost.delete(found.id)
        }
      }
    } catch {
      for (const lose of this.#lost.values()) lose(new Error('the guest hung up'))
    }
  }

  /** Sends a request and gives the answer with its id. A string goes as it is. */
  call(type: number, body: object | string | Buffer): Promise<PeerFrame> {
    const { id, answer } = this.post(type, body)
    void id
    return answer
  }

  /** Sends a request; the answer may be awaited later, or never. */
  post(type: number, body: object | string | Buffer): { id: bigint; answer: Promise<PeerFrame> } {
    const id = this.#nextId++
    const answer = this.expect(id)
    this.socket.write(
      frame(type, id, typeof body === 'string' || Buffer.isBuffer(body) ? body : `${JSON.stringify(body)}\n`),
    )
    return { id, answer }
  }

  /** The answer with this id, whichever connection it was asked on. */
  expect(id: bigint): Promise<PeerFrame> {
    const answer = new Promise<PeerFrame>((resolve, reject) => {
      this.#answers.set(id, resolve)
      this.#lost.set(id, reject)
    })
    answer.catch(() => undefined)
    return answer
  }

  /** Ids begin here, for a connection that follows another. */
  startIdsAt(id: bigint): void {
    this.#nextId = id
  }

  notification(): Promise<PeerFrame> {
    const found = this.#notifications.shift()
    return found === undefined ? new Promise((resolve) => this.#listening.push(resolve)) : Promise.resolve(found)
  }

  /** Notifications that came and were not asked for. */
  get unreadNotifications(): number {
    return this.#notifications.length
  }

  negotiate(low = 4, high = 4): Promise<PeerFrame> {
    return this.call(HOST_TYPE.negotiate, {
      ContainerId: '',
      ActivityId: NULL_ID,
      MinimumVersion: low,
      MaximumVersion: high,
    })
  }
}
