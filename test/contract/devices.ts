// HCS 13.5: shares, persistent memory, assigned devices, pipes and the service table.

import assert from 'node:assert/strict'
import { isNotExist, type schema } from '#dist/index.js'
import { linux, minimal, pmem, windows } from '../support/documents.js'
import { refused } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

const SERVICE = '0badcafe-facb-11e6-bd58-64006a7986d3'
const DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

export function devicesContract(provider: VmProvider): void {
  const { assumptionsHold } = provider

  describe('modify: persistent memory', () => {
    const test = useHost(provider)
    const image: schema.VirtualPMemDevice = { HostPath: 'C:\\layers\\a.vhd', ReadOnly: true, ImageFormat: 'Vhd1' }

    it('HCS-064 an id beyond MaximumCount and an occupied one are refused', async () => {
      const vm = await test.running(pmem())
      await vm.addVPMemDevice(0, image)
      await vm.addVPMemDevice(3, image)
      await refused(vm.addVPMemDevice(4, image), 0x80070057, 'A', assumptionsHold)
      await refused(vm.addVPMemDevice(3, image), 0x800700b7, 'A', assumptionsHold)
      await vm.removeVPMemDevice(3)
      const error = await refused(vm.removeVPMemDevice(3), 0x80070490, 'A', assumptionsHold)
      assert.equal(isNotExist(error), assumptionsHold || isNotExist(error))
      await vm.addVPMemDevice(3, image)
    })

    it('HCS-064 without the device class nothing can be added', async () => {
      const vm = await test.running(linux())
      await refused(vm.addVPMemDevice(0, image), 0x80070490, 'A', assumptionsHold)
    })
  })

  describe('modify: VSMB', () => {
    const test = useHost(provider)
    const share: schema.VirtualSmbShare = { Name: 's1', Path: 'C:\\data', Options: { ReadOnly: true } }

    it('HCS-065 add, and remove by name only', async () => {
      const vm = await test.running(windows())
      await vm.addVSMB(share)
      await refused(vm.addVSMB(share), 0x800700b7, 'A', assumptionsHold)
      await refused(vm.addVSMB({ ...share, Name: 'os' }), 0x800700b7, 'A', assumptionsHold)
      await vm.removeVSMB({ Name: 's1' })
      await refused(vm.removeVSMB({ Name: 's1' }), 0x80070490, 'A', assumptionsHold)
      await vm.addVSMB(share)
    })

    it('HCS-065 without the device class nothing can be added', async () => {
      const vm = await test.running(minimal())
      await refused(vm.addVSMB(share), 0x80070490, 'A', assumptionsHold)
    })
  })

  describe('modify: Plan9', () => {
    const test = useHost(provider)
    const share = (aname: string, port: number): schema.Plan9Share => ({
      Name: aname,
      AccessName: aname,
      Path: `C:\\data\\${aname}`,
      Port: port,
      Flags: 4,
    })

    it('HCS-066 with an empty Plan9 in the document shares come and go while the VM runs', async () => {
      const vm = await test.running(linux())
      for (const name of ['0', '1', '2', '3', '4']) await vm.addPlan9(share(name, 564))
      await refused(vm.addPlan9(share('3', 564)), 0x800700b7, 'A', assumptionsHold)
      await vm.removePlan9(share('3', 564))
      await vm.addPlan9(share('3', 564))
    })

    it('HCS-066 without Plan9 in the document an add is refused', async () => {
      const vm = await test.running(minimal())
      const error = await refused(vm.addPlan9(share('0', 564)), 0x80070490, 'R')
      assert.equal(isNotExist(error), true)
    })

    it('HCS-067 one name on two ports is two shares, and removal matches both', async () => {
      const vm = await test.running(linux())
      await vm.addPlan9(share('a', 564))
      await vm.addPlan9(share('a', 565))
      await vm.removePlan9({ AccessName: 'a', Port: 565 })
      await refused(vm.removePlan9({ AccessName: 'a', Port: 565 }), 0x80070490, 'A', assumptionsHold)
      await refused(vm.removePlan9({ AccessName: 'b', Port: 564 }), 0x80070490, 'A', assumptionsHold)
      await vm.removePlan9({ AccessName: 'a', Port: 564 })
    })
  })

  describe('modify: the HvSocket service table', () => {
    const test = useHost(provider)

    it('HCS-069 update creates, update replaces, disabled and empty removes, and removing nothing succeeds', async () => {
      const vm = await test.running(linux())
      const config = { BindSecurityDescriptor: DESCRIPTOR, ConnectSecurityDescriptor: DESCRIPTOR }
      await vm.updateHvSocketService(SERVICE, config)
      await vm.updateHvSocketService(SERVICE, { ...config, AllowWildcardBinds: true })
      await vm.updateHvSocketService(SERVICE, { Disabled: true })
      // It has gone: the same request creates it now.
      await vm.updateHvSocketService(SERVICE, { Disabled: true })
      await vm.removeHvSocketService(SERVICE)
      await vm.removeHvSocketService(SERVICE)
    })

    it('HCS-069 a VM without HvSocket has no table', async () => {
      const vm = await test.running(minimal())
      await refused(vm.updateHvSocketService(SERVICE, {}), 0x80070490, 'A', assumptionsHold)
    })
  })

  describe('modify: assigned devices and pipes', () => {
    const test = useHost(provider)
    const gpu: schema.VirtualPciDevice = {
      Functions: [{ DeviceInstancePath: 'PCIP\\VEN_10DE&DEV_1EB8\\4&1', VirtualFunction: 0 }],
    }
    const [first, second] = ['11111111-aaaa-4bbb-8ccc-000000000001', '11111111-aaaa-4bbb-8ccc-000000000002'] as const

    it('HCS-072 two devices need two GUIDs, and removing by GUID works once', async () => {
      const vm = await test.running(linux())
      await vm.addDevice(first, gpu)
      const other = { Functions: [{ DeviceInstancePath: 'PCIP\\VEN_10DE&DEV_1EB8\\4&2' }] }
      await refused(vm.addDevice(first.toUpperCase(), other), 0x800700b7, 'A', assumptionsHold)
      await vm.addDevice(second, other)
      await vm.removeDevice(first)
      await refused(vm.removeDevice(first), 0x80070490, 'A', assumptionsHold)
      await vm.removeDevice(second.toUpperCase())
    })

    it('HCS-071 a pipe is known by its whole path', async () => {
      const vm = await test.running(windows())
      await vm.addPipe('\\\\.\\pipe\\docker_engine')
      await refused(vm.addPipe('\\\\.\\pipe\\docker_engine'), 0x800700b7, 'A', assumptionsHold)
      await vm.removePipe('\\\\.\\pipe\\docker_engine')
      await refused(vm.removePipe('\\\\.\\pipe\\docker_engine'), 0x80070490, 'A', assumptionsHold)
    })
  })
}
