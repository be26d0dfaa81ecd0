// Events on their way to containerd: in order, kept while it is away, within bounds.

import { create, toBinary } from '@bufbuild/protobuf'
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { setTimeout as sleep } from 'node:timers/promises'
import { TtrpcClient, TtrpcError } from 'uvm-ttrpc'
import { Events, type ForwardRequest, ForwardRequestSchema } from './generated/forward_pb.js'
import * as events from './generated/events_pb.js'

/** Topic of each event, by the name of its message. */
const TOPICS = {
  TaskCreate: '/tasks/create',
  TaskStart: '/tasks/start',
  TaskExit: '/tasks/exit',
  TaskDelete: '/tasks/delete',
  TaskExecAdded: '/tasks/exec-added',
  TaskExecStarted: '/tasks/exec-started',
  TaskPaused: '/tasks/paused',
  TaskResumed: '/tasks/resumed',
  TaskOOM: '/tasks/oom',
} as const

export type EventName = keyof typeof TOPICS

type SchemaOf<N extends EventName> = (typeof events)[`${N}Schema`]

/** Events kept at most while containerd is away; the oldest go first. */
export const MAX_WAITING = 16_384
/** How long containerd may take for one event, ms. */
const FORWARD_MS = 10_000
/** Between two attempts to reach it, ms: doubled from the first to the last. */
const RETRY_MS = [50, 2000] as const

export class Publisher {
  readonly #address: string
  readonly #waiting: ForwardRequest[] = []
  readonly #ended = new AbortController()
  #client: TtrpcClient | undefined
  #running: Promise<void> | undefined
  /** Events that went because nobody took them. */
  dropped = 0

  /** @param address path of containerd's ttrpc socket */
  constructor(address: string) {
    this.#address = address
  }

  publish<N extends EventName>(namespace: string, name: N, event: MessageInitShape<SchemaOf<N>>): void {
    const schema = events[`${name}Schema`] as DescMessage
    const value = toBinary(schema, create(schema, event as MessageInitShape<DescMessage>))
    this.#waiting.push(
      create(ForwardRequestSchema, {
        envelope: {
          timestamp: timestampFromMs(Date.now()),
          namespace,
          topic: TOPICS[name],
          event: { typeUrl: schema.typeName, value },
        },
      }),
    )
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()
      this.dropped++
    }
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#client?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    let [retryMs] = RETRY_MS as readonly number[] as [number]
    while (this.#waiting.length > 0 && !this.#ended.signal.aborted) {
      const next = this.#waiting[0]!
      try {
        this.#client ??= await TtrpcClient.connect(this.#address, { signal: this.#ended.signal })
        const metadata = { 'containerd-namespace-ttrpc': next.envelope!.namespace }
        await this.#client.call(Events.method.forward, next, { timeoutMs: FORWARD_MS, metadata })
      } catch (error) {
        const isAway =
          !(error instanceof TtrpcError) || ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(error.code)
        if (isAway) {
          await this.#client?.close()
          this.#client = undefined
          await sleep(retryMs, undefined, { ref: false, signal: this.#ended.signal }).catch(() => undefined)
          retryMs = Math.min(2 * retryMs, RETRY_MS[1])
          continue
        }
        // It was heard and refused: it would be again.
        this.dropped++
      }
      retryMs = RETRY_MS[0]
      if (this.#waiting[0] === next) this.#waiting.shift()
    }
  }
}
