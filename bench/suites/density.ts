// What a connected VM costs in memory and threads: in one process, with guests inside and elsewhere, and in a process of its own.

import { startChild } from '../core/child.js'
import type { Sample, Suite } from '../core/suite.js'
import { heldBy, type Held } from '../density/memory.js'

const METRICS = {
  more: { unit: 'KiB for each VM after the first', better: 'less' },
  whole: { unit: 'KiB a VM, with the process', better: 'less' },
  threads: { unit: 'threads a VM', better: 'less' },
} as const

async function hold<T>(args: readonly (string | number)[], look: (pid: number) => T): Promise<{ first: T; all: T }> {
  const child = startChild(import.meta.url, '../density/holder.js', args)
  try {
    await child.message()
    const first = look(child.pid)
    child.send('go')
    await child.message()
    const all = look(child.pid)
    child.send('end')
    await child.message()
    await child.ended()
    return { first, all }
  } finally {
    child.kill()
  }
}

async function oneProcess(count: number, where: 'inside' | 'elsewhere'): Promise<Sample> {
  const { first, all } = await hold([count, where], heldBy)
  return { more: (all.kib - first.kib) / (count - 1), whole: all.kib / count, threads: all.threads / count }
}

/** As many processes at once, each with one VM and its guest. */
async function processEach(count: number): Promise<Sample> {
  const children = Array.from({ length: count }, () =>
    startChild(import.meta.url, '../density/holder.js', [1, 'inside']),
  )
  try {
    await Promise.all(children.map((child) => child.message()))
    const held: Held[] = children.map(({ pid }) => heldBy(pid))
    const kib = held.reduce((sum, one) => sum + one.kib, 0) / count
    for (const child of children) child.send('go')
    await Promise.all(children.map((child) => child.message()))
    for (const child of children) child.send('end')
    await Promise.all(children.map((child) => child.ended()))
    return { more: kib, whole: kib, threads: held.reduce((sum, { threads }) => sum + threads, 0) / count }
  } finally {
    for (const child of children) child.kill()
  }
}

export const density: Suite = {
  name: 'density',
  about: 'memory and threads of connected VMs, beside one process for each VM',
  async run(bench) {
    if (process.platform !== 'linux') return bench.note('density is measured on Linux only')
    for (const count of bench.quick ? [100] : [100, 1000, 5000]) {
      await bench.ask({
        name: 'connected VMs',
        params: { VMs: count },
        metrics: METRICS,
        rounds: bench.size(3, 1),
        warmup: 0,
        contenders: [
          { name: 'ours, guests inside', sample: () => oneProcess(count, 'inside') },
          { name: 'ours, guests elsewhere', sample: () => oneProcess(count, 'elsewhere') },
          { name: 'a process each', sample: () => processEach(bench.size(10, 3)) },
        ],
      })
    }
  },
}
