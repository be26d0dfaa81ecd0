// The emitter that Host, UtilityVM and Guest are: eventemitter3 behind typed on, once and off. What a listener throws, or rejects
// with, is the listener's affair: it becomes a process warning and neither stops the other listeners nor unwinds into an actor.
// (A guest decides when many of these events happen; it must not be able to end the process through a careless listener.)

import { EventEmitter } from 'eventemitter3'
import { AbortError, InvalidConfigError } from '../errors.js'
import { COUNT, SIGNAL } from '../options/rows.js'
import { checkName, checkOptions, optionTable } from '../options/table.js'
import { describeThrown } from '../protocol/text.js'
import { EventStream } from './event-stream.js'

type Listener = (...args: unknown[]) => unknown
export type EventArguments<E, K extends keyof E> = E[K] extends unknown[] ? E[K] : never

/** Every event of `E`, and names that are known although nothing emits them yet. */
export type EventNames<E> = Readonly<Record<keyof E & string, true> & Record<string, true>>

/** What Node.js itself listens to (`events.once`: 'error'). Never emitted. */
const OF_NODE = ['error', 'newListener', 'removeListener']

export interface OnceOptions {
  /** Takes the listener away when it aborts. */
  signal?: AbortSignal
}

export interface EventStreamOptions {
  /** Ends the iteration with an AbortError. */
  signal?: AbortSignal
  /** Events kept for a reader that is slower than they come, default 1024; beyond it the oldest is dropped and counted. */
  limit?: number
}

export const ONCE_OPTIONS = optionTable<OnceOptions>('options', { signal: SIGNAL })
export const EVENT_STREAM_OPTIONS = optionTable<EventStreamOptions>('options', { signal: SIGNAL, limit: COUNT })

type AnyStream = EventStream<unknown[]>

export class Events<E> {
  readonly #emitter = new EventEmitter()
  readonly #streams = new Map<string, Set<AnyStream>>()
  #hasEnded = false
  /** The guarded form of each listener, so that `off` finds it. */
  readonly #guards = new WeakMap<Listener, Listener>()

  readonly #label: string
  readonly #names: EventNames<E>

  /** `label`: what its errors call it, such as host. */
  constructor(label: string, names: EventNames<E>) {
    this.#label = label
    this.#names = names
  }

  /** @throws {InvalidConfigError} there is no such event, or the listener is no function */
  on<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    this.#check('on', event, listener)
    this.#emitter.on(event, this.#guard(listener as Listener))
    return this
  }

  /** @throws {InvalidConfigError} there is no such event, or the listener is no function */
  once<K extends keyof E & string>(
    event: K,
    listener: (...args: EventArguments<E, K>) => unknown,
    options?: OnceOptions,
  ): this {
    this.#check('once', event, listener)
    checkOptions({ op: `${this.#label}.once` }, options, ONCE_OPTIONS)
    const signal = options?.signal
    if (signal?.aborted === true) return this
    const guarded = this.#guard(listener as Listener)
    this.#emitter.once(event, guarded)
    if (signal === undefined) return this
    const forget = (): void => void this.#emitter.off(event, guarded)
    signal.addEventListener('abort', forget, { once: true })
    this.#emitter.once(event, () => signal.removeEventListener('abort', forget))
    return this
  }

  /** @throws {InvalidConfigError} there is no such event, or the listener is no function */
  off<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    this.#check('off', event, listener)
    this.#emitter.off(event, this.#guard(listener as Listener))
    return this
  }

  /** What Node.js calls `on`: `events.on(host, …)` and the like take this emitter. */
  addListener<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    return this.on(event, listener)
  }

  /** What Node.js calls `off`. */
  removeListener<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    return this.off(event, listener)
  }

  /**
   * The arguments of each event, from the moment of the call on: `for await (const [id, exit] of host.events('vm-exited'))`. Ends when
   * nothing more can come: a Host, VM or Guest that was closed, a container that has exited.
   *
   * @throws {InvalidConfigError} there is no such event, or a mistake in the options
   */
  events<K extends keyof E & string>(event: K, options?: EventStreamOptions): EventStream<EventArguments<E, K>> {
    const op = `${this.#label}.events`
    this.#checkName(op, event)
    checkOptions({ op }, options, EVENT_STREAM_OPTIONS)
    const { signal, limit } = options ?? {}
    const streams = this.#streams.get(event) ?? new Set<AnyStream>()
    this.#streams.set(event, streams)
    const onAbort = (): void => stream.end(new AbortError({ op, cause: signal?.reason }))
    const stream: AnyStream = new EventStream(() => {
      streams.delete(stream)
      signal?.removeEventListener('abort', onAbort)
    }, limit)
    streams.add(stream)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted === true) onAbort()
    if (this.#hasEnded) stream.end()
    return stream as unknown as EventStream<EventArguments<E, K>>
  }

  /** Nothing more comes: whoever iterates reads what is kept and is done. */
  protected endEvents(): void {
    this.#hasEnded = true
    for (const streams of this.#streams.values()) for (const stream of [...streams]) stream.end()
    this.#streams.clear()
  }

  #checkName(op: string, event: unknown): void {
    const isKnown = typeof event === 'string' && (Object.hasOwn(this.#names, event) || OF_NODE.includes(event))
    if (!isKnown) checkName({ op }, 'event', event, Object.keys(this.#names))
  }

  #check(method: string, event: unknown, listener: unknown): void {
    const subject = { op: `${this.#label}.${method}` }
    this.#checkName(subject.op, event)
    if (typeof listener === 'function') return
    throw new InvalidConfigError({ ...subject, path: 'listener', value: listener, reason: 'expected a function' })
  }

  protected emit<K extends keyof E & string>(event: K, ...args: EventArguments<E, K>): void {
    for (const stream of this.#streams.get(event) ?? []) stream.push(args)
    this.#emitter.emit(event, ...args)
  }

  #guard(listener: Listener): Listener {
    const known = this.#guards.get(listener)
    if (known !== undefined) return known
    const guarded: Listener = (...args) => {
      try {
        const result = listener(...args)
        if (result instanceof Promise) result.catch(report)
      } catch (error) {
        report(error)
      }
    }
    this.#guards.set(listener, guarded)
    return guarded
  }
}

function report(error: unknown): void {
  const detail = describeThrown(error)
  process.emitWarning('An event listener failed', { type: 'UVMListenerWarning', detail })
}
