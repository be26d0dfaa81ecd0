// npm run simulate: random calls and faults on the real actors, on virtual time, seed by seed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine, revision } from '../../bench/core/machine.js'
import { FAULT_ACTIONS } from './workload/fault-actions.js'
import { makePlan } from './workload/plan.js'
import { run } from './workload/run.js'
import { shrink } from './workload/shrink.js'

const USAGE = `usage: npm run simulate -- [--seed S] [--steps N] [--seeds COUNT] [--resume FILE] [--first] [--trace]
  --seed S       the first seed, default 1
  --steps N      calls and faults in each run, default 100
  --seeds COUNT  how many seeds, default 1
  --resume FILE  keeps how far it has come, and goes on from there
  --summary FILE writes at the end what was run, where and from what, and what came of it
  --first        ends at the first violation, and says no more than that
  --trace        prints everything that happens`

/** What is kept between two sessions of a long run. */
interface Progress {
  first: number
  steps: number
  /** Seeds that are done. */
  done: number
  violations: { seed: number; violation: string }[]
  events: number
  cpuSeconds: number
}

const SAVE_EVERY = 20

function count(text: string, name: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name}: expected a whole number, got ${text}\n${USAGE}`)
  process.exit(2)
}

interface Options {
  seed: number
  steps: number
  seeds: number
  resume: string | undefined
  summary: string | undefined
  isFirstOnly: boolean
  trace: boolean
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        steps: { type: 'string', default: '100' },
        seeds: { type: 'string', default: '1' },
        resume: { type: 'string' },
        summary: { type: 'string' },
        first: { type: 'boolean', default: false },
        trace: { type: 'boolean', default: false },
      },
    })
    const { seed, steps, seeds, resume, summary, first: isFirstOnly, trace } = values
    return {
      seed: count(seed, 'seed'),
      steps: count(steps, 'steps'),
      seeds: count(seeds, 'seeds'),
      resume,
      summary,
      isFirstOnly,
      trace,
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

function load(file: string | undefined, first: number, steps: number): Progress {
  const fresh: Progress = { first, steps, done: 0, violations: [], events: 0, cpuSeconds: 0 }
  if (file === undefined || !existsSync(file)) return fresh
  const known = JSON.parse(readFileSync(file, 'utf8')) as Progress
  if (known.first === first && known.steps === steps) return known
  console.error(`${file} is of seed ${known.first} with ${known.steps} steps`)
  process.exit(2)
}

/** What the plans of these seeds ask for, by kind: calls, and faults among them. What the weather of a run does comes on top. */
function asked({ first, done, steps }: Progress): { operations: number; faults: Record<string, number> } {
  const faults: Record<string, number> = Object.fromEntries(Object.keys(FAULT_ACTIONS).map((kind) => [kind, 0]))
  let operations = 0
  for (let seed = first; seed < first + done; seed++) {
    for (const { kind } of makePlan(seed, steps).actions) {
      operations++
      if (kind in FAULT_ACTIONS) faults[kind] = (faults[kind] ?? 0) + 1
    }
  }
  return { operations, faults }
}

function writeSummary(file: string, progress: Progress): void {
  const { first, done: seeds, ...rest } = progress
  const date = new Date().toISOString()
  const record = { date, revision: revision(), machine: describeMachine(), first, seeds, ...asked(progress), ...rest }
  writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`)
}

// Most errors of a run are wanted, and nobody reads their stacks.
Error.stackTraceLimit = 2
const { seed: first, steps, seeds, resume, summary, isFirstOnly, trace } = readOptions()
const progress = load(resume, first, steps)
const cpuBefore = progress.cpuSeconds
const save = (): void => {
  const { user, system } = process.cpuUsage()
  progress.cpuSeconds = Math.round(cpuBefore + (user + system) / 1e6)
  if (resume !== undefined) writeFileSync(resume, `${JSON.stringify(progress, undefined, 2)}\n`)
}

while (progress.done < seeds) {
  const seed = first + progress.done
  const plan = makePlan(seed, steps)
  const result = await run(plan, trace ? (line) => console.log(line) : undefined)
  progress.done++
  progress.events += result.events
  if (trace) console.log(result.trace.join('\n'))
  if (result.violation !== undefined) {
    progress.violations.push({ seed, violation: result.violation })
    if (isFirstOnly) {
      console.log(`seed ${seed}: ${result.violation}`)
      break
    }
    const small = await shrink(plan)
    console.log(`seed ${seed} of ${steps} steps: ${result.violation}`)
    console.log(`shrunk to ${small.plan.actions.length} steps: ${small.result.violation ?? 'it holds'}`)
    console.log(small.result.trace.map((line) => `  ${line}`).join('\n'))
    console.log(`again: npm run simulate -- --seed ${seed} --steps ${steps}`)
  }
  if (progress.done % SAVE_EVERY === 0 || progress.done === seeds) {
    save()
    if (seeds > 1) {
      const { done, violations, events, cpuSeconds } = progress
      console.log(
        `${done} of ${seeds} seeds, ${violations.length} violations, ${events} events, ${cpuSeconds} s of CPU`,
      )
    }
  }
}
if (summary !== undefined) writeSummary(summary, progress)
if (seeds === 1) console.log(`seed ${first}: ${progress.events} events, ${progress.violations.length} violations`)
process.exitCode = progress.violations.length > 0 ? 1 : 0
