// A storm of changes over many VMs: changes a second, and whether each VM gets its share.

import { Host } from '#dist/index.js'
import { linuxVm } from '../bridge/rig.js'
import { Closing } from '../core/closing.js'
import { percentiles } from '../core/statistics.js'
import type { Sample, Suite } from '../core/suite.js'
import { openTwoHops } from '../storm/two-hops.js'

const METRICS = {
  changes: { unit: 'changes/s', better: 'more' },
  fairness: { unit: 'p99 over p50 of the VMs', better: 'less' },
  cpu: { unit: 'µs of CPU a change', better: 'less' },
} as const

/** Every VM makes one change after the other, all VMs at once. Fairness is of the times the VMs took for all of theirs. */
async function storm(
  vms: number,
  each: number,
  change: (vm: number, turn: number) => Promise<unknown>,
): Promise<Sample> {
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const times = await Promise.all(
    Array.from({ length: vms }, async (_, vm) => {
      for (let turn = 0; turn < each; turn++) await change(vm, turn)
      return performance.now() - startMs
    }),
  )
  const tookMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  const { p50, p99 } = percentiles(times)
  const changes = vms * each
  return { changes: (changes / tookMs) * 1000, fairness: p99 / p50, cpu: (user + system) / changes }
}

export const modify: Suite = {
  name: 'modify',
  about: 'changes of many running VMs at once, beside two bare hops between threads',
  async run(bench) {
    await using closing = new Closing()
    const options = { provider: 'simulated', simulated: { guest: 'none' } } as const
    const host = closing.add(await Host.open(options), (open) => open.close())
    const hops = closing.add(openTwoHops(), (open) => open.close())
    const count = bench.size(1000, 50)
    const vms = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const vm = await host.createVM(`vm-${index}`, linuxVm(`vm-${index}`))
        await vm.start()
        return vm
      }),
    )
    const each = bench.size(20, 10)
    await bench.ask({
      name: 'memory changes',
      params: { VMs: count },
      metrics: METRICS,
      contenders: [
        { name: 'ours', sample: () => storm(count, each, (vm, turn) => vms[vm]!.updateMemory(256 + 2 * (turn % 2))) },
        { name: 'two bare hops', sample: () => storm(count, each, (vm, turn) => hops.call({ vm, turn })) },
      ],
    })
  },
}
