// What was asked of fakes, in order: one log for all fakes of a test, so that it shows what came before what.

import type { UnscriptedCallError } from './answers.js'

/** One call of a fake. */
export interface RecordedCall {
  /** As in the errors of the package: `host.createVM`, `vm.start`, `guest.exec`, `container.start`, `process.kill`. */
  readonly op: string
  /** As in the errors of the package: the id of the VM, `vm:container` or `vm:pid`; absent for a Host. */
  readonly id?: string
  /** As they were given, call options included. */
  readonly args: readonly unknown[]
}

interface Waiting {
  readonly op: string
  readonly nth: number
  readonly resolve: (call: RecordedCall) => void
}

export class CallLog {
  /** All of them, in order, also those that were aborted, failed or never answered. */
  readonly calls: RecordedCall[] = []
  /** Calls for which nothing was scripted. What they were refused with may have been caught by the code under test: `verify` tells. */
  readonly unscripted: UnscriptedCallError[] = []
  readonly #waiting = new Set<Waiting>()
  /** Scripted answers that no call has taken yet, by what they are for. */
  readonly #unused = new Map<string, number>()

  /** The operations in order, such as `vm.start`: what most tests compare. */
  get ops(): string[] {
    return this.calls.map(({ op }) => op)
  }

  /** The calls of one operation, of one VM, container or process when `id` is given. */
  of(op: string, id?: string): RecordedCall[] {
    return this.calls.filter((call) => call.op === op && (id === undefined || call.id === id))
  }

  /** The n-th call of an operation, counted from 1: at once when it was made already, else when it is. It sets no time-out. */
  called(op: string, nth = 1): Promise<RecordedCall> {
    const made = this.of(op)[nth - 1]
    if (made !== undefined) return Promise.resolve(made)
    return new Promise((resolve) => this.#waiting.add({ op, nth, resolve }))
  }

  /** Forgets the calls so far; scripts stay. */
  clear(): void {
    this.calls.length = 0
    this.unscripted.length = 0
  }

  /**
   * For the end of a test.
   *
   * @throws {Error} calls that nothing was scripted for, or answers of `next` that no call took
   */
  verify(): void {
    const unused = [...this.#unused]
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${what}: ${count} scripted ${count === 1 ? 'answer was' : 'answers were'} not asked for`)
    const problems = [...this.unscripted.map(({ message }) => message), ...unused]
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }

  /** @internal */
  note(call: RecordedCall): void {
    this.calls.push(call)
    const { op } = call
    const count = this.of(op).length
    for (const waiting of this.#waiting) {
      if (waiting.op !== op || waiting.nth !== count) continue
      this.#waiting.delete(waiting)
      waiting.resolve(call)
    }
  }

  /** @internal Answers of `next` that were added, or taken when it is negative. */
  expect(what: string, count: number): void {
    this.#unused.set(what, (this.#unused.get(what) ?? 0) + count)
  }
}
