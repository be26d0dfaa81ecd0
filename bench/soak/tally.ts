// What came of the calls of a run: how many of each kind of end, and everything that should not have been.

import { UVMError } from '#dist/index.js'

const MOST_WRONGS = 50

export class Tally {
  /** By call, then 'ok' or the code of its error. */
  readonly calls: Record<string, Record<string, number>> = {}
  /** Other things that happened, such as lost threads. */
  readonly events: Record<string, number> = {}
  /** Of each call and code the message that came first. */
  readonly examples: Record<string, string> = {}
  /** What should not have been, the first of it. */
  readonly wrongs: string[] = []
  wrongCount = 0
  readonly #underWay = new Map<symbol, { what: string; sinceMs: number }>()

  event(name: string, count = 1): void {
    this.events[name] = (this.events[name] ?? 0) + count
  }

  wrong(what: string): void {
    this.wrongCount++
    if (this.wrongs.length < MOST_WRONGS) this.wrongs.push(what)
  }

  /** Makes a call: it may fail, if only with an error of ours that names the call. Undefined: it failed. */
  async call<T>(name: string, id: string, make: () => Promise<T>): Promise<{ value: T } | undefined> {
    const key = Symbol()
    this.#underWay.set(key, { what: `${id}: ${name}`, sinceMs: performance.now() })
    try {
      const value = await make()
      this.#count(name, 'ok')
      return { value }
    } catch (error) {
      this.#failed(name, id, error)
      return undefined
    } finally {
      this.#underWay.delete(key)
    }
  }

  /** The same, of a call that has no reason to fail. */
  async must<T>(name: string, id: string, make: () => Promise<T>): Promise<{ value: T } | undefined> {
    return this.call(name, id, async () => {
      try {
        return await make()
      } catch (error) {
        this.wrong(`${id}: ${name} may not fail: ${String(error)}`)
        throw error
      }
    })
  }

  #count(name: string, end: string): void {
    const ends = (this.calls[name] ??= {})
    ends[end] = (ends[end] ?? 0) + 1
  }

  #failed(name: string, id: string, error: unknown): void {
    if (!(error instanceof UVMError)) {
      this.#count(name, 'not ours')
      this.wrong(`${id}: ${name}: an error that is not ours: ${String((error as Error | undefined)?.stack ?? error)}`)
      return
    }
    this.#count(name, error.code)
    this.examples[`${name}: ${error.code}`] ??= error.message
    if (error.id !== undefined && error.id !== id && !error.id.startsWith(`${id}:`)) {
      this.wrong(`${id}: ${name}: an error of another VM: ${error.message}`)
    }
  }

  /** Calls that have been under way for longer than that. */
  overdue(ms: number): string[] {
    const now = performance.now()
    return [...this.#underWay.values()].filter(({ sinceMs }) => now - sinceMs > ms).map(({ what }) => what)
  }

  get made(): number {
    return Object.values(this.calls)
      .flatMap((ends) => Object.values(ends))
      .reduce((sum, count) => sum + count, 0)
  }
}
