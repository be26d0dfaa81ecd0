// A command that another program runs for this one: its streams, its exit, its terminal.

import { Readable, Writable, type Duplex } from 'node:stream'
import type { CallSubject } from '../actors/mailbox/contract.js'
import { BridgeClosedError, ProtocolError } from '../errors.js'
import { isRecord } from '../protocol/json.js'
import { errorOf } from './failure.js'
import { CHANNEL, encodeFrames, encodeMessage, FrameReader, type StdioFrame } from './frames.js'
import type { ExecControl, ExecStart } from './messages.js'

export interface CommandExit {
  exitCode: number
  /** False when the guest had forgotten the process. */
  known: boolean
}

export class ControlCommand {
  /** Its pid in the guest; rejects when it could not be started. */
  readonly started: Promise<number>
  /** Its input; ended it is at its end. */
  readonly stdin: Writable
  /** Destroyed without an end when the command was lost, with the error that `exit` rejects with; nobody has to listen for it. As stderr. */
  readonly stdout: Readable
  /** Says nothing when the command has a terminal. */
  readonly stderr: Readable
  /** Its end, once its output is through. Rejects when it was lost. */
  readonly exit: Promise<CommandExit>
  readonly #socket: Duplex
  readonly #subject: CallSubject
  readonly #reader = new FrameReader()
  #isOver = false
  #settle!: { started(pid: number): void; exited(exit: CommandExit): void; failed(error: Error): void }

  /** @internal made by ControlClient.exec */
  constructor(socket: Duplex, head: Buffer, start: ExecStart, subject: CallSubject) {
    this.#socket = socket
    this.#subject = subject
    let toStarted!: (pid: number) => void
    let toExit!: (exit: CommandExit) => void
    let failStarted!: (error: Error) => void
    let failExit!: (error: Error) => void
    this.started = new Promise((resolve, reject) => ([toStarted, failStarted] = [resolve, reject]))
    this.exit = new Promise((resolve, reject) => ([toExit, failExit] = [resolve, reject]))
    for (const promise of [this.started, this.exit]) promise.catch(() => undefined)
    this.#settle = {
      started: toStarted,
      exited: toExit,
      failed: (error) => {
        failStarted(error)
        failExit(error)
      },
    }
    const resume = (): void => void socket.resume()
    this.stdout = new Readable({ read: resume })
    this.stderr = new Readable({ read: resume })
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#write(encodeFrames(CHANNEL.stdin, chunk), done),
      final: (done) => this.#write(encodeFrames(CHANNEL.stdin, Buffer.alloc(0)), done),
    })
    // Input that nobody takes any more is no failure of the command; output that is cut is one, which its exit tells too.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on('error', () => undefined)
    socket.on('data', this.#onData)
    socket.on('error', (error) => this.#lost(error))
    socket.on('close', () => this.#lost())
    socket.write(encodeMessage(CHANNEL.control, start))
    if (head.byteLength > 0) this.#onData(head)
    socket.resume()
  }

  /** Tells the command's terminal its size. */
  resize(width: number, height: number): void {
    this.#say({ resize: { width, height } })
  }

  signal(signal: number | string): void {
    this.#say({ signal })
  }

  /** Leaves it: the other program kills it, where the guest allows that. */
  close(): void {
    this.#socket.destroy()
  }

  #say(message: ExecControl): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeMessage(CHANNEL.control, message))
  }

  #write(bytes: Buffer, done: (error?: Error) => void): void {
    if (this.#socket.destroyed) return done(new Error('the command has ended'))
    if (this.#socket.write(bytes)) return done()
    const go = (): void => {
      for (const event of ['drain', 'close']) this.#socket.off(event, go)
      done()
    }
    for (const event of ['drain', 'close']) this.#socket.once(event, go)
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame)
    } catch (error) {
      this.#lost(error as Error)
      this.#socket.destroy()
    }
  }

  #take({ channel, payload }: StdioFrame): void {
    if (channel === CHANNEL.stdout || channel === CHANNEL.stderr) {
      const stream = channel === CHANNEL.stdout ? this.stdout : this.stderr
      if (!stream.push(payload)) this.#socket.pause()
      return
    }
    const message = JSON.parse(payload.toString('utf8')) as unknown
    if (!isRecord(message)) throw new ProtocolError({ ...this.#subject, reason: 'a message that is no object' })
    if (channel === CHANNEL.control && typeof message['pid'] === 'number') this.#settle.started(message['pid'])
    else if (channel === CHANNEL.end) this.#ended(message)
  }

  #ended(message: Record<string, unknown>): void {
    const { exitCode, known } = message
    if (typeof exitCode === 'number') {
      this.#settle.exited({ exitCode, known: known !== false })
      this.#finish()
    } else this.#failed(errorOf(message))
  }

  #lost(cause?: Error): void {
    const reason = 'the program that ran the command went away'
    this.#failed(new BridgeClosedError({ ...this.#subject, reason, cause }))
  }

  #failed(error: Error): void {
    this.#settle.failed(error)
    this.#finish(error)
  }

  /** Output that is not through has no end: its streams are destroyed, so that nobody takes what came for the whole. */
  #finish(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of [this.stdout, this.stderr]) {
      if (error === undefined) stream.push(null)
      else stream.destroy(error)
    }
    this.stdin.destroy()
    this.#socket.end()
  }
}
