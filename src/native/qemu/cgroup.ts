// Limits of processors, by cgroup v2: a group for each VM below the one that was delegated. HCS counts Limit in hundred-thousandths of the
// VM's processors and Weight with 100 as the default, as cgroups do.

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import type { ProcessorLimits } from '../../protocol/schema/index.js'
import { refusal } from '../simulated/failure.js'

const PERIOD_US = 100_000
const FULL = 100_000

/** What is written into `cpu.max` and `cpu.weight`. */
export function cgroupValues({ Limit, Weight }: ProcessorLimits, processors: number): { max: string; weight: string } {
  const share = Number(Limit ?? 0) || FULL
  const quota = share >= FULL ? 'max' : String(Math.max(Math.floor((PERIOD_US * processors * share) / FULL), 1000))
  return { max: `${quota} ${PERIOD_US}`, weight: String(Number(Weight ?? 0) || 100) }
}

export function cgroupOf(root: string, runtimeId: string): string {
  return join(root, `uvm-${runtimeId}`)
}

/** Puts a process under limits. @throws {HcsFailure} the group was not delegated, or lacks the controller */
export function applyLimits(
  root: string,
  runtimeId: string,
  pid: number,
  limits: ProcessorLimits,
  processors: number,
): void {
  const group = cgroupOf(root, runtimeId)
  const { max, weight } = cgroupValues(limits, processors)
  try {
    mkdirSync(group, { recursive: true })
    writeFileSync(join(group, 'cpu.max'), max)
    writeFileSync(join(group, 'cpu.weight'), weight)
    writeFileSync(join(group, 'cgroup.procs'), String(pid))
  } catch (error) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `the cgroup ${group} holds no limits: ${(error as Error).message}`)
  }
}

/** Once its processes are gone. */
export function removeLimits(root: string, runtimeId: string): void {
  try {
    rmdirSync(cgroupOf(root, runtimeId))
  } catch {
    // There were no limits.
  }
}
