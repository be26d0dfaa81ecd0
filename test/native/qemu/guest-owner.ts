// A program that owns three VMs with Linux guests and is killed: run by faults.vm.test.ts, which has made their template. It says so when all
// run and each has a process that goes on.

import { Host, QemuService } from '#dist/index.js'
import { guestDocument, type Image } from '../../support/qemu.js'
import { output, TEMPLATE } from '../../support/qemu-guests.js'

const [directory, journal, image] = process.argv.slice(2) as [string, string, string]
const service = await QemuService.connect({ directory, start: false })
const host = await Host.open({ provider: 'qemu', threads: 1, journal, qemu: { service } })
await Promise.all(
  ['stays-1', 'stays-2', 'goes'].map(async (id) => {
    const restore = { RestoreState: { TemplateSystemId: TEMPLATE } }
    const top = { Owner: 'guest owner', ShouldTerminateOnLastHandleClosed: id === 'goes' }
    const vm = await host.createVM(id, guestDocument(JSON.parse(image) as Image, restore, top))
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection({ timeoutMs: 300_000 })
    await output(guest, `echo ${id} > /name; sleep 1000000 >/dev/null 2>&1 & echo $! > /pid`)
  }),
)
console.log('all run')
setInterval(() => undefined, 60_000)
