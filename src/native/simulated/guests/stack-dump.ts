// What DumpStacks gives: the agent itself, and for each process those who wait for it and carry its streams, about 2 KiB as on the real
// guest.

import type { SimulatedProcess } from './process.js'

/** Characters; a host takes dumps of 4 MiB, and the text grows a little on its way. */
const MAX_DUMP = 3 * 1024 * 1024

const WORK = ['wait', 'relay stdin', 'relay stdout', 'relay stderr'] as const
const FRAMES = ['runtime.gopark', 'internal/poll.runtime_pollWait', 'guest.(*process).serve', 'guest.(*server).handle']

export function stackDump(processes: readonly { process: SimulatedProcess; where: string }[]): string {
  let text = 'goroutine 1 [running]:\nmain.main()\n'
  let goroutine = 2
  for (const { process, where } of processes) {
    const state = process.exitCode === undefined ? 'running' : `exited ${process.exitCode}`
    let entry = `process ${process.pid}${where} [${state}]\n`
    for (const work of WORK) {
      entry += `\ngoroutine ${goroutine++} [select]: ${work}\n`
      for (const [depth, frame] of FRAMES.entries()) {
        entry += `${frame}(0x${process.pid.toString(16)}, 0x${depth.toString(16)}, {0x0, 0x0, 0x0})\n\t/agent/${frame}.go:${100 + depth} +0x1f\n`
      }
    }
    if (text.length + entry.length > MAX_DUMP) return `${text}…\n`
    text += entry
  }
  return text
}
