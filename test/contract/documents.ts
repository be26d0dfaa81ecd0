// HCS 13.7: whole documents.

import assert from 'node:assert/strict'
import { linux, minimal, SCSI, windows } from '../support/documents.js'
import { refused } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

export function documentsContract(provider: VmProvider): void {
  const { assumptionsHold } = provider

  describe('documents', () => {
    const test = useHost(provider)

    for (const [name, document, size] of [
      ['Linux', linux(), 1024],
      ['Windows', windows(), 2048],
    ] as const) {
      it(`HCS-085 the worked ${name} configuration creates and starts, and its properties say so`, async () => {
        const vm = await test.running(document)
        const properties = await vm.propertiesV2(['Memory', 'TerminateOnLastHandleClosed'])
        assert.equal(properties.Id, vm.id)
        assert.equal(properties.Owner, document.Owner)
        assert.equal(properties.RuntimeId?.toLowerCase(), vm.runtimeId)
        assert.equal(properties.State, 'Running')
        assert.equal(properties.TerminateOnLastHandleClosed, true)
        assert.equal(Number(properties.Memory?.VirtualMachineMemory?.AssignedMemory) * 4096, size * 1024 * 1024)
        assert.equal(vm.guestOS, name.toLowerCase())
      })
    }

    it('HCS-086 a boot controller that does not exist is accepted, and the VM runs', async () => {
      const vm = await test.running(
        minimal({
          Chipset: { Uefi: { BootThis: { DeviceType: 'ScsiDrive', DevicePath: 'no such controller', DiskNumber: 0 } } },
          Devices: { Scsi: { [SCSI[0]]: { Attachments: {} } } },
        }),
      )
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })

    it('HCS-087 both kinds of boot are refused', async () => {
      const document = minimal({ Chipset: { Uefi: {}, LinuxKernelDirect: { KernelFilePath: 'C:\\vmlinux' } } })
      await refused(test.host.createVM(test.id(), document), 0x80070057, 'A', assumptionsHold)
    })
  })
}
