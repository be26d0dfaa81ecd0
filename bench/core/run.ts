// Runs suites one after the other into one report.

import { newReport, type Report } from './report.js'
import { evaluate, takeSamples } from './rounds.js'
import type { Bench, Question, Suite } from './suite.js'
import { tablesOf } from './table.js'

export interface RunOptions {
  quick: boolean
  /** Of each question. */
  rounds: number
  /** Time of one suite in a quick run, milliseconds. A question that has begun is brought to its end. */
  suiteMs: number
  print(text: string): void
}

const WARMUP = 1

export async function runSuites(suites: readonly Suite[], options: RunOptions): Promise<Report> {
  const report = newReport(options.quick)
  for (const suite of suites) {
    options.print(`\n# ${suite.name}: ${suite.about}\n\n`)
    await suite.run(benchOf(suite, report, options))
  }
  return report
}

function benchOf(suite: Suite, report: Report, { quick, rounds, suiteMs, print }: RunOptions): Bench {
  const endMs = performance.now() + suiteMs
  const isLate = (): boolean => quick && performance.now() >= endMs
  return {
    quick,
    size: (whole, small) => (quick ? small : whole),
    get isLate() {
      return isLate()
    },
    note: (text) => {
      if (report.notes.includes(text)) return
      report.notes.push(text)
      print(`${text}\n`)
    },
    ask: async (question: Question) => {
      const most = Math.min(rounds, question.rounds ?? Infinity)
      const taken = await takeSamples(question.contenders, {
        rounds: most,
        warmup: question.warmup ?? WARMUP,
        order: question.order,
        isLate,
      })
      const { results, ratios } = evaluate(suite.name, question, taken)
      report.results.push(...results)
      report.ratios.push(...ratios)
      print(`${tablesOf({ results, ratios })}\n`)
    },
  }
}
