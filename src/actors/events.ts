// The emitter that Host, UtilityVM and Guest are: eventemitter3 behind typed on, once and off. What a listener throws, or rejects
// with, is the listener's affair: it becomes a process warning and neither stops the other listeners nor unwinds into an actor.
// (A guest decides when many of these events happen; it must not be able to end the process through a careless listener.)

import { EventEmitter } from 'eventemitter3'
import { InvalidConfigError } from '../errors.js'
import { checkName } from '../options/table.js'

type Listener = (...args: unknown[]) => unknown
export type EventArguments<E, K extends keyof E> = E[K] extends unknown[] ? E[K] : never

/** Every event of `E`, and names that are known although nothing emits them yet. */
export type EventNames<E> = Readonly<Record<keyof E & string, true> & Record<string, true>>

/** What Node.js itself listens to (`events.once`: 'error'). Never emitted. */
const OF_NODE = ['error', 'newListener', 'removeListener']

export class Events<E> {
  readonly #emitter = new EventEmitter()
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
  once<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    this.#check('once', event, listener)
    this.#emitter.once(event, this.#guard(listener as Listener))
    return this
  }

  /** @throws {InvalidConfigError} there is no such event, or the listener is no function */
  off<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    this.#check('off', event, listener)
    this.#emitter.off(event, this.#guard(listener as Listener))
    return this
  }

  #check(method: string, event: unknown, listener: unknown): void {
    const subject = { op: `${this.#label}.${method}` }
    const isKnown = typeof event === 'string' && (Object.hasOwn(this.#names, event) || OF_NODE.includes(event))
    if (!isKnown) checkName(subject, 'event', event, Object.keys(this.#names))
    if (typeof listener === 'function') return
    throw new InvalidConfigError({ ...subject, path: 'listener', value: listener, reason: 'expected a function' })
  }

  protected emit<K extends keyof E & string>(event: K, ...args: EventArguments<E, K>): void {
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
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning('An event listener failed', { type: 'UVMListenerWarning', detail })
}
