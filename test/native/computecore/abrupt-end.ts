// A program that ends with operations in flight on the double: `node abrupt-end.js <how> <library>`.

import { Host } from '#dist/index.js'
import { minimal } from '../../support/documents.js'
import { DoubleControl } from '../double/control.js'
import { until } from './rig.js'

const [how, libraryPath] = process.argv.slice(2) as [string, string]
const VMS = 100

const control = new DoubleControl(libraryPath)
control.configure({})
const host = await Host.open({ provider: 'computecore', computecore: { libraryPath }, threads: 2 })
process.once('exit', () => console.log('an exit listener ran'))
const vms = await Promise.all(Array.from({ length: VMS }, (_, n) => host.createVM(`abrupt-${n}`, minimal())))
await Promise.all(vms.map((vm) => vm.start()))

// Completions fall due all the time, before and after the end.
const faults = vms.map((vm, n) => ({ op: 'modify' as const, id: vm.id, delayMs: (n * 7) % 60 }))
control.configure({ faults })
const before = control.counters().callbacks
for (const vm of vms) vm.updateMemory(512).catch(() => undefined)
await until(() => control.counters().callbacks > before + 5)

switch (how) {
  case 'exit':
    process.exit(7)
  case 'throw':
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
    break
  case 'exit-code':
    process.exitCode = 9
    host.unref()
    break
  case 'storm':
    control.exitAll('UnexpectedExit')
    process.exit(7)
}
