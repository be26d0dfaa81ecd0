// Virtual time, and what happens next. All that happens is a task: a timer that is due, a turn of a virtual thread, something that arrives.
// Of all that could be next the seed chooses; what must keep its order stands in one lane.

import type { Clock, Timer } from '../native/clock.js'
import { seededRandom, type Random } from './random.js'

interface Task {
  dueMs: number
  /** Chosen by chance among what is due at the same time; equal for what keeps the order in which it was asked for. */
  tie: number
  readonly order: number
  readonly thread: VirtualThread | undefined
  readonly lane: Lane | undefined
  /** What it is, for the trace. */
  readonly what: string
  /** Undefined: cancelled. */
  run: (() => void) | undefined
}

/** What stands in one row: it happens in the order in which it was put there, however late. */
export class Lane {
  readonly #scheduler: Scheduler
  readonly #tasks: Task[] = []
  #lastDueMs = 0
  #isClosed = false

  /** @internal By `Scheduler.lane`. */
  constructor(
    scheduler: Scheduler,
    /** Whose turn it is when something of it happens. */
    readonly thread: () => VirtualThread,
    readonly name: string,
  ) {
    this.#scheduler = scheduler
  }

  /** Something that happens `delayMs` from now, or when what stands before it has happened. */
  push(run: () => void, delayMs = 0): void {
    if (this.#isClosed) return
    const dueMs = Math.max(this.#scheduler.nowMs + delayMs, this.#lastDueMs)
    this.#lastDueMs = dueMs
    const task = this.#scheduler.task(dueMs, this.name, run, this)
    this.#tasks.push(task)
    if (this.#tasks.length === 1) this.#scheduler.enqueue(task)
  }

  /** The first has had its turn. */
  shift(): void {
    this.#tasks.shift()
    const next = this.#tasks[0]
    if (next !== undefined) this.#scheduler.enqueue(next)
  }

  /** Nothing of it happens any more. */
  close(): void {
    this.#isClosed = true
    for (const task of this.#tasks) task.run = undefined
    this.#tasks.length = Math.min(this.#tasks.length, 1)
  }
}

/** A thread that is none: it has its own timers and turns, and can be lost with all of them. */
export class VirtualThread {
  readonly clock: Clock
  readonly #turns: Lane
  /** Timers that are running. */
  timers = 0
  isLost = false

  /** @internal By `Scheduler.thread`. */
  constructor(
    scheduler: Scheduler,
    readonly number: number,
    readonly name: string,
  ) {
    this.#turns = scheduler.lane(() => this, `${name} turn`)
    this.clock = {
      now: () => scheduler.nowMs,
      wallTime: () => scheduler.startedMs + scheduler.nowMs,
      after: (delayMs, callback) => scheduler.timer(this, delayMs, callback),
      immediate: (callback) => {
        if (!this.isLost) this.#turns.push(callback)
      },
    }
  }

  /** Nothing of it runs any more. */
  lose(): void {
    this.isLost = true
    this.timers = 0
    this.#turns.close()
  }
}

/** A timer waits at least so long, as those of Node.js do, milliseconds: nothing that waits again and again stops time. */
const LEAST_DELAY_MS = 1

/** Cancelled tasks that are kept before they are cleared away. */
const MANY_CANCELLED = 4096

/** Hash of the trace: FNV-1a. */
const HASH_START = 0x811c_9dc5
const HASH_PRIME = 0x0100_0193

export class Scheduler {
  readonly random: Random
  readonly startedMs: number
  readonly #seed: number
  readonly #heap: Task[] = []
  #nowMs = 0
  #orders = 0
  #threads = 0
  #cancelled = 0
  #hash = HASH_START
  /** Tasks that have run. */
  count = 0
  /** Told of every task before it runs. */
  onTask: ((what: string, nowMs: number) => void) | undefined
  /** Told of what a task threw. */
  onThrow: (thread: VirtualThread | undefined, error: unknown) => void = (_thread, error) => {
    throw error
  }

  /** @param startedMs milliseconds since 1970 when virtual time begins */
  constructor(seed: number, startedMs: number) {
    this.#seed = seed
    this.startedMs = startedMs
    this.random = seededRandom(seed)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Of all that has happened so far, in its order: equal for equal runs. */
  get fingerprint(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  thread(name: string): VirtualThread {
    return new VirtualThread(this, ++this.#threads, name)
  }

  lane(thread: () => VirtualThread, name: string): Lane {
    return new Lane(this, thread, name)
  }

  task(dueMs: number, what: string, run: () => void, lane: Lane | undefined, thread?: VirtualThread): Task {
    return { dueMs, tie: 0, order: ++this.#orders, thread, lane, what, run }
  }

  /** The first task of a lane: it competes with those of all others. */
  enqueue(task: Task): void {
    task.tie = this.random.next()
    this.#push(task)
  }

  timer(thread: VirtualThread, delayMs: number, callback: () => void): Timer {
    if (delayMs === Infinity || thread.isLost) return { clear: () => undefined }
    const dueMs = this.#nowMs + Math.max(LEAST_DELAY_MS, delayMs)
    const run = (): void => {
      thread.timers--
      callback()
    }
    const task = this.task(dueMs, `${thread.name} timer`, run, undefined, thread)
    // Timers of one thread that are due together keep their order.
    task.tie = tieOf(this.#seed, thread.number, dueMs)
    thread.timers++
    this.#push(task)
    return {
      clear: () => {
        if (task.run !== run || thread.isLost) return
        task.run = undefined
        thread.timers--
        this.#cancelled++
        if (this.#cancelled > MANY_CANCELLED && this.#cancelled * 2 > this.#heap.length) this.#compact()
      },
    }
  }

  /** Lets one thing happen. False: there is nothing that could. */
  step(): boolean {
    for (;;) {
      const task = this.#pop()
      if (task === undefined) return false
      const { lane, run } = task
      const thread = task.thread ?? lane?.thread()
      lane?.shift()
      if (run === undefined) {
        if (lane === undefined) this.#cancelled--
        continue
      }
      if (thread?.isLost === true) continue
      // Ran: it cannot be cleared any more.
      task.run = undefined
      this.#nowMs = Math.max(this.#nowMs, task.dueMs)
      this.count++
      this.#note(task)
      try {
        run()
      } catch (error) {
        this.onThrow(thread, error)
      }
      return true
    }
  }

  #note({ what }: Task): void {
    let hash = this.#hash ^ (this.#nowMs * 1000)
    for (let at = 0; at < what.length; at++) hash = Math.imul(hash ^ what.charCodeAt(at), HASH_PRIME)
    this.#hash = Math.imul(hash, HASH_PRIME)
    this.onTask?.(what, this.#nowMs)
  }

  #compact(): void {
    const kept = this.#heap.filter((task) => task.lane !== undefined || task.run !== undefined)
    this.#heap.length = 0
    for (const task of kept) this.#push(task)
    this.#cancelled = 0
  }

  // ------------------------------------------------------------------------------------------------------------------ heap

  #push(task: Task): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(task)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(task, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = task
  }

  #pop(): Task | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Task, b: Task): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie
}

/** The same for one thread and one time. */
function tieOf(seed: number, thread: number, dueMs: number): number {
  return seededRandom(Math.imul(seed ^ (thread * 7919), HASH_PRIME) ^ (dueMs * 1000)).next()
}
