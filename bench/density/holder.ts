// A process that holds as many connected VMs as its first argument says; with the second 'elsewhere' their guests and their compute
// service are another process. Says when it holds none, when it holds all, and ends when it is told.

import { setTimeout as sleep } from 'node:timers/promises'
import { Host, SimulatedService } from '#dist/index.js'
import { linuxVm, socketDirectory } from '../bridge/rig.js'
import { report } from '../core/child.js'

const count = Number(process.argv[2])
const isElsewhere = process.argv[3] === 'elsewhere'
const { path, remove } = await socketDirectory()
const service = isElsewhere ? await SimulatedService.connect({ directory: path, start: { graceMs: 0 } }) : undefined
const host = await Host.open({ provider: 'simulated', ...(service === undefined ? {} : { simulated: { service } }) })

async function boot(name: string): Promise<void> {
  const vm = await host.createVM(name, linuxVm(name))
  const guest = await host.createGuest(vm, { entropy: false, log: false })
  await vm.start()
  await guest.createConnection()
}

/** Tells that the process has come to rest, and waits for the answer. */
async function rest(what: unknown): Promise<void> {
  globalThis.gc?.()
  await sleep(200)
  globalThis.gc?.()
  process.send?.(what)
  await new Promise((resolve) => process.once('message', resolve))
}

await boot('first')
await rest('first')
await Promise.all(Array.from({ length: count - 1 }, (_, index) => boot(`vm-${index}`)))
await rest('all')
await host.close()
await service?.close()
await remove()
report('closed')
