// What mocha prints: the usual specification; after it one line for each failure, which .ci/run gathers; and the count of passed and failed
// tests as the last line. Writes the JSON report that the coverage of conformance cases is read from, and where the time went: of tests
// and of each suite's hooks, milliseconds. The option `report` names another file below build/.

import { mkdirSync, writeFileSync } from 'node:fs'
import Mocha from 'mocha'

const BUILD = new URL('../', import.meta.url)

/** No more failures have a line of their own, and a line has no more characters. */
const LINES = 30
const CHARACTERS = 400

interface Tested {
  title: string
  fullTitle: string
  file: string | undefined
  state: string
  duration: number
  /** Of this process with its threads, milliseconds: on a busy machine it says more than the duration. */
  cpu: number
}

export default class Reporter extends Mocha.reporters.Spec {
  readonly #tests: Tested[] = []
  readonly #failed: string[] = []
  readonly #hooks = new Map<string, { count: number; duration: number; cpu: number }>()
  #usage = process.cpuUsage()
  readonly #report: URL

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const { report } = (options.reporterOptions ?? {}) as { report?: string }
    this.#report = new URL(report ?? 'mocha-report.json', BUILD)
    runner.on('test', () => void this.#spent())
    runner.on('hook', () => void this.#spent())
    runner.on('test end', (test) => {
      const { title, file, state = 'pending', duration = 0 } = test
      this.#tests.push({ title, fullTitle: test.fullTitle(), file, state, duration, cpu: this.#spent() })
    })
    runner.on('hook end', (hook) => {
      // What follows names the test that the hook ran for.
      const name = `${hook.parent?.fullTitle() ?? ''} ${hook.title.replace(/ for ".*/s, '')}`
      const { count, duration, cpu } = this.#hooks.get(name) ?? { count: 0, duration: 0, cpu: 0 }
      this.#hooks.set(name, {
        count: count + 1,
        duration: duration + (hook.duration ?? 0),
        cpu: cpu + this.#spent(),
      })
    })
    runner.on('fail', (failed, error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      const line = `FAILED ${failed.fullTitle()}: ${why}`.replace(/\s+/g, ' ')
      this.#failed.push(line.slice(0, CHARACTERS))
    })
  }

  /** CPU time since it was last asked for, milliseconds. */
  #spent(): number {
    const { user, system } = process.cpuUsage(this.#usage)
    this.#usage = process.cpuUsage()
    return Math.round((user + system) / 100) / 10
  }

  override done(failures: number, end?: (failures: number) => void): void {
    const of = (state: string): Tested[] => this.#tests.filter((test) => test.state === state)
    const passes = of('passed')
    const failed = of('failed')
    mkdirSync(BUILD, { recursive: true })
    const { stats } = this
    const hooks = Object.fromEntries(this.#hooks)
    writeFileSync(
      this.#report,
      JSON.stringify({ stats, tests: this.#tests, passes, failures: failed, pending: of('pending'), hooks }),
    )
    const shown = this.#failed.slice(0, LINES)
    if (shown.length < this.#failed.length) shown.push(`FAILED and ${this.#failed.length - shown.length} more`)
    // A hook that failed is a failure without a test of its own.
    process.stdout.write([...shown, `${passes.length} passed, ${failures} failed`, ''].join('\n'))
    // A test that failed may have left something open, which would keep the process for ever; one that passed must not.
    if (failures > 0) setTimeout(() => process.exit(1), 1000).unref()
    end?.(failures)
  }
}
