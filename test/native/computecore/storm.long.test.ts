// Everything at one instant: a thousand VMs that exit together, each exit told on a native thread of its own.

import assert from 'node:assert/strict'
import type { Host, UtilityVM } from '#dist/index.js'
import { minimal } from '../../support/documents.js'
import { control, describeDouble, openDouble } from '../../support/double.js'
import { until } from './rig.js'

const VMS = 1_000
const MODIFICATIONS = 10

describeDouble('computecore: a storm', () => {
  let host: Host

  beforeEach(async () => {
    control().configure({})
    host = await openDouble({ threads: 2 })
  })
  afterEach(() => host.close())

  async function running(count: number): Promise<UtilityVM[]> {
    const vms = await Promise.all(Array.from({ length: count }, (_, n) => host.createVM(`storm-${n}`, minimal())))
    await Promise.all(vms.map((vm) => vm.start()))
    return vms
  }

  it(`${VMS} VMs, ${MODIFICATIONS} modifications each, all exiting at one instant: every exit is delivered once`, async () => {
    const vms = await running(VMS)
    const sizes = Array.from({ length: MODIFICATIONS }, (_, n) => 256 + 2 * n)
    await Promise.all(vms.flatMap((vm) => sizes.map((size) => vm.updateMemory(size))))
    const told = new Map<string, number>()
    host.on('vm-exited', (id) => told.set(id, (told.get(id) ?? 0) + 1))
    assert.equal(control().exitAll('UnexpectedExit'), VMS)
    const exits = await Promise.all(vms.map((vm) => vm.wait()))
    assert(exits.every(({ exitType }) => exitType === 'UnexpectedExit'))
    assert.equal(told.size, VMS)
    assert([...told.values()].every((times) => times === 1))
    await Promise.all(vms.map((vm) => vm.close()))
    const { handles, operations } = await host.stats()
    assert.deepEqual({ handles, operations }, { handles: 0, operations: 0 })
  })

  it('512 operations that complete at one instant', async () => {
    const vms = await running(512)
    control().configure({ faults: [{ op: 'modify', hold: true }] })
    const changes = vms.map((vm) => vm.updateMemory(512))
    await until(() => control().counters().held === 512)
    assert.equal(control().release(), 512)
    await Promise.all(changes)
    await Promise.all(vms.map((vm) => vm.close()))
  })
})
