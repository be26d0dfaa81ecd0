// The shell around an actor: turns handlers that throw into methods that answer outcomes, keeps the cancel bookkeeping, serves `stop`,
// and exposes the result with Comlink.

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

class Call implements ActorCall {
  #reason: CancelReason | undefined
  readonly #listeners = new Set<(reason: CancelReason) => void>()
  readonly timeoutMs: number | undefined
  readonly trace: TraceContext | undefined
  standing: (() => Standing) | undefined
  #timer: Timer | undefined
  #keepsTime = false

  constructor(meta: CallMeta | undefined) {
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
    if (this.#reason !== undefined) listener(this.#reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isCancelled(): boolean {
    return this.#reason !== undefined
  }

  cancel(reason: CancelReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }
}

export interface ExposeOptions {
  /** Releases everything the actor holds; called once, for `stop` or because the other side of the port is gone. */
  onStop(): Promise<void>
  /** Keeps the callers' times, and says when a turn is over. The system's unless given. */
  clock?: Clock
}

/** Exposes `handlers` on `port` as an ActorApi. */
export function exposeActor<R extends RequestMap<R>, E extends NoticeMap<E>>(
  port: MessagePort,
  handlers: ActorHandlers<R>,
  options: ExposeOptions,
): ActorPort<E> {
  const calls = new Map<number, Call>()
  const { clock = systemClock } = options
  let stopping: Promise<void> | undefined
  let settleClosed = (): void => {}
  const closed = new Promise<void>((resolve) => (settleClosed = resolve))
  const stopOnce = (): Promise<void> => (stopping ??= options.onStop())

  const endpoint = new ActorEndpoint(port, clock, () => {
    void stopOnce()
      .catch(() => undefined)
      .then(settleClosed)
  })

  // No prototype: Comlink resolves whatever path a message names.
  const api = Object.create(null) as Record<string, unknown>
  for (const [name, handler] of Object.entries(handlers) as [string, (input: unknown, call: ActorCall) => unknown][]) {
    api[name] = async (input: unknown, meta?: CallMeta): Promise<Outcome<unknown>> => {
      const call = new Call(meta)
      const number = meta?.call
      const timeoutMs = call.timeoutMs ?? Infinity
      if (number !== undefined) calls.set(number, call)
      try {
        if (timeoutMs === Infinity) return { ok: await handler(input, call) }
        const work = (async () => handler(input, call))()
        return { ok: await call.within(work, timeoutMs, clock) }
      } catch (error) {
        return { error: toWireError(error) }
      } finally {
        if (number !== undefined) calls.delete(number)
      }
    }
  }
  api['cancel'] = (number: number, reason: CancelReason): void => calls.get(number)?.cancel(reason)
  api['stop'] = async (): Promise<Outcome<undefined>> => {
    try {
      await stopOnce()
      return { ok: undefined }
    } catch (error) {
      return { error: toWireError(error) }
    } finally {
      // After this answer has gone out: Comlink posts it in the microtasks that follow.
      clock.immediate(() => clock.immediate(() => endpoint.close()))
    }
  }
  expose(api, endpoint)

  return {
    notify: (notice, ...args) => endpoint.notify({ notice, args }),
    closed,
  }
}
