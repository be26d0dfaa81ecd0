// npm run soak: lives of VMs in real threads and over real sockets, for as long as asked, and a verdict: flat after the warm-up, nothing
// open at the end, nothing that should not have been.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { onInterruption } from '#cli/interruption.js'
import { describeMachine, revision } from '../core/machine.js'
import { soakPlot } from './plot.js'
import { soak, type SoakRun } from './soak.js'
import type { Flatness } from './verdict.js'

const USAGE = `Usage: npm run soak [-- options]

  --minutes M         how long VMs are made (default 30); their last lives are led to the end
  --lives N           makes so many, however long it takes, instead
  --vms N             VMs at once (default 16)
  --threads N         actor threads (default 2)
  --lose-every N      an actor thread dies after so many lives, 0: none does (default 200)
  --seed S            of the lives and of the faults (default 1)
  --sample-seconds S  between two samples (default 5)
  --warm-up M         minutes that are not judged (default 5)
  --out FILE          where the record goes (default build/soak.json)
  --plot FILE         where the plot goes (default: beside the record)

Exit code 0: flat, and nothing is left; 1: not so; 2: the arguments cannot be used; interrupted: 130, 143 or 129.
`

class UsageError extends Error {}

function amount(name: string, text: string, least: number, isWhole = true): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && Number.isFinite(value) && (!isWhole || Number.isInteger(value)))
    return value
  throw new UsageError(`--${name}: expected a ${isWhole ? 'whole ' : ''}number from ${least} on, got ${text}`)
}

function flatLine(name: string, flatness: Flatness | undefined): string {
  if (flatness === undefined) return `  ${name}: not judged, the run was too short`
  const { samples, median, slopePerHour, growth, allowed, isFlat } = flatness
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`
  return (
    `  ${name}: ${isFlat ? 'flat' : 'NOT FLAT'}; median ${median.toFixed(1)}, ${signed(slopePerHour)} an hour, ` +
    `so ${signed(growth)} within ${samples} samples, where ${allowed.toFixed(2)} are allowed`
  )
}

/** Why a run is none to be content with. */
function faultsOf({ flatness, openInHost, openInProcess, tally }: SoakRun): string[] {
  const left = (where: string, counts: Record<string, number>): string[] =>
    Object.keys(counts).length === 0 ? [] : [`left open in the ${where}: ${JSON.stringify(counts)}`]
  return [
    ...Object.entries(flatness).flatMap(([name, one]) => (one?.isFlat === false ? [`${name} grew`] : [])),
    ...left('Host', openInHost),
    ...left('process', openInProcess),
    ...tally.wrongs,
  ]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      lives: { type: 'string' },
      vms: { type: 'string', default: '16' },
      threads: { type: 'string', default: '2' },
      'lose-every': { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      'sample-seconds': { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '5' },
      out: { type: 'string', default: 'build/soak.json' },
      plot: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  if (values.help === true) return print(USAGE)
  if (values.minutes !== undefined && values.lives !== undefined)
    throw new UsageError('--minutes and --lives: one of them')
  const endless = values.lives === undefined
  const out = resolve(values.out)
  const plot = resolve(values.plot ?? out.replace(/(\.json)?$/, '.svg'))
  const settings = {
    minutes: endless ? amount('minutes', values.minutes ?? '30', 0, false) : Infinity,
    lives: endless ? Infinity : amount('lives', values.lives ?? '', 1),
    vms: amount('vms', values.vms, 1),
    threads: amount('threads', values.threads, 1),
    loseEvery: amount('lose-every', values['lose-every'], 0),
    seed: amount('seed', values.seed, 0),
    sampleSeconds: amount('sample-seconds', values['sample-seconds'], 0.01, false),
    warmUpMinutes: amount('warm-up', values['warm-up'], 0, false),
  }
  const interruption = onInterruption(print)
  const date = new Date().toISOString()
  const machine = describeMachine()
  const from = revision()
  const run = await soak({ ...settings, signal: interruption.signal, print })
  const { exitCode } = interruption
  interruption.release()

  const faults = faultsOf(run)
  const verdict = faults.length > 0 ? 'not so' : run.isInterrupted ? 'interrupted' : 'flat, and nothing left'
  const { samples, tally, ...rest } = run
  const { calls, events, examples, wrongs, wrongCount, made } = tally
  const record = {
    date,
    revision: from,
    machine,
    settings,
    verdict,
    faults,
    ...rest,
    made,
    calls,
    events,
    examples,
    wrongs,
    wrongCount,
    samples,
  }
  for (const file of [out, plot]) mkdirSync(dirname(file), { recursive: true })
  writeFileSync(out, `${JSON.stringify(record, undefined, 1)}\n`)
  const minutes = Math.round(run.seconds / 60)
  const title = `${run.lives.toLocaleString('en-GB')} lives of VMs in ${minutes} minutes, ${tally.events['threads lost'] ?? 0} threads lost: ${verdict}`
  writeFileSync(plot, soakPlot(samples, settings.warmUpMinutes, title))

  for (const [name, one] of Object.entries(run.flatness)) print(flatLine(name, one))
  for (const fault of faults) print(`  ${fault}`)
  print(`${verdict}; written to ${out} and ${plot}`)
  process.exitCode = exitCode ?? (faults.length > 0 ? 1 : 0)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError) && !String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS'))
    throw error
  process.stderr.write(`soak: ${(error as Error).message}\n${USAGE}`)
  process.exitCode = 2
}
