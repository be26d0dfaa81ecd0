// The shell around an actor: turns handlers that throw into methods that answer outcomes, keeps the cancel bookkeeping, serves `stop`,
// and exposes the result with Comlink.

import { expose } from 'comlink'
import type { MessagePort } from 'node:worker_threads'
import { toWireError } from '../../errors-wire.js'
import type {
  ActorCall,
  ActorHandlers,
  ActorPort,
  CallMeta,
  CancelReason,
  NoticeMap,
  Outcome,
  RequestMap,
} from './contract.js'
import { ActorEndpoint } from './endpoint.js'
import type { TraceContext } from './trace-context.js'

class Call implements ActorCall {
  #reason: CancelReason | undefined
  readonly #listeners = new Set<(reason: CancelReason) => void>()

  constructor(
    readonly timed: boolean,
    readonly trace: TraceContext | undefined,
  ) {}

  onCancel(listener: (reason: CancelReason) => void): () => void {
    if (this.#reason !== undefined) listener(this.#reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
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
}

/** Exposes `handlers` on `port` as an ActorApi. */
export function exposeActor<R extends RequestMap<R>, E extends NoticeMap<E>>(
  port: MessagePort,
  handlers: ActorHandlers<R>,
  options: ExposeOptions,
): ActorPort<E> {
  const calls = new Map<number, Call>()
  let stopping: Promise<void> | undefined
  let settleClosed = (): void => {}
  const closed = new Promise<void>((resolve) => (settleClosed = resolve))
  const stopOnce = (): Promise<void> => (stopping ??= options.onStop())

  const endpoint = new ActorEndpoint(port, () => {
    void stopOnce()
      .catch(() => undefined)
      .then(settleClosed)
  })

  // No prototype: Comlink resolves whatever path a message names.
  const api = Object.create(null) as Record<string, unknown>
  for (const [name, handler] of Object.entries(handlers) as [string, (input: unknown, call: ActorCall) => unknown][]) {
    api[name] = async (input: unknown, meta?: CallMeta): Promise<Outcome<unknown>> => {
      const call = new Call(meta?.timed === true, meta?.trace)
      const number = meta?.call
      if (number !== undefined) calls.set(number, call)
      try {
        return { ok: await handler(input, call) }
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
      setImmediate(() => setImmediate(() => endpoint.close()))
    }
  }
  expose(api, endpoint)

  return {
    notify: (notice, ...args) => endpoint.notify({ notice, args }),
    closed,
  }
}
