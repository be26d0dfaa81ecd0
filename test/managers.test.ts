// Code that takes the manager interfaces is tested with fakes; and the same code works on the real thing.

import assert from 'node:assert/strict'
import {
  HcsError,
  type GuestManager,
  type LCOWScsiManager,
  type LifetimeManager,
  type SCSIManager,
} from '#dist/index.js'
import { FakeGuestManager, FakeGuestSCSI, FakeLifetime, FakeSCSI, Script } from './fakes/managers.js'
import { linux } from './support/documents.js'
import { rejectsWith } from './support/expect.js'
import { useHost } from './support/host.js'

/** As an embedder would write it: attach on the host side, mount inside, undo the first when the second fails. */
async function mountDisk(host: SCSIManager, guest: LCOWScsiManager, path: string, lun: number): Promise<void> {
  await host.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, lun)
  try {
    await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: lun, MountPath: `/mnt/${lun}` })
  } catch (error) {
    await host.removeSCSIDisk(0, lun)
    throw error
  }
}

/** Boots, runs, and tears down whatever happens. */
async function runOnce(vm: LifetimeManager, guest: GuestManager, args: string[]): Promise<number> {
  try {
    await vm.start()
    await guest.createConnection()
    return await guest.execInUVM({ args })
  } finally {
    await guest.close()
    await vm.terminate()
    await vm.wait()
    await vm.close()
  }
}

describe('code that takes the manager interfaces', () => {
  const refusal = new HcsError({ op: 'guest.x', id: 'fake', hresult: 0x8007_0005 })

  it('with fakes: host first, then guest', async () => {
    const script = new Script()
    await mountDisk(new FakeSCSI(script), new FakeGuestSCSI(script), 'C:\\d.vhdx', 3)
    assert.deepEqual(script.log, ['addSCSIDisk "C:\\\\d.vhdx" 0 3', 'addLCOWMappedVirtualDisk "/mnt/3"'])
  })

  it('with fakes that fail: what was attached is detached again', async () => {
    const script = new Script()
    script.fail('addLCOWMappedVirtualDisk', refusal)
    const failed = mountDisk(new FakeSCSI(script), new FakeGuestSCSI(script), 'C:\\d.vhdx', 3)
    assert.equal(await rejectsWith(failed, HcsError), refusal)
    assert.equal(script.log.at(-1), 'removeSCSIDisk 0 3')
  })

  it('with a fake VM and guest: everything is torn down, whether it works or not', async () => {
    for (const broken of [undefined, 'start', 'createConnection', 'execInUVM']) {
      const script = new Script()
      if (broken !== undefined) script.fail(broken, refusal)
      const guest = new FakeGuestManager(script)
      guest.exitCode = 7
      const running = runOnce(new FakeLifetime(script), guest, ['true'])
      if (broken === undefined) assert.equal(await running, 7)
      else assert.equal(await rejectsWith(running, HcsError), refusal)
      assert.deepEqual(script.log.slice(-4), ['guest.close', 'terminate', 'wait', 'close'])
    }
  })

  context('on the real thing', () => {
    const test = useHost()

    it('does the same', async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      await mountDisk(vm, guest, 'C:\\d.vhdx', 3)
      assert.equal(await guest.execInUVM({ args: ['sh', '-c', 'ls /mnt/3 && exit 4'] }), 4)
      await guest.close()
      await vm.terminate()
      const second = await test.create(linux('quiet'), 'second')
      assert.equal(await runOnce(second, await test.host.createGuest(second), ['sh', '-c', 'exit 9']), 9)
    })
  })
})
