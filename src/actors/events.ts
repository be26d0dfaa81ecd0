// The emitter that Host, UtilityVM and Guest are: eventemitter3 behind typed on, once and off. What a listener throws, or rejects
// with, is the listener's affair: it becomes a process warning and neither stops the other listeners nor unwinds into an actor.
// (A guest decides when many of these events happen; it must not be able to end the process through a careless listener.)

import { EventEmitter } from 'eventemitter3'

type Listener = (...args: unknown[]) => unknown
type Arguments<E, K extends keyof E> = E[K] extends unknown[] ? E[K] : never

export class Events<E> {
  readonly #emitter = new EventEmitter()
  /** The guarded form of each listener, so that `off` finds it. */
  readonly #guards = new WeakMap<Listener, Listener>()

  on<K extends keyof E & string>(event: K, listener: (...args: Arguments<E, K>) => unknown): this {
    this.#emitter.on(event, this.#guard(listener as Listener))
    return this
  }

  once<K extends keyof E & string>(event: K, listener: (...args: Arguments<E, K>) => unknown): this {
    this.#emitter.once(event, this.#guard(listener as Listener))
    return this
  }

  off<K extends keyof E & string>(event: K, listener: (...args: Arguments<E, K>) => unknown): this {
    this.#emitter.off(event, this.#guard(listener as Listener))
    return this
  }

  protected emit<K extends keyof E & string>(event: K, ...args: Arguments<E, K>): void {
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
