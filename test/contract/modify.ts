// HCS 13.5: modifications.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidConfigError, isNotExist, type schema } from '#dist/index.js'
import { linux, minimal, SCSI } from '../support/documents.js'
import { refused, rejectsWith } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

const disk = (name: string): schema.Attachment => ({ Type: 'VirtualDisk', Path: `C:\\disks\\${name}.vhdx` })

export function modifyContract(provider: VmProvider): void {
  const { assumptionsHold } = provider

  describe('modify: SCSI', () => {
    const test = useHost(provider)

    it('HCS-059 the four controllers are addressed by their GUIDs, a fifth is refused here', async () => {
      const vm = await test.running(linux())
      for (const [controller, guid] of SCSI.entries()) {
        await vm.addSCSIDisk(disk(`c${controller}`), controller, 3)
        const error = await refused(vm.addSCSIDisk(disk('x'), controller, 3), 0x800700b7, 'A', assumptionsHold)
        assert.equal(error.path, `VirtualMachine/Devices/Scsi/${guid}/Attachments/3`)
      }
      for (const controller of [4, -1, 0.5, NaN, '0']) {
        await rejectsWith(vm.addSCSIDisk(disk('x'), controller as number, 0), InvalidConfigError, (error) =>
          assert.equal(error.path, 'controller'),
        )
      }
    })

    it('HCS-060 LUN 0 and LUN 63 can be used, LUN 64 is refused', async () => {
      const vm = await test.running(linux())
      for (const lun of [0, 63]) {
        await vm.addSCSIDisk(disk(`lun-${lun}`), 0, lun)
        await vm.removeSCSIDisk(0, lun)
      }
      await refused(vm.addSCSIDisk(disk('lun-64'), 0, 64), 0x80070057, 'A', assumptionsHold)
    })

    it('HCS-061 an occupied LUN is refused and keeps its disk; an empty one has nothing to remove', async () => {
      const vm = await test.running(linux())
      await vm.addSCSIDisk(disk('first'), 0, 1)
      await refused(vm.addSCSIDisk(disk('second'), 0, 1), 0x800700b7, 'A', assumptionsHold)
      await vm.removeSCSIDisk(0, 1)
      const error = await refused(vm.removeSCSIDisk(0, 1), 0x80070490, 'A', assumptionsHold)
      assert.equal(isNotExist(error), assumptionsHold || isNotExist(error))
    })

    it('HCS-062 a disk whose file is missing is refused, and takes no place', async function () {
      if (process.platform === 'win32') this.skip()
      const vm = await test.running(linux())
      const directory = await mkdtemp(join(tmpdir(), 'disk-'))
      try {
        const path = join(directory, 'data.vhdx')
        await refused(vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1), 0x80070002, 'R')
        await writeFile(path, '')
        await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1)
        await vm.removeSCSIDisk(0, 1)
      } finally {
        await rm(directory, { recursive: true })
      }
    })

    it('HCS-063 a controller that the document does not have is refused', async () => {
      const vm = await test.running(minimal({ Devices: { Scsi: { [SCSI[0]]: {} } } }))
      await vm.addSCSIDisk(disk('there'), 0, 0)
      await refused(vm.addSCSIDisk(disk('not there'), 1, 0), 0x80070490, 'A', assumptionsHold)
    })
  })

  describe('modify: denied files', () => {
    const test = useHost(provider, { faults: [{ op: 'modify', fail: 0x80070005 }] })

    it('HCS-062 a disk that the VM may not open is refused as access denied', async () => {
      const { isAccessDenied } = await import('#dist/index.js')
      const vm = await test.running(linux())
      const error = await refused(vm.addSCSIDisk(disk('denied'), 0, 1), 0x80070005, 'R')
      assert.equal(isAccessDenied(error), true)
    })
  })

  describe('modify: network adapters', () => {
    const test = useHost(provider)
    const nic = '5e0a8f7e-90a7-4d3c-a9b8-0c5d0f1c2b3a'

    it('HCS-068 add, update, remove; an update without settings is refused here', async () => {
      const vm = await test.running(linux())
      const settings = { EndpointId: 'aaaaaaaa-0000-0000-0000-000000000001', MacAddress: '00-15-5D-01-02-03' }
      await vm.addNIC(nic, settings)
      await refused(vm.addNIC(nic, settings), 0x800700b7, 'A', assumptionsHold)
      await vm.updateNIC(nic, { ...settings, MacAddress: '00-15-5D-01-02-04' })
      await vm.removeNIC(nic, settings)
      await rejectsWith(vm.updateNIC(nic, undefined as never), InvalidConfigError)
      await rejectsWith(vm.addNIC('', settings), InvalidConfigError)
      await rejectsWith(vm.addNIC('a/b', settings), InvalidConfigError)
    })
  })

  describe('modify: memory and processors', () => {
    const test = useHost(provider)

    it('HCS-073 an even memory size is taken; 0 and odd sizes are refused', async () => {
      const vm = await test.running()
      await vm.updateMemory(512)
      const { Memory: memory } = await vm.propertiesV2(['Memory'])
      assert.equal(Number(memory?.VirtualMachineMemory?.AssignedMemory) * 4096, 512 * 1024 * 1024)
      for (const size of [0, 513]) await refused(vm.updateMemory(size), 0x80070057, 'A', assumptionsHold)
      await rejectsWith(vm.updateMemory('512' as never), InvalidConfigError)
    })

    it('HCS-074 the limit 100000 is taken, 100001 is refused', async () => {
      const vm = await test.running()
      await vm.updateCPULimits({ Limit: 100_000, Weight: 10_000 })
      await refused(vm.updateCPULimits({ Limit: 100_001 }), 0x80070057, 'A', assumptionsHold)
    })

    it('HCS-075 the null CPU group is taken, an unknown one is refused, one that exists is joined', async () => {
      const vm = await test.running()
      const id = 'c0ffee00-1111-2222-3333-444444444444'
      await vm.setCPUGroup({ Id: '00000000-0000-0000-0000-000000000000' })
      await refused(vm.setCPUGroup({ Id: id }), 0x80070490, 'A', assumptionsHold)
      const details = { GroupId: id, LogicalProcessorCount: 1, LogicalProcessors: [0] }
      await test.host.modifyServiceSettings({
        PropertyType: 'CpuGroup',
        Settings: { Operation: 'CreateGroup', OperationDetails: details },
      })
      await vm.setCPUGroup({ Id: id })
      await vm.setCPUGroup({ Id: '00000000-0000-0000-0000-000000000000' })
      await test.host.modifyServiceSettings({
        PropertyType: 'CpuGroup',
        Settings: { Operation: 'DeleteGroup', OperationDetails: { GroupId: id } },
      })
    })
  })

  describe('modify: states and paths', () => {
    const test = useHost(provider)

    it('HCS-076 before start a change is an invalid state, after the exit already stopped', async () => {
      const vm = await test.create(linux())
      await refused(vm.addSCSIDisk(disk('early'), 0, 0), 0x80370105, 'A', assumptionsHold)
      await vm.start()
      await vm.pause()
      await refused(vm.updateMemory(512), 0x80370105, 'A', assumptionsHold)
      await vm.terminate()
      await refused(vm.addSCSIDisk(disk('late'), 0, 0), 0x80370110, 'S')
    })
  })
}
