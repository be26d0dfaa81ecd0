// A program that owns three VMs of a QEMU supervisor and is killed: run by bare.vm.test.ts. It prints their pids when all run.

import { readdir, readFile } from 'node:fs/promises'
import { Host, QemuService } from '#dist/index.js'
import { bare } from '../../support/qemu.js'

const directory = process.argv[2]!
const service = await QemuService.connect({ directory, start: false })
const host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
for (const id of ['stays-1', 'stays-2', 'goes']) {
  const vm = await host.createVM(id, bare({}, { Owner: 'owner', ShouldTerminateOnLastHandleClosed: id === 'goes' }))
  await vm.start()
}
const pids: number[] = []
for (const name of await readdir('/proc')) {
  const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
  if (/guest=(stays-1|stays-2|goes),/.test(line) && line.includes(`${directory}/`)) pids.push(Number(name))
}
console.log(JSON.stringify(pids))
setInterval(() => undefined, 60_000)
