// The actor threads of a Host on a clock that stands still: placement, replacements, stuck ones, and what they say of themselves.

import assert from 'node:assert/strict'
import type { MessagePort } from 'node:worker_threads'
import { ActorLostError, OperationTimeoutError } from '#dist/index.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { exposeActor } from '#dist/actors/mailbox/expose.js'
import { freeSlots, leaseSlots, SharedSlots, slotMemory } from '#dist/actors/slots.js'
import type { ControllerRequests, ThreadSetup, ThreadTask } from '#dist/actors/threads/contract.js'
import { ActorThreads, type ActorThread } from '#dist/actors/threads/threads.js'
import type { WorkerThread } from '#dist/actors/threads/worker-thread.js'
import { ManualClock } from '../../fakes/clock.js'
import { deferred, pending, rejectsWith } from '../../support/expect.js'

const NOTHING = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }

interface Requests {
  ask: { input: number; output: number }
}

/** A thread that is none: its controller answers as the test says, and its end is the test's. */
class FakeWorker implements WorkerThread {
  readonly #life = deferred()
  readonly #exited = deferred()
  readonly life = this.#life.promise
  readonly exited = this.#exited.promise
  hasExited = false
  isTerminated = false
  /** Whether its end follows when it is asked for. */
  endsAtOnce = true
  answersGauges = true
  handles = 0
  readonly #ports: MessagePort[] = []

  constructor(
    readonly id: number,
    readonly setup: ThreadSetup,
    port: MessagePort,
    failure: Error | undefined,
  ) {
    this.life.catch(() => undefined)
    this.#ports.push(port)
    exposeActor<ControllerRequests, Record<string, never>>(
      port,
      {
        ready: () => {
          if (failure !== undefined) throw failure
          return undefined
        },
        gauges: () => (this.answersGauges ? { ...NOTHING, handles: this.handles } : new Promise(() => undefined)),
      },
      { onStop: () => Promise.resolve() },
    )
  }

  /** Its actor answers what it is asked, except 0. */
  run({ port }: ThreadTask): Promise<void> {
    this.#ports.push(port)
    const handlers = { ask: (input: number) => (input === 0 ? new Promise<number>(() => undefined) : input) }
    const actor = exposeActor<Requests, Record<string, never>>(port, handlers, { onStop: () => Promise.resolve() })
    return actor.closed
  }

  die(cause = new Error('it died')): void {
    this.#life.reject(cause)
  }

  end(): void {
    this.hasExited = true
    for (const port of this.#ports) port.close()
    this.#exited.resolve()
  }

  async terminate(): Promise<void> {
    this.isTerminated = true
    if (this.endsAtOnce) this.end()
    await this.exited
  }
}

describe('actor threads', () => {
  let clock: ManualClock
  let workers: FakeWorker[]
  /** Why starts fail, the next first. */
  let failures: Error[]
  let slots: SharedArrayBuffer | undefined
  let lost: number[]
  let stuck: number[]
  let threads: ActorThreads

  async function open(replace?: boolean, count = 1): Promise<ActorThreads> {
    threads = await ActorThreads.open({
      count,
      clock,
      openChannel: newChannel,
      openThread: (first, [port]) => {
        assert(first.kind === 'controller' && port !== undefined)
        const worker = new FakeWorker(workers.length + 1, first.setup, port as MessagePort, failures.shift())
        workers.push(worker)
        return worker
      },
      setup: () => ({
        setup: {
          transport: { module: '', options: undefined },
          socketDirectory: '',
          operations: undefined,
          boots: leaseSlots(slots),
        },
        transfer: [],
      }),
      onLost: ({ id }) => lost.push(id),
      onStuck: ({ id }) => stuck.push(id),
      onLatency: () => undefined,
      watchdog: replace === undefined ? undefined : { stuckAfterMs: 1_000, replace },
    })
    return threads
  }

  const startActor = (thread: ActorThread) =>
    threads.startActor<Requests, Record<string, never>>(thread, (port) => ({ kind: 'vm', port }))
  const turn = (): Promise<unknown> => pending(new Promise(() => undefined))
  /** In steps: what the watchdog is late by itself it forgives. */
  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 50) {
      clock.advance(50)
      if (gone % 500 === 0) await turn()
    }
  }

  beforeEach(() => {
    clock = new ManualClock()
    workers = []
    failures = []
    slots = undefined
    lost = []
    stuck = []
  })

