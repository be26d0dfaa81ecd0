// What mocha prints: the usual specification, and after it the count of passed and failed tests as the last line. Writes the JSON
// report that the coverage of conformance cases is read from; the option `report` names another file below build/.

import { mkdirSync, writeFileSync } from 'node:fs'
import Mocha from 'mocha'

const BUILD = new URL('../', import.meta.url)

interface Tested {
  title: string
  fullTitle: string
  state: string
  duration: number
}

export default class Reporter extends Mocha.reporters.Spec {
  readonly #tests: Tested[] = []
  readonly #report: URL

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const { report } = (options.reporterOptions ?? {}) as { report?: string }
    this.#report = new URL(report ?? 'mocha-report.json', BUILD)
    runner.on('test end', (test) => {
      const state = test.state ?? 'pending'
      this.#tests.push({ title: test.title, fullTitle: test.fullTitle(), state, duration: test.duration ?? 0 })
    })
  }

  override done(failures: number, end?: (failures: number) => void): void {
    const of = (state: string): Tested[] => this.#tests.filter((test) => test.state === state)
    const passes = of('passed')
    const failed = of('failed')
    mkdirSync(BUILD, { recursive: true })
    const { stats } = this
    writeFileSync(
      this.#report,
      JSON.stringify({ stats, tests: this.#tests, passes, failures: failed, pending: of('pending') }),
    )
    // A hook that failed is a failure without a test of its own.
    process.stdout.write(`${passes.length} passed, ${failures} failed\n`)
    // A test that failed may have left something open, which would keep the process for ever; one that passed must not.
    if (failures > 0) setTimeout(() => process.exit(1), 1000).unref()
    end?.(failures)
  }
}
