// Memory and threads of a process, as Linux tells them.

import { readFileSync } from 'node:fs'

export interface Held {
  /** Resident memory, KiB; of pages that several processes share its share (Pss). */
  kib: number
  threads: number
}

function field(file: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))
  if (found === null) throw new Error(`${file} does not say ${name}`)
  return Number(found[1])
}

export function heldBy(pid: number): Held {
  return { kib: field(`/proc/${pid}/smaps_rollup`, 'Pss'), threads: field(`/proc/${pid}/status`, 'Threads') }
}
