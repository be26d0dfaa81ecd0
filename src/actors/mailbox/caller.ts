// The main thread's end of a mailbox: a caller of our own on Comlink's wire. Calls are numbered, a turn's calls go out together, and every
// call settles: by its answer, its caller's signal or time, or the loss of the actor.

import type { MessagePort } from 'node:worker_threads'
import {
  AbortError,
  ActorLostError,
  InvalidConfigError,
  OperationTimeoutError,
  UVMError,
  withContext,
} from '../../errors.js'
import { atCallSite, callSite, fromWireError, isWireError, type CallSite } from '../../errors-wire.js'
import { endOfTurn, systemClock, type Clock, type Timer } from '../../native/clock.js'
import { typedFailure } from '../typed-failure.js'
import { onAbort } from './abort-listeners.js'
import { checkCallOptions } from './call-options.js'
import { newChannel, type OpenChannel } from './channel.js'
import { activeTrace } from './trace-context.js'
import type {
  CallMeta,
  CallOptions,
  CallSubject,
  CancelReason,
  Mailbox,
  NoticeMap,
  NoticeMessage,
  RequestMap,
  Transferable,
} from './contract.js'
import { dropCall, EARLY_CALL_ENTRIES, NOTICE, packCall, splitCalls, type AnswerBatch, type CallBatch } from './wire.js'

/**
 * Calls on their way up to which a call notes its caller's stack when it is made. That takes 2.5 µs, which is nothing beside one call to
 * HCS, but half of what a call costs when very many are under way: an error among those shows the stack of who awaits it.
 */
const NOTED_STACKS = 32

/**
 * The actor keeps a call's time, for it knows how far the call has come. This much later, milliseconds, the call is settled here all the
 * same: its thread does not answer.
 */
const LAST_RESORT_MS = 100

interface Pending {
  readonly subject: CallSubject
  /** Absent: the error is given its stack by who awaits it. */
  readonly site: CallSite | undefined
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
  readonly startedMs: number
  timer?: Timer
  unlisten?: () => void
}

export interface MailboxOptions {
  /** The system's unless given. */
  clock?: Clock
  /** Real ones unless given. */
  openChannel?: OpenChannel
  /** Told of every answer: label of the operation and milliseconds from the call. */
  onLatency?: (op: string, ms: number) => void
  /** Told when the first call goes out while none was under way. */
  onBusy?: () => void
}

type Notice = (...args: never[]) => void

class Caller<R extends RequestMap<R>, E extends NoticeMap<E>> implements Mailbox<R, E> {
  readonly ended: Promise<Error | undefined>
  readonly clock: Clock
  readonly openChannel: OpenChannel
  whenStopped: Mailbox<R, E>['whenStopped']
  wasCutOff = false
  readonly #port: MessagePort
  readonly #onLatency: ((op: string, ms: number) => void) | undefined
  readonly #onBusy: (() => void) | undefined
  readonly #pending = new Map<number, Pending>()
  readonly #notices = new Map<string, Notice>()
  /** Came before anybody listened: an actor may speak in the same turn in which it answers its first call. */
  readonly #early: { notice: string; args: never[] }[] = []
  #nextId = 1
  #batch: CallBatch = []
  /** Received, but behind an answer whose caller has yet to run. */
  #held: AnswerBatch = []
  #scheduled = false
  /** Set once the mailbox is over. `cause` is absent when it was closed on purpose. */
  #over: { cause?: Error } | undefined
  #timeoutOf: ((op: string) => number | undefined) | undefined
  #settleEnded: (cause: Error | undefined) => void = () => {}
  #stopping: Promise<void> | undefined