  afterEach(async () => {
    const closing = threads.close()
    for (const worker of workers) worker.end()
    await closing
  })

  it('an actor that has ended is no load any more', async () => {
    await open(undefined, 2)
    const [one, two] = [threads.leastLoaded()!, await threads.place()]
    assert.equal(one, two)
    const actor = startActor(one)
    assert.notEqual(threads.leastLoaded(), one)
    assert.equal(await actor.call('ask', 7, { op: 'vm.ask' }), 7)
    await actor.stop()
    assert.equal(one.actors.size, 0)
    assert.equal(threads.leastLoaded(), one)
  })

  it('a lost thread is replaced once its end was seen, not before', async () => {
    await open()
    workers[0]!.endsAtOnce = false
    workers[0]!.die()
    await turn()
    assert.deepEqual([lost, workers.length, threads.count], [[1], 1, 0])
    workers[0]!.end()
    assert.equal((await threads.place()).id, 2)
  })

  it('a replacement that fails is tried again a little later, and later still', async () => {
    await open()
    failures = [new Error('no'), new Error('no')]
    workers[0]!.die()
    await turn()
    assert.deepEqual([workers.length, threads.count], [2, 0])
    const place = threads.place()
    clock.advance(100)
    await turn()
    assert.deepEqual([workers.length, threads.count], [3, 0])
    clock.advance(199)
    assert.equal(await pending(place), true)
    clock.advance(1)
    assert.equal((await place).id, 4)
  })

  it('when replacements fail too often whoever waits is told the last reason, and the next who asks has one more start', async () => {
    await open()
    failures = Array.from({ length: 6 }, (_, n) => new Error(`no ${n}`))
    workers[0]!.die()
    await turn()
    const place = rejectsWith(threads.place(), ActorLostError)
    for (let waitMs = 100; failures.length > 0; waitMs *= 2) {
      clock.advance(waitMs)
      await turn()
    }
    const error = await place
    assert.match(error.message, /no actor thread is left that answers; the last could not be started: .*no 5/)
    assert.equal(error.sent, false)
    assert.equal((await threads.place()).id, 8)
  })

  it('what a thread held of the boot slots comes back when its end was seen', async () => {
    slots = slotMemory(1)
    await open()
    const [worker] = workers
    await new SharedSlots(worker!.setup.boots).acquire('vm').granted
    assert.equal(freeSlots({ slots: slots! }), 0)
    worker!.endsAtOnce = false
    worker!.die()
    await turn()
    assert.equal(freeSlots({ slots: slots! }), 0)
    worker!.end()
    await turn()
    assert.equal(freeSlots({ slots: slots! }), 1)
  })

  it('a stuck thread is ended when it is to be replaced; its calls are lost', async () => {
    await open(true)
    const actor = startActor(threads.leastLoaded()!)
    workers[0]!.answersGauges = false
    const call = actor.call('ask', 0, { op: 'vm.ask' })
    call.catch(() => undefined)
    await pass(2_000)
    assert.deepEqual([stuck, workers[0]!.isTerminated], [[1], true])
    const error = await rejectsWith(call, ActorLostError)
    assert.match(String(error.cause), /did not answer for 1000 ms/)
    assert.equal((await threads.place()).id, 2)
  })

  it('calls on a stuck thread that stays end with their default time, counted from the call', async () => {
    await open(false)
    const actor = startActor(threads.leastLoaded()!)
    workers[0]!.answersGauges = false
    const call = actor.call('ask', 0, { op: 'vm.ask' })
    call.catch(() => undefined)
    await pass(2_000)
    assert.deepEqual([stuck, workers[0]!.isTerminated], [[1], false])
    clock.advance(238_000 - 1)
    assert.equal(await pending(call), true)
    clock.advance(1)
    assert.equal((await rejectsWith(call, OperationTimeoutError)).timeoutMs, 240_000)
  })

  it('one that does not answer within a second counts as what it said last, and is named', async () => {
    await open(undefined, 2)
    workers[0]!.handles = 3
    workers[1]!.handles = 4
    assert.equal((await threads.gauges()).handles, 7)
    workers[0]!.answersGauges = false
    workers[1]!.handles = 5
    const askedMs = clock.now()
    const asking = threads.gauges()
    assert.equal(await pending(asking), true)
    // The caller's own timer follows the actor's.
    clock.advance(1_100)
    const { handles, silent } = await asking
    assert.equal(handles, 8)
    assert.deepEqual(silent, [{ threadId: 1, sinceMs: askedMs }])
  })
})
