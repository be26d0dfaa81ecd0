// A storm of boots: VMs a second, CPU for each, and how late the main thread's event loop is meanwhile, beside an idle process.

import { startChild } from '../core/child.js'
import type { Sample, Suite } from '../core/suite.js'

const COUNTS = [10, 100, 1000, 5000]
const QUICK_COUNTS = [10, 100]

const late = { unit: 'ms late', better: 'less' } as const

/** Both at once: what the machine does hits the storm and its control alike. */
async function storm(count: number): Promise<{ ours: Sample; idle: Sample }> {
  const storming = startChild(import.meta.url, '../boots/storm.js', [count])
  const idling = startChild(import.meta.url, '../boots/idle.js', [])
  try {
    await Promise.all([storming.message(), idling.message()])
    storming.send('go')
    idling.send('go')
    const ours = await storming.message<Sample>()
    idling.send('end')
    const idle = await idling.message<Sample>()
    await Promise.all([storming.ended(), idling.ended()])
    return { ours, idle }
  } finally {
    storming.kill()
    idling.kill()
  }
}

export const boots: Suite = {
  name: 'boots',
  about: 'boots of VMs with built-in guests, all at once, until every guest is connected',
  async run(bench) {
    for (const count of bench.quick ? QUICK_COUNTS : COUNTS) {
      if (bench.isLate) break
      let control: Sample | undefined
      await bench.ask({
        name: 'boot storm',
        params: { VMs: count },
        metrics: {
          vms: { unit: 'VMs/s', better: 'more' },
          cpu: { unit: 'ms of CPU a VM', better: 'less' },
          p50: late,
          p99: late,
          p999: late,
          max: late,
        },
        rounds: count >= 1000 ? 2 : 5,
        warmup: 0,
        contenders: [
          {
            name: 'ours',
            sample: async () => {
              const { ours, idle } = await storm(count)
              control = idle
              return ours
            },
          },
          { name: 'idle process', sample: () => Promise.resolve(control ?? {}) },
        ],
        order: 'fixed',
      })
    }
  },
}