  constructor(port: MessagePort, options: MailboxOptions) {
    this.#port = port
    this.clock = options.clock ?? systemClock
    this.openChannel = options.openChannel ?? newChannel
    this.#onLatency = options.onLatency
    this.#onBusy = options.onBusy
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve))
    port.on('message', (message: unknown) => {
      if (!Array.isArray(message)) return
      if (this.#held.length > 0) this.#held.push(...(message as AnswerBatch))
      else this.#take(message)
    })
    port.on('messageerror', (error) => this.#end(error))
    port.once('close', () => this.lose(new Error('its port closed')))
    port.unref()
  }

  get outstanding(): number {
    return this.#pending.size
  }

  call<K extends keyof R & string>(
    method: K,
    input: R[K]['input'],
    subject: CallSubject,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<R[K]['output']> {
    if (this.#pending.size >= NOTED_STACKS) return this.#callAwaited(method, input, subject, options, transfer)
    return this.#call(method, input, subject, callSite(this.call), options, transfer)
  }

  /** The awaiting functions' frames come for nothing: the engine finds them from here when the call has failed. */
  async #callAwaited(
    method: string,
    input: unknown,
    subject: CallSubject,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<never> {
    try {
      return await this.#call(method, input, subject, undefined, options, transfer)
    } catch (error) {
      throw atCallSite(error as Error, callSite(this.#callAwaited))
    }
  }

  #call(
    method: string,
    input: unknown,
    subject: CallSubject,
    site: CallSite | undefined,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<never> {
    return new Promise((resolve, reject) => {
      try {
        checkCallOptions(options, subject)
        if (options?.signal?.aborted === true) throw aborted(subject, options.signal)
        if (this.#over !== undefined) throw this.#lost(subject, 'later', false)
      } catch (error) {
        reject(atCallSite(error as Error, site))
        return
      }
      const id = this.#nextId++
      const pending: Pending = { subject, site, resolve, reject, startedMs: this.clock.now() }
      this.#pending.set(id, pending)
      if (this.#pending.size === 1) this.#onBusy?.()
      if (this.#timeoutOf !== undefined) this.#bound(id, pending, this.#timeoutOf)
      if (options !== undefined) this.#watch(id, pending, options)
      this.#send(id, method, input, metaOf(id, options), transfer)
    })
  }

  bound(timeoutOf: (op: string) => number | undefined): void {
    this.#timeoutOf = timeoutOf
    for (const [id, pending] of this.#pending) this.#bound(id, pending, timeoutOf)
  }

  #bound(id: number, pending: Pending, timeoutOf: (op: string) => number | undefined): void {
    const { subject, startedMs } = pending
    const timeoutMs = timeoutOf(subject.op)
    if (timeoutMs === undefined || pending.timer !== undefined) return
    const leftMs = Math.max(startedMs + timeoutMs - this.clock.now(), 0)
    const reason = 'its thread does not answer'
    pending.timer = this.clock.after(leftMs, () =>
      this.#giveUp(id, 'timeout', (sent) => new OperationTimeoutError({ ...subject, timeoutMs, sent, reason })),
    )
  }

  #watch(id: number, pending: Pending, { signal, timeoutMs }: CallOptions): void {
    if (timeoutMs !== undefined) pending.timer?.clear()
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      pending.timer = this.clock.after(timeoutMs + LAST_RESORT_MS, () => {
        const reason = 'its actor did not answer'
        const { subject } = pending
        this.#giveUp(id, 'timeout', (sent) => new OperationTimeoutError({ ...subject, timeoutMs, sent, reason }))
      })
    }
    if (signal !== undefined) {
      pending.unlisten = onAbort(signal, () => this.#giveUp(id, 'abort', () => aborted(pending.subject, signal)))
    }
  }

  /** The caller no longer waits: its promise settles now, the actor is told, a late answer is dropped. */
  #giveUp(id: number, reason: CancelReason, error: (sent: boolean) => UVMError): void {
    const pending = this.#forget(id)
    if (pending === undefined) return
    const sent = !dropCall(this.#batch, id)
    pending.reject(atCallSite(error(sent), pending.site))
    if (sent) this.#send(this.#nextId++, 'cancel', id, reason)
  }

  #forget(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    pending.timer?.clear()
    pending.unlisten?.()
    return pending
  }

  #send(
    id: number,
    method: string,
    input: unknown,
    meta: CallMeta | CancelReason | undefined,
    transfer: readonly Transferable[] = [],
  ): void {
    if (transfer.length > 0) {
      // A message with a transfer list may fail to clone: alone, it fails only its own call.
      this.#flush()
      const single: CallBatch = []
      packCall(single, id, method, input, meta)
      this.#post(id, single, transfer)
      return
    }
    packCall(this.#batch, id, method, input, meta)
    if (this.#batch.length >= EARLY_CALL_ENTRIES) {
      this.#flush()
      return
    }
    if (this.#scheduled) return
    this.#scheduled = true
    endOfTurn(this.clock, this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#scheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    try {
      this.#postRaw(batch, [])
    } catch {
      // One of them cannot be cloned: send them one by one, so that only that one fails.
      for (const { id, single } of splitCalls(batch)) this.#post(id, single, [])
    }
  }

  #post(id: number, single: CallBatch, transfer: readonly Transferable[]): void {
    try {
      this.#postRaw(single, transfer)
    } catch (cause) {
      const pending = this.#forget(id)
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
  #take(messages: AnswerBatch): void {
    let isAnswered = false
    const nowMs = this.clock.now()
    for (let at = 0; at < messages.length; at += 2) {
      const id = messages[at]
      if (id !== NOTICE) {
        isAnswered = true
        this.#answered(id as number, messages[at + 1], nowMs)
        continue
      }
      if (isAnswered) {
        this.#held = messages.slice(at)
        this.clock.immediate(() => this.#release())
        return
      }
      this.#noticed(messages[at + 1] as NoticeMessage)
    }
  }

  #release(): void {
    const held = this.#held
    this.#held = []
    this.#take(held)
  }

  #noticed({ notice, args }: NoticeMessage): void {
    const listener = this.#notices.get(notice)
    if (listener === undefined) this.#early.push({ notice, args: args as never[] })
    else listener(...(args as never[]))
  }

  #answered(id: number, value: unknown, nowMs: number): void {
    const pending = this.#forget(Math.abs(id))
    if (pending === undefined) return
    this.#onLatency?.(pending.subject.op, nowMs - pending.startedMs)
    if (id > 0) pending.resolve(value as never)
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
      this.wasCutOff = true
      await this.#call('stop', undefined, { op: 'actor.stop' }, {}).then(() => (this.wasCutOff = false), Object)
    }
    this.#end(undefined)
  }

  lose(cause: Error): void {
    this.#end(this.#stopping === undefined ? cause : undefined)
  }

  #end(cause: Error | undefined): void {
    if (this.#over !== undefined) return
    // What has not left yet never will when the actor is lost.
    if (cause === undefined) this.#flush()
    // What has been answered is not lost, although its turn has not come yet.
    while (this.#held.length > 0) this.#release()
    this.#over = cause === undefined ? {} : { cause }
    // Whoever starts the actor again hears of it before those whose calls are lost, who may call again at once.
    this.#settleEnded(cause)
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#forget(id)
      const sent = !dropCall(this.#batch, id)
      pending?.reject(atCallSite(this.#lost(pending.subject, 'in-flight', sent), pending.site))
    }
    this.#port.close()
  }

  #lost(subject: CallSubject, when: 'in-flight' | 'later', sent: boolean): UVMError {
    const cause = this.#over?.cause
    if (cause !== undefined) return new ActorLostError({ ...subject, sent, cause })
    return this.whenStopped?.(subject, when) ?? new ActorLostError({ ...subject, sent, reason: 'it was stopped' })
  }
}

/** What the actor must know of a call beyond its input; nothing, for one that nobody can cancel. */
function metaOf(id: number, options: CallOptions | undefined): CallMeta | undefined {
  const trace = activeTrace()
  const timeoutMs = options?.timeoutMs
  if (trace === undefined && timeoutMs === undefined && options?.signal === undefined) return undefined
  return {
    call: id,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(trace === undefined ? {} : { trace }),
  }
}

function aborted(subject: CallSubject, signal: AbortSignal): AbortError {
  return new AbortError({ ...subject, cause: signal.reason as unknown })
}

/** The typed error of a failing outcome; anything else that came back is the actor's fault. */
function failure(value: unknown, pending: Pending): Error {
  if (isWireError(value)) {
    const error = fromWireError(value, pending.site)
    // What the actor's shell says of any call does not know what the call was about.
    if (!(error instanceof UVMError)) return atCallSite(typedFailure(error, pending.subject), pending.site)
    return error.op === undefined ? atCallSite(withContext(error, pending.subject), pending.site) : error
  }
  return atCallSite(new ActorLostError({ ...pending.subject, reason: 'it answered with something else' }), pending.site)
}

/** Opens the main thread's end of a mailbox. */
export function openMailbox<R extends RequestMap<R>, E extends NoticeMap<E>>(
  port: MessagePort,
  options: MailboxOptions = {},
): Mailbox<R, E> {
  return new Caller<R, E>(port, options)
}
