// A guest that does what a test says, on a raw socket. It shares no code with the library: frames are taken apart and put together here,
// so that a mistake in the library's own framing cannot hide.

import { connect, type Socket } from 'node:net'

export const TYPE = {
  create: 0x10100101,
  start: 0x10100201,
  shutdown: 0x10100301,
  terminate: 0x10100401,
  execute: 0x10100501,
  wait: 0x10100601,
  signal: 0x10100701,
  resize: 0x10100801,
  properties: 0x10100901,
  modify: 0x10100a01,
  negotiate: 0x10100b01,
  dumpStacks: 0x10100c01,
  deleteState: 0x10100d01,
  modifyService: 0x10200101,
} as const

export interface PeerFrame {
  readonly type: number
  readonly size: number
  readonly id: bigint
  /** The payload as text, without what follows the JSON. */
  readonly text: string
  readonly raw: Buffer
  readonly body: Record<string, unknown>
}

export const LINUX_CAPABILITIES = {
  SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
  RuntimeOsType: 'Linux',
  GuestDefinedCapabilities: {
    NamespaceAddRequestSupported: true,
    SignalProcessSupported: true,
    DumpStacksSupported: true,
    DeleteContainerStateSupported: true,
  },
}

export const WINDOWS_CAPABILITIES = {
  ...LINUX_CAPABILITIES,
  SendHostCreateMessage: true,
  SendHostStartMessage: true,
  RuntimeOsType: 'Windows',
}

/** Header and payload as one buffer. */
export function frame(type: number, id: bigint, payload: string | Buffer, size?: number): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload
  const bytes = Buffer.alloc(16 + body.length)
  bytes.writeUInt32LE(type >>> 0, 0)
  bytes.writeUInt32LE(size ?? bytes.length, 4)
  bytes.writeBigUInt64LE(id, 8)
  body.copy(bytes, 16)
  return bytes
}

/** Dials a Unix socket, again and again until somebody listens. */
export async function dial(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect({ path, allowHalfOpen: true })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (connected) {
      socket.removeAllListeners('error')
      socket.on('error', () => undefined)
      return socket
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export class Peer {
  #bytes = Buffer.alloc(0)
  readonly #frames: PeerFrame[] = []
  readonly #waiting: ((frame: PeerFrame | undefined) => void)[] = []
  readonly #streams = new Set<Socket>()
  readonly closed: Promise<void>
  #ended = false

  constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => {
      const end = (): void => {
        this.#ended = true
        for (const waiting of this.#waiting.splice(0)) waiting(undefined)
        resolve()
      }
      socket.once('end', end)
      socket.once('close', end)
    })
    socket.on('data', (chunk) => this.#take(chunk))
  }

  static async dial(path: string): Promise<Peer> {
    return new Peer(await dial(path))
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    while (this.#bytes.length >= 16) {
      const size = this.#bytes.readUInt32LE(4)
      if (this.#bytes.length < size) return
      const raw = this.#bytes.subarray(0, size)
      this.#bytes = this.#bytes.subarray(size)
      const text = raw.subarray(16).toString('utf8')
      const found: PeerFrame = {
        type: raw.readUInt32LE(0),
        size,
        id: raw.readBigUInt64LE(8),
        text,
        raw,
        body: JSON.parse(text) as Record<string, unknown>,
      }
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(found)
      else waiting(found)
    }
  }

  /** Frames that came and were not asked for yet. */
  get unread(): number {
    return this.#frames.length
  }

  /** The next request; fails when the host hangs up first. */
  async next(type?: number): Promise<PeerFrame> {
    const found = this.#frames.shift() ?? (this.#ended ? undefined : await this.#arrival())
    if (found === undefined) throw new Error('the host hung up')
    if (type !== undefined && found.type !== type) {
      throw new Error(`expected a request of type ${type.toString(16)}, got ${found.type.toString(16)}: ${found.text}`)
    }
    return found
  }

  #arrival(): Promise<PeerFrame | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** Answers with the type that belongs to the request. */
  answer(request: PeerFrame, body: object | string = {}): void {
    const text =
      typeof body === 'string' ? body : JSON.stringify({ Result: 0, ActivityId: request.body['ActivityId'], ...body })
    this.send(frame(((request.type & 0x0fffffff) | 0x20000000) >>> 0, request.id, text))
  }

  /** Tells of the exit of a container. */
  notify(containerId: string, more: object = {}): void {
    const body = {
      ContainerId: containerId,
      ActivityId: '00000000-0000-0000-0000-000000000000',
      Type: 'UnexpectedExit',
      Operation: 'None',
      Result: 0,
      ...more,
    }
    this.send(frame(0x30100101, 0n, JSON.stringify(body)))
  }

  /** The handshake, to the end of a cold start. */
  async shakeHands(capabilities: object = LINUX_CAPABILITIES): Promise<void> {
    this.answer(await this.next(TYPE.negotiate), { Version: 4, Capabilities: capabilities })
    if (capabilities === WINDOWS_CAPABILITIES) {
      this.answer(await this.next(TYPE.create))
      this.answer(await this.next(TYPE.start))
      this.answer(await this.next(TYPE.modify))
    }
  }

  /** Dials a stream that goes with this peer. */
  async dialStream(path: string): Promise<Socket> {
    const socket = await dial(path)
    this.#streams.add(socket)
    return socket
  }

  async end(): Promise<void> {
    this.socket.end()
    await this.closed
  }

  destroy(): void {
    this.socket.destroy()
    for (const stream of this.#streams) stream.destroy()
  }
}
