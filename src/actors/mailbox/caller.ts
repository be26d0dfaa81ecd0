// The main thread's end of a mailbox: a caller of our own on Comlink's wire. Calls are numbered, a turn's calls go out as one message,
// and every call settles: by its answer, its caller's signal or time, or the loss of the actor.

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { UVMError } from '../../errors.js'
import { AbortError, ActorLostError, InvalidConfigError, OperationTimeoutError } from '../../errors.js'
import { atCallSite, callSite, fromWireError, type CallSite, type WireError } from '../../errors-wire.js'
import { systemClock, type Clock, type Timer } from '../../native/clock.js'
import { onAbort } from './abort-listeners.js'
import { activeTrace } from './trace-context.js'
import type {
  CallMeta,
  CallOptions,
  CallSubject,
  CancelReason,
  Mailbox,
  NoticeMap,
  Outcome,
  RequestMap,
  Transferable,
} from './contract.js'

/** A request on Comlink's wire. */
interface Outgoing {
  id: number
  type: 'APPLY'
  path: string[]
  argumentList: { type: 'RAW'; value: unknown }[]
}

function request(id: number, method: string, args: readonly unknown[]): Outgoing {
  return { id, type: 'APPLY', path: [method], argumentList: args.map((value) => ({ type: 'RAW', value })) }
}

interface Pending {
  readonly subject: CallSubject
  readonly site: CallSite
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
  readonly startedMs: number
  timer?: Timer
  unlisten?: () => void
}

export interface MailboxOptions {
  clock?: Clock
  /** Told of every answer: label of the operation and milliseconds from the call. */
  onLatency?: (op: string, ms: number) => void
}

type Notice = (...args: never[]) => void

/** Checks the options every asynchronous call takes. @throws {InvalidConfigError} */
export function checkCallOptions(options: CallOptions | undefined, subject: CallSubject): void {
  if (options === undefined) return
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new InvalidConfigError({ ...subject, path: 'options', value: options, reason: 'expected an object' })
  }
  const { timeoutMs, signal } = options
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    const reason = 'expected milliseconds above 0, or Infinity'
    throw new InvalidConfigError({ ...subject, path: 'timeoutMs', value: timeoutMs, reason })
  }
  if (
    signal !== undefined &&
    typeof (signal as { addEventListener?: unknown } | null)?.addEventListener !== 'function'
  ) {
    throw new InvalidConfigError({ ...subject, path: 'signal', value: signal, reason: 'expected an AbortSignal' })
  }
}

class Caller<R extends RequestMap<R>, E extends NoticeMap<E>> implements Mailbox<R, E> {
  readonly ended: Promise<Error | undefined>
  readonly #port: MessagePort
  readonly #clock: Clock
  readonly #onLatency: ((op: string, ms: number) => void) | undefined
  readonly #pending = new Map<number, Pending>()
  readonly #notices = new Map<string, Notice>()
  /** Came before anybody listened: an actor may speak in the same turn in which it answers its first call. */
  readonly #early: { notice: string; args: never[] }[] = []
  #nextId = 1
  #batch: Outgoing[] = []
  /** Received, but behind an answer whose caller has yet to run. */
  #held: unknown[] = []
  #scheduled = false
  /** Set once the mailbox is over. `cause` is absent when it was closed on purpose. */
  #over: { cause?: Error } | undefined
  #settleEnded: (cause: Error | undefined) => void = () => {}
  #stopping: Promise<void> | undefined

