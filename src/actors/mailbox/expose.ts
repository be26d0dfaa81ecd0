// The shell around an actor: serves our own caller, keeps the cancel bookkeeping, serves `stop`, and exposes the same with Comlink, as methods
// that never throw but answer outcomes.

import { expose } from 'comlink'
import type { MessagePort } from 'node:worker_threads'
import { OperationTimeoutError } from '../../errors.js'
import { toWireError } from '../../errors-wire.js'
import { systemClock, type Clock, type Timer } from '../../native/clock.js'
import type {
  ActorCall,
  ActorHandlers,
  ActorPort,
  CallMeta,
  CancelReason,
  NoticeMap,
  Outcome,
  RequestMap,
  Standing,
} from './contract.js'
import { ActorEndpoint } from './endpoint.js'
import type { TraceContext } from './trace-context.js'
import { unpackCalls } from './wire.js'

const nothing = (): void => undefined

class Call implements ActorCall {
  #reason: CancelReason | undefined
  /** Absent until somebody listens: most calls are never cancelled. */
  #listeners: Set<(reason: CancelReason) => void> | undefined
  readonly timeoutMs: number | undefined
  readonly trace: TraceContext | undefined
  standing: (() => Standing) | undefined
  #timer: Timer | undefined
  #keepsTime = false

  /** `meta`: absent for a call that nobody can cancel. */
  constructor(private readonly meta: CallMeta | undefined) {
    this.timeoutMs = meta?.timeoutMs
    this.trace = meta?.trace
  }

  get timed(): boolean {
    return this.timeoutMs !== undefined
  }

  /** Settles as `work` does, or when the caller's time is over: the call is cancelled then, and the work goes on unheard. */
  within<T>(work: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => this.#timer?.clear()
      this.#timer = clock.after(timeoutMs, () => {
        const { sent, reason } = this.standing?.() ?? { sent: true }
        this.cancel('timeout')
        reject(new OperationTimeoutError({ timeoutMs, sent, reason }))
      })
      // Its handler may have taken the time over before there was a timer.
      if (this.#keepsTime) end()
      work.then(resolve, reject).finally(end)
    })
  }

  keepsTime(): void {
    this.#keepsTime = true
    this.#timer?.clear()
  }

  onCancel(listener: (reason: CancelReason) => void): () => void {
    if (this.meta === undefined) return nothing
    if (this.#reason !== undefined) listener(this.#reason)
    else (this.#listeners ??= new Set()).add(listener)
    return () => void this.#listeners?.delete(listener)
  }

  isCancelled(): boolean {
    return this.#reason !== undefined
  }

  cancel(reason: CancelReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    const listeners = this.#listeners
    this.#listeners = undefined
    for (const listener of listeners ?? []) listener(reason)
  }
}

export interface ExposeOptions {
  /** Releases everything the actor holds; called once, for `stop` or because the other side of the port is gone. */
  onStop(): Promise<void>
  /** Keeps the callers' times, and says when a turn is over. The system's unless given. */
  clock?: Clock
}

type Handler = (input: unknown, call: ActorCall) => unknown

/** One object an actor, with nothing made before it is wanted: there are very many actors. */
class Shell<E extends NoticeMap<E>> implements ActorPort<E> {
  readonly closed: Promise<void>
  readonly #handlers: Readonly<Record<string, Handler>>
  readonly #options: ExposeOptions
  readonly #clock: Clock
  readonly #endpoint: ActorEndpoint
  /** Under way, and can be cancelled. */
  readonly #calls = new Map<number, Call>()
  #stopping: Promise<void> | undefined

  constructor(port: MessagePort, handlers: Readonly<Record<string, Handler>>, options: ExposeOptions) {
    this.#handlers = handlers
    this.#options = options
    this.#clock = options.clock ?? systemClock
    let settleClosed: () => void
    this.closed = new Promise((resolve) => (settleClosed = resolve))
    this.#endpoint = new ActorEndpoint(port, this.#clock, {
      onCalls: (batch) => unpackCalls(batch, this.#take),
      onStranger: () => this.#exposeToComlink(),
      onClose: () => {
        void this.#stopOnce()
          .catch(() => undefined)
          .then(settleClosed)
      },
    })
  }

  notify<K extends keyof E & string>(notice: K, ...args: E[K] extends unknown[] ? E[K] : never): void {
    this.#endpoint.notify({ notice, args })
  }

  #stopOnce(): Promise<void> {
    return (this.#stopping ??= this.#options.onStop())
  }

  /** A call of our own caller: what it costs is paid by every call there is. */
  readonly #take = (id: number, method: string, input: unknown, meta: unknown): void => {
    if (method === 'cancel') return this.#cancel(input as number, meta as CancelReason)
    try {
      const answer = method === 'stop' ? this.#stop() : this.#run(method, input, meta as CallMeta | undefined)
      if (!(answer instanceof Promise)) return this.#endpoint.answer(id, answer)
      answer.then(
        (value: unknown) => this.#endpoint.answer(id, value),
        (error: unknown) => this.#endpoint.fail(id, error),
      )
    } catch (error) {
      this.#endpoint.fail(id, error)
    }
  }

  #run(method: string, input: unknown, meta: CallMeta | undefined): unknown {
    const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined
    if (handler === undefined) throw new TypeError(`the actor has no method ${method}`)
    return meta === undefined ? handler(input, new Call(undefined)) : this.#attend(handler, input, meta)
  }

  /** A call that can be cancelled, or has a time of its own. */
  async #attend(handler: Handler, input: unknown, meta: CallMeta): Promise<unknown> {
    const call = new Call(meta)
    const number = meta.call
    const timeoutMs = call.timeoutMs ?? Infinity
    if (number !== undefined) this.#calls.set(number, call)
    try {
      if (timeoutMs === Infinity) return await handler(input, call)
      const work = (async () => handler(input, call))()
      return await call.within(work, timeoutMs, this.#clock)
    } finally {
      if (number !== undefined) this.#calls.delete(number)
    }
  }

  #cancel(number: number, reason: CancelReason): void {
    this.#calls.get(number)?.cancel(reason)
  }

  async #stop(): Promise<undefined> {
    try {
      await this.#stopOnce()
      return undefined
    } finally {
      // After this answer has gone out: Comlink posts it in the microtasks that follow.
      this.#clock.immediate(() => this.#clock.immediate(() => this.#endpoint.close()))
    }
  }

  /** Somebody calls who is not our own caller: an object made by plain Comlink.wrap. */
  #exposeToComlink(): void {
    const outcome = async (work: () => unknown): Promise<Outcome<unknown>> => {
      try {
        return { ok: await work() }
      } catch (error) {
        return { error: toWireError(error) }
      }
    }
    // No prototype: Comlink resolves whatever path a message names.
    const api = Object.create(null) as Record<string, unknown>
    for (const name of Object.keys(this.#handlers)) {
      api[name] = (input: unknown, meta?: CallMeta) => outcome(() => this.#run(name, input, meta))
    }
    api['cancel'] = (number: number, reason: CancelReason) => this.#cancel(number, reason)
    api['stop'] = () => outcome(() => this.#stop())
    expose(api, this.#endpoint)
  }
}

/** Exposes `handlers` on `port` as an ActorApi. */
export function exposeActor<R extends RequestMap<R>, E extends NoticeMap<E>>(
  port: MessagePort,
  handlers: ActorHandlers<R>,
  options: ExposeOptions,
): ActorPort<E> {
  return new Shell<E>(port, handlers as Readonly<Record<string, Handler>>, options)
}
