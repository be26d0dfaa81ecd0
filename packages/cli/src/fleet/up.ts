// A fleet from a file: all of it taken through its life, shown while it goes on and told at the end.

import { fileURLToPath } from 'node:url'
import { Host } from 'uvm-actors'
import { onInterruption } from '../interruption.js'
import { countOsThreads } from '../os-threads.js'
import type { VmPlan } from './file.js'
import { liveProgress, plainProgress, silentProgress, type Progress } from './progress.js'
import { runFleet } from './run.js'
import { fleetTable, summaryLine } from './table.js'

/** The fleet that comes with the library. */
export const EXAMPLE_FLEET = fileURLToPath(
  new URL('examples/fleet.json', import.meta.resolve('uvm-actors/package.json')),
)

const EXIT = { ok: 0, failed: 1 } as const

export interface FleetUpOptions {
  json: boolean
  threads: number | undefined
}

export function progressFor(json: boolean, total: number): Progress {
  if (json) return silentProgress
  if (process.stdout.isTTY) return liveProgress(total, process.stdout)
  return plainProgress((line) => process.stdout.write(`${line}\n`))
}

/** @returns the exit code */
export async function fleetUp(plans: VmPlan[], { json, threads }: FleetUpOptions): Promise<number> {
  const interruption = onInterruption((text) => process.stderr.write(`uvm-fleet: ${text}\n`))
  const shown = progressFor(json, plans.length)
  const before = countOsThreads()
  let most = before ?? 0
  const progress: Progress = {
    ...shown,
    stage: (id, stage) => {
      if (stage === 'running') most = Math.max(most, countOsThreads() ?? 0)
      shown.stage(id, stage)
    },
  }
  try {
    await using host = await Host.open(threads === undefined ? {} : { threads })
    const report = await runFleet(host, plans, progress, interruption.signal)
    progress.end()
    if (before !== undefined) report.summary.osThreads = { before, most }
    const columns = process.stdout.isTTY ? process.stdout.columns : undefined
    const text = json ? JSON.stringify(report) : `${fleetTable(report, columns)}\n${summaryLine(report)}`
    process.stdout.write(`${text}\n`)
    if (interruption.exitCode !== undefined) return interruption.exitCode
    return report.summary.failed === 0 ? EXIT.ok : EXIT.failed
  } finally {
    interruption.release()
  }
}