  constructor(port: MessagePort, options: MailboxOptions) {
    this.#port = port
    this.#clock = options.clock ?? systemClock
    this.#onLatency = options.onLatency
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve))
    port.on('message', (message: unknown) => {
      const messages: unknown[] = Array.isArray(message) ? message : [message]
      if (this.#held.length > 0) this.#held.push(...messages)
      else this.#take(messages)
    })
    port.once('close', () => this.#end(this.#stopping === undefined ? new Error('its port closed') : undefined))
    port.unref()
  }

  get outstanding(): number {
    return this.#pending.size
  }

  call<K extends keyof R & string>(
    method: K,
    input: R[K]['input'],
    subject: CallSubject,
    options?: CallOptions & { transfer?: readonly Transferable[] },
  ): Promise<R[K]['output']> {
    const site = callSite(this.call)
    return this.#call(method, [input], subject, site, options)
  }

  #call(
    method: string,
    args: unknown[],
    subject: CallSubject,
    site: CallSite,
    options?: CallOptions & { transfer?: readonly Transferable[] },
  ): Promise<never> {
    return new Promise((resolve, reject) => {
      try {
        checkCallOptions(options, subject)
        if (options?.signal?.aborted === true) throw aborted(subject, options.signal)
        if (this.#over !== undefined) throw this.#lost(subject)
      } catch (error) {
        reject(atCallSite(error as Error, site))
        return
      }
      const id = this.#nextId++
      const pending: Pending = { subject, site, resolve, reject, startedMs: this.#clock.now() }
      this.#pending.set(id, pending)
      this.#watch(id, pending, options)
      const meta: CallMeta = options?.timeoutMs === undefined ? { call: id } : { call: id, timed: true }
      const trace = activeTrace()
      if (trace !== undefined) meta.trace = trace
      this.#send(request(id, method, [...args, meta]), options?.transfer ?? [])
    })
  }

  #watch(id: number, pending: Pending, options: CallOptions | undefined): void {
    const { signal, timeoutMs } = options ?? {}
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      pending.timer = this.#clock.after(timeoutMs, () => {
        this.#giveUp(id, 'timeout', new OperationTimeoutError({ ...pending.subject, timeoutMs }))
      })
    }
    if (signal !== undefined) {
      pending.unlisten = onAbort(signal, () => this.#giveUp(id, 'abort', aborted(pending.subject, signal)))
    }
  }

  /** The caller no longer waits: its promise settles now, the actor is told, a late answer is dropped. */
  #giveUp(id: number, reason: CancelReason, error: UVMError): void {
    const pending = this.#forget(id)
    if (pending === undefined) return
    pending.reject(atCallSite(error, pending.site))
    const unsent = this.#batch.findIndex((message) => message.id === id)
    if (unsent !== -1) {
      this.#batch.splice(unsent, 1)
      return
    }
    this.#send(request(this.#nextId++, 'cancel', [id, reason]), [])
  }

  #forget(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    pending.timer?.clear()
    pending.unlisten?.()
    return pending
  }

  #send(message: Outgoing, transfer: readonly Transferable[]): void {
    if (transfer.length > 0) {
      // A message with a transfer list may fail to clone: alone, it fails only its own call.
      this.#flush()
      this.#post(message, transfer)
      return
    }
    this.#batch.push(message)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    try {
      this.#postRaw(batch, [])
    } catch {
      // One of them cannot be cloned: send them one by one, so that only that one fails.
      for (const message of batch) this.#post(message, [])
    }
  }

  #post(message: Outgoing, transfer: readonly Transferable[]): void {
    try {
      this.#postRaw(message, transfer)
    } catch (cause) {
      const pending = this.#forget(message.id)
      const reason = 'an argument cannot be sent to the actor'
      pending?.reject(atCallSite(new InvalidConfigError({ ...pending.subject, reason, cause }), pending.site))
    }
  }

  #postRaw(message: unknown, transfer: readonly Transferable[]): void {
    if (this.#over === undefined) this.#port.postMessage(message, transfer)
  }

  /**
   * A notice that follows an answer waits until the answer's caller has run, so that what happened first is heard first although both
   * came in one message.
   */
  #take(messages: unknown[]): void {
    let isAnswered = false
    for (const [index, message] of messages.entries()) {
      const isNotice = typeof message === 'object' && message !== null && 'notice' in message
      if (isNotice && isAnswered) {
        this.#held = messages.slice(index)
        setImmediate(() => {
          const held = this.#held
          this.#held = []
          this.#take(held)
        })
        return
      }
      isAnswered ||= !isNotice
      this.#receive(message)
    }
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return
    const { id, notice, args, value } = message as {
      id?: number
      notice?: string
      args?: never[]
      value?: Outcome<never>
    }
    if (notice !== undefined) {
      const listener = this.#notices.get(notice)
      if (listener === undefined) this.#early.push({ notice, args: args ?? [] })
      else listener(...(args ?? []))
      return
    }
    const pending = id === undefined ? undefined : this.#forget(id)
    if (pending === undefined) return
    this.#onLatency?.(pending.subject.op, this.#clock.now() - pending.startedMs)
    if (value !== undefined && typeof value === 'object' && 'ok' in value) pending.resolve(value.ok)
    else pending.reject(failure(value, pending))
  }

  onNotice<K extends keyof E & string>(
    notice: K,
    listener: (...args: E[K] extends unknown[] ? E[K] : never) => void,
  ): void {
    const known = listener as unknown as Notice
    this.#notices.set(notice, known)
    for (const early of this.#early.filter((one) => one.notice === notice)) {
      this.#early.splice(this.#early.indexOf(early), 1)
      known(...early.args)
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    if (this.#over === undefined) {
      await this.#call('stop', [], { op: 'actor.stop' }, {}).catch(() => undefined)
    }
    this.#end(undefined)
  }

  lose(cause: Error): void {
    this.#end(cause)
  }

  #end(cause: Error | undefined): void {
    if (this.#over !== undefined) return
    this.#flush()
    this.#over = cause === undefined ? {} : { cause }
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#forget(id)
      pending?.reject(atCallSite(this.#lost(pending.subject), pending.site))
    }
    this.#port.close()
    this.#settleEnded(cause)
  }

  #lost(subject: CallSubject): ActorLostError {
    const cause = this.#over?.cause
    return new ActorLostError({ ...subject, ...(cause === undefined ? { reason: 'it was stopped' } : { cause }) })
  }
}

function aborted(subject: CallSubject, signal: AbortSignal): AbortError {
  return new AbortError({ ...subject, cause: signal.reason as unknown })
}

/** The typed error of a failing outcome; anything else that came back is the actor's fault. */
function failure(value: unknown, pending: Pending): Error {
  const record = (value as { error?: WireError } | undefined)?.error
  if (record !== undefined) return fromWireError(record, pending.site)
  return atCallSite(new ActorLostError({ ...pending.subject, reason: 'it answered with something else' }), pending.site)
}

/** Opens the main thread's end of a mailbox. */
export function openMailbox<R extends RequestMap<R>, E extends NoticeMap<E>>(
  port: MessagePort,
  options: MailboxOptions = {},
): Mailbox<R, E> {
  return new Caller<R, E>(port, options)
}

/** Two ends of a new channel: one to keep, one to send to a thread. */
export function newChannel(): { local: MessagePort; remote: MessagePort } {
  const { port1, port2 } = new MessageChannel()
  return { local: port1, remote: port2 }
}
