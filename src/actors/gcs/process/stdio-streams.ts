// The main thread's end of a stdio port: a Node.js Readable for stdout and stderr, a Writable for stdin.
//
// The peer is the GCS actor, which owns the socket. Bytes go as transferred chunks under credit: the sender starts with one
// window (STDIO_WINDOW_BYTES) and is granted more as bytes are consumed, so a slow reader holds one stream and nothing else.
// Either side may end the stream. Output has ended properly only where `end` was told: a port that closes without it, because the guest, its
// connection or the thread of its actor is gone, has cut the stream. It is destroyed then, without 'end' and with a BridgeClosedError, which
// iteration, `finished` and pipelines fail with, and which `cut` has: what came must not be taken for the whole. Nobody has to listen for
// 'error': a stream that nobody looks at any more does not end the program when its VM goes.

import { Readable, Writable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { BridgeClosedError, InvalidStateError } from '../../../errors.js'
import type { Activity } from '../activity.js'
import type { CallSubject } from '../../mailbox/contract.js'
import { STDIO_WINDOW_BYTES, type StdioMessage } from '../contract.js'

/** Largest piece of one write that crosses at a time, bytes: small enough to interleave streams, large enough to amortise a message. */
const PIECE_BYTES = 64 * 1024

/** What is taken is granted again in pieces of so many bytes, or so many messages: each wakes the other thread. */
const GRANT_BYTES = STDIO_WINDOW_BYTES / 2
const GRANT_MESSAGES = 8

/** stdout or stderr of a guest process. */
export class StdioReadable extends Readable {
  readonly #port: MessagePort
  readonly #subject: CallSubject
  readonly #activity: Activity | undefined
  readonly #received: Uint8Array[] = []
  #wanted = false
  #ended = false
  /** Taken, and not granted again yet. */
  #takenBytes = 0
  #takenMessages = 0
  #cutBy: BridgeClosedError | undefined

  constructor(port: MessagePort, subject: CallSubject, activity?: Activity) {
    super({ highWaterMark: 16 * 1024 })
    this.#port = port
    this.#subject = subject
    this.#activity = activity
    this.on('error', heard)
    port.on('message', (message: StdioMessage) => this.#receive(message))
    port.once('close', () => this.#cutOff())
    port.unref()
  }

  #receive(message: StdioMessage): void {
    if (message instanceof Uint8Array) {
      if (this.#activity !== undefined) this.#activity.outputBytes += message.byteLength
      this.#received.push(message)
    } else if ('end' in message) this.#ended = true
    else if ('closed' in message) {
      if (message.unused === true) this.destroy()
      else this.#cutOff()
      return
    }
    this.#deliver()
  }

  /** Why it came to no end; undefined when it did, when its reader has closed it, and while it runs. */
  get cut(): BridgeClosedError | undefined {
    return this.#cutBy
  }

  /** What closes the port behind the end, or after our own end of it, cuts nothing. */
  #cutOff(): void {
    if (this.#ended || this.destroyed) return
    this.#cutBy = cutError(this.#subject)
    this.destroy(this.#cutBy)
  }

  #deliver(): void {
    while (this.#wanted) {
      const chunk = this.#received.shift()
      if (chunk === undefined) {
        if (this.#ended) this.push(null)
        return
      }
      this.#wanted = false
      const hasRoom = this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      this.#grant(chunk.byteLength)
      // `push` calls `_read` again by itself only later; going on here keeps one pass per message.
      if (hasRoom) this.#wanted = true
    }
  }

  #grant(bytes: number): void {
    this.#takenBytes += bytes
    this.#takenMessages++
    if (this.#takenBytes < GRANT_BYTES && this.#takenMessages < GRANT_MESSAGES) return
    this.#port.postMessage({ credit: this.#takenBytes, messages: this.#takenMessages } satisfies StdioMessage)
    this.#takenBytes = 0
    this.#takenMessages = 0
  }

  override _read(): void {
    this.#wanted = true
    this.#deliver()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#received.length = 0
    closePort(this.#port)
    callback(error)
  }
}

/** stdin of a guest process. `end()` half-closes: the process reads end of file. */
export class StdioWritable extends Writable {
  readonly #port: MessagePort
  readonly #subject: CallSubject
  readonly #activity: Activity | undefined
  #credit = STDIO_WINDOW_BYTES
  #pending: { rest: Uint8Array; done: (error?: Error | null) => void } | undefined

  constructor(port: MessagePort, subject: CallSubject, activity?: Activity) {
    // Finishing is only our half: the port stays until the actor says that the stream is over.
    super({ highWaterMark: PIECE_BYTES, decodeStrings: true, autoDestroy: false })
    this.#port = port
    this.#subject = subject
    this.#activity = activity
    this.on('error', heard)
    port.on('message', (message: StdioMessage) => this.#receive(message))
    port.once('close', () => this.#cutOff())
    port.unref()
  }

  #receive(message: StdioMessage): void {
    if (message instanceof Uint8Array) return
    if ('credit' in message) {
      this.#credit += message.credit
      this.#send()
    } else if ('closed' in message) {
      // A process may end, or close its input, while somebody writes: no failure, but to what was still to be written.
      if (message.unread === true || message.unused === true) this.destroy()
      else this.#cutOff()
    }
  }

  /** All that was written may have arrived when it had ended before. */
  #cutOff(): void {
    this.destroy(this.writableFinished ? undefined : cutError(this.#subject))
  }

  #send(): void {
    while (this.#pending !== undefined && this.#credit > 0) {
      const { rest, done } = this.#pending
      const size = Math.min(rest.byteLength, this.#credit, PIECE_BYTES)
      // A copy: the caller may reuse the buffer, and pooled Buffers cannot be transferred.
      const piece = new Uint8Array(rest.subarray(0, size))
      this.#credit -= size
      if (this.#activity !== undefined) this.#activity.stdinBytes += size
      this.#port.postMessage(piece, [piece.buffer])
      if (size < rest.byteLength) this.#pending.rest = rest.subarray(size)
      else {
        this.#pending = undefined
        done()
      }
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (chunk.byteLength === 0) {
      callback()
      return
    }
    this.#pending = { rest: chunk, done: callback }
    this.#send()
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#port.postMessage({ end: true } satisfies StdioMessage)
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const pending = this.#pending
    this.#pending = undefined
    // Whoever waits for this write must hear of it, also where the stream itself ends without an error.
    pending?.done(error ?? unreadError(this.#subject))
    // After `end` the actor still drains what it has; only a stream given up early is cut.
    if (this.writableFinished) this.#port.close()
    else closePort(this.#port)
    callback(error)
  }
}

/** Whoever wants to know of an error listens beside this. */
const heard = (): void => undefined

function cutError(subject: CallSubject): BridgeClosedError {
  const reason = 'the stream was cut before its end, with its connection or the thread that carried it'
  return new BridgeClosedError({ ...subject, reason })
}

function unreadError(subject: CallSubject): InvalidStateError {
  const reason = 'the stream was closed before all of this was written: here, or by the process, which may be gone'
  return new InvalidStateError({ ...subject, state: 'closed', reason })
}

function closePort(port: MessagePort): void {
  port.postMessage({ closed: true } satisfies StdioMessage)
  port.close()
}
