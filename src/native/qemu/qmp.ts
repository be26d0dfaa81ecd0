// A client of QMP, the control protocol of QEMU: objects of JSON, one a line, over a Unix socket that serves one client at a time. A command
// has one answer, under its id; events come between them.

import { connect, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { isRecord, member, parseJson } from '../../protocol/json.js'

/** A longer line ends the connection, characters. */
const MAX_LINE = 16 * 1024 * 1024

/** A command that QEMU refused, or that will have no answer. */
export class QmpError extends Error {
  /** Of QEMU: 'GenericError', 'DeviceNotFound', 'CommandNotFound'; 'Closed': the connection ended before the answer. */
  readonly kind: string
  readonly command: string

  constructor(command: string, kind: string, reason: string) {
    super(`${command}: ${reason}`)
    this.name = 'QmpError'
    this.kind = kind
    this.command = command
  }
}

export interface QmpEvent {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface QmpListener {
  onEvent(event: QmpEvent): void
  /** Once, after the last event. `reason`: what the other end did that no QEMU does. */
  onClose(reason: Error | undefined): void
}

interface Pending {
  readonly command: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: QmpError) => void
}

export class QmpClient {
  readonly #socket: Socket
  readonly #listener: QmpListener
  readonly #pending = new Map<number, Pending>()
  #next = 1
  #rest = ''
  #isClosed = false
  /** Whoever asked for it has it. */
  #isOpen = false
  #greeted: (() => void) | undefined

  private constructor(socket: Socket, listener: QmpListener) {
    this.#socket = socket
    this.#listener = listener
  }

  /**
   * Connects, waits for the greeting and leaves the mode of negotiation.
   *
   * @throws {Error} nobody listens; the other end is no QEMU; `signal` was aborted
   */
  static async connect(path: string, listener: QmpListener, signal?: AbortSignal): Promise<QmpClient> {
    signal?.throwIfAborted()
    const socket = connect(path)
    const client = new QmpClient(socket, listener)
    const end = (): void => client.#close(signal?.reason instanceof Error ? signal.reason : new Error('given up'))
    signal?.addEventListener('abort', end, { once: true })
    try {
      await new Promise<void>((resolve, reject) => {
        client.#greeted = resolve
        socket.once('error', reject)
        socket.once('close', () =>
          reject(new QmpError('connect', 'Closed', 'the connection ended before the greeting')),
        )
        client.#open()
      })
      await client.execute('qmp_capabilities')
      client.#isOpen = true
      return client
    } catch (error) {
      client.#close(undefined)
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @throws {QmpError} */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new QmpError(command, 'Closed', 'the connection to QEMU is closed'))
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject })
      this.#socket.write(
        `${JSON.stringify({ execute: command, id, ...(args === undefined ? {} : { arguments: args }) })}\n`,
      )
    })
  }

  close(): void {
    this.#close(undefined)
  }

  #open(): void {
    const decoder = new StringDecoder('utf8')
    this.#socket.on('data', (bytes: Buffer) => this.#receive(decoder.write(bytes)))
    // What broke it is told by its end.
    this.#socket.on('error', () => undefined)
    this.#socket.once('close', () => this.#close(undefined))
  }

  #receive(text: string): void {
    const lines = text.split('\n')
    lines[0] = this.#rest + (lines[0] ?? '')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > MAX_LINE) return this.#close(new Error(`a line of over ${MAX_LINE} characters`))
    for (const line of lines) {
      if (this.#isClosed) return
      if (line.trim() !== '') this.#line(line)
    }
  }

  #line(line: string): void {
    let message: unknown
    try {
      message = parseJson(line)
    } catch {
      return this.#close(new Error('a line that is no JSON'))
    }
    if (!isRecord(message)) return this.#close(new Error('a message that is no object'))
    if ('QMP' in message) {
      this.#greeted?.()
      this.#greeted = undefined
      return
    }
    const { event, data, id, error } = message
    if (typeof event === 'string') {
      this.#listener.onEvent({ name: event, data: isRecord(data) ? data : {} })
      return
    }
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined
    if (pending === undefined || typeof id !== 'number') {
      return this.#close(new Error('an answer to a question that nobody asked'))
    }
    this.#pending.delete(id)
    if (error === undefined) return pending.resolve(message['return'])
    const [kind, said] = [member(error, 'class'), member(error, 'desc')]
    pending.reject(
      new QmpError(
        pending.command,
        typeof kind === 'string' ? kind : 'GenericError',
        typeof said === 'string' ? said : 'QEMU refused without a word',
      ),
    )
  }

  #close(reason: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.destroy()
    for (const { command, reject } of this.#pending.values()) {
      reject(new QmpError(command, 'Closed', reason?.message ?? 'the connection to QEMU ended'))
    }
    this.#pending.clear()
    if (this.#isOpen) this.#listener.onClose(reason)
  }
}
