// The process of a boot storm: boots as many VMs at once as its argument says, until every guest is connected.

import { Host } from '#dist/index.js'
import { linuxVm } from '../bridge/rig.js'
import { report } from '../core/child.js'
import { watchDelay } from './delay.js'

const count = Number(process.argv[2])
const host = await Host.open({ provider: 'simulated' })

async function boot(name: string): Promise<void> {
  const vm = await host.createVM(name, linuxVm(name))
  const guest = await host.createGuest(vm, { entropy: false, log: false })
  await vm.start()
  await guest.createConnection()
}

// What the first VM loads counts for none.
await boot('first')
process.send?.('ready')
await new Promise((resolve) => process.once('message', resolve))
const delayed = watchDelay()
const cpu = process.cpuUsage()
const startMs = performance.now()
await Promise.all(Array.from({ length: count }, (_, index) => boot(`vm-${index}`)))
const tookMs = performance.now() - startMs
const { user, system } = process.cpuUsage(cpu)
const delay = delayed()
report({ vms: (count / tookMs) * 1000, cpu: (user + system) / 1000 / count, ...delay })
await host.close()
