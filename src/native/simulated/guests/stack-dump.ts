// What DumpStacks gives: one entry a process.

import type { SimulatedProcess } from './process.js'

/** A frame of the guest that is larger than 64 KiB ends the connection: a dump is cut before that. */
const MAX_DUMP = 48 * 1024

export function stackDump(processes: readonly { process: SimulatedProcess; where: string }[]): string {
  let text = 'goroutine 1 [running]:\nmain.main()\n'
  for (const { process, where } of processes) {
    const state = process.exitCode === undefined ? 'running' : `exited ${process.exitCode}`
    const entry = `process ${process.pid}${where} [${state}]\n`
    if (text.length + entry.length > MAX_DUMP) return `${text}…\n`
    text += entry
  }
  return text
}
