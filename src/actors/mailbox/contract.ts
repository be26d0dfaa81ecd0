// The contract of every mailbox: requests with one answer, notices without, cancel by call number.
//
// The wire is Comlink's. Requests are its APPLY messages, packed by our own caller (wire.ts); an actor method never throws across but
// answers an Outcome. Notices (events) go in arrays, which a plain Comlink client ignores.

import type { MessagePort } from 'node:worker_threads'
import type { UVMError } from '../../errors.js'
import type { WireError } from '../../errors-wire.js'
import type { CallOptions } from '../../protocol/call-options.js'
import type { Clock } from '../../native/clock.js'
import type { OpenChannel } from './channel.js'
import type { TraceContext } from './trace-context.js'

export type { CallOptions }

/** What may be asked of an actor: method name to its input and output. Only plain data and ports cross. */
export type RequestMap<R> = Record<keyof R, { input: unknown; output: unknown }>
/** What an actor says unasked: event name to its arguments. */
export type NoticeMap<E> = Record<keyof E, unknown[]>

export type Outcome<T> = { ok: T } | { error: WireError }

/** Names a call, so that `cancel` can refer to it. A plain Comlink client may leave it out. */
export interface CallMeta {
  call?: number
  /** The caller's own time, milliseconds, or Infinity for none: it replaces the actor's default. */
  timeoutMs?: number
  /** The caller's span. */
  trace?: TraceContext
}

/** Why the caller no longer waits: its promise has settled already, the actor makes good what still happens. */
export type CancelReason = 'abort' | 'timeout'

/** The object an actor exposes: an object made by plain `Comlink.wrap<ActorApi<R>>(port)` works against it. */
export type ActorApi<R extends RequestMap<R>> = {
  [K in keyof R]: (input: R[K]['input'], meta?: CallMeta) => Promise<Outcome<R[K]['output']>>
} & {
  /** One way. An unknown or finished call is ignored. */
  cancel(call: number, reason: CancelReason): void
  /** Ends the actor: what is in flight is failed or made good, everything is released, then the answer comes. */
  stop(): Promise<Outcome<undefined>>
}

/** How far a call had come when its time ran out. */
export interface Standing {
  /** It may still happen. */
  sent: boolean
  /** What it waited for, or behind. */
  reason?: string
}

/** What a handler inside the actor knows of the call it serves. */
export interface ActorCall {
  /** The caller's own time, milliseconds, or Infinity for none; absent: the actor's default applies. */
  readonly timeoutMs?: number | undefined
  /** The caller gave a time of its own, so the default does not apply. */
  readonly timed: boolean
  /**
   * Told when the caller's time runs out, so kept true by whoever works on the call. Absent: it was sent.
   */
  standing?: (() => Standing) | undefined
  /** The handler itself answers when the caller's time is over; from here on nobody else does. */
  keepsTime(): void
  /** The caller's span, when it had one. */
  readonly trace?: TraceContext | undefined
  /** Runs `listener` once, at once when the call is cancelled already. The returned function forgets it. */
  onCancel(listener: (reason: CancelReason) => void): () => void
  /** Whether its caller gave up, or its time is over. */
  isCancelled(): boolean
}

/** The actor's inside: handlers throw typed errors, the shell turns them into outcomes. */
export type ActorHandlers<R extends RequestMap<R>> = {
  [K in keyof R]: (input: R[K]['input'], call: ActorCall) => Promise<R[K]['output']> | R[K]['output']
}

/** A notice on the wire. */
export interface NoticeMessage {
  notice: string
  args: unknown[]
}

/** What a failing call was about; becomes part of the error's message and its `op`, `id`, `path` fields. */
export interface CallSubject {
  /** Label of the operation, such as `vm.start` or `vm.addSCSIDisk`. */
  op: string
  id?: string
  path?: string
}

/** The main thread's end of a mailbox. */
export interface Mailbox<R extends RequestMap<R>, E extends NoticeMap<E>> {
  /**
   * Asks and waits for the one answer. Bad options reject with InvalidConfigError; an abort with AbortError; the caller's time-out
   * with OperationTimeoutError; a port that closed, or a thread that died, with ActorLostError. The error shows the caller's stack.
   */
  call<K extends keyof R & string>(
    method: K,
    input: R[K]['input'],
    subject: CallSubject,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<R[K]['output']>
  /** One listener per notice: a later call replaces the earlier. Notices keep their order with answers. */
  onNotice<K extends keyof E & string>(
    notice: K,
    listener: (...args: E[K] extends unknown[] ? E[K] : never) => void,
  ): void
  /** Resolves once when the mailbox is over, with the reason (undefined: closed on purpose). */
  readonly ended: Promise<Error | undefined>
  /** Asks the actor to stop, waits for it, closes the port. Idempotent. */
  stop(): Promise<void>
  /** The actor was lost while it was being stopped: what it had open nobody has closed in order. */
  readonly wasCutOff: boolean
  /** Settles everything outstanding with ActorLostError (cause) and closes the port. Idempotent. */
  lose(cause: Error): void
  /** What a call fails with when its actor was stopped on purpose, in flight or asked later; ActorLostError unless set. */
  whenStopped?: ((subject: CallSubject, when: 'in-flight' | 'later') => UVMError) | undefined
  /** Bounds what has no time of its own, counted from the call, those to come included: its thread does not answer. By operation; undefined for none. */
  bound(timeoutOf: (op: string) => number | undefined): void
  /** Calls without an answer yet. */
  readonly outstanding: number
  /** The time that its calls go by. */
  readonly clock: Clock
  /** Makes what streams between its two threads go through. */
  readonly openChannel: OpenChannel
}

/** What may be moved to a thread. */
export type Transferable = ArrayBuffer | MessagePort

/** The actor's end. */
export interface ActorPort<E extends NoticeMap<E>> {
  notify<K extends keyof E & string>(notice: K, ...args: E[K] extends unknown[] ? E[K] : never): void
  /** Resolves when the port is closed or `stop` has been served. */
  readonly closed: Promise<void>
}
