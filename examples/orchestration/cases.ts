// The tests of deploy.ts, of no framework: with-node.ts and with-mocha.ts run them. With fakes each way that things can go takes a few lines;
// the last one runs the same code against the real library on virtual time.
import assert from 'node:assert/strict'
import { HcsError, OperationTimeoutError } from 'uvm-actors'
import { execOutput, FakeHost, Simulation, type FakeGuest, type FakeVM } from 'uvm-actors/testing'
import { deploy, UnhealthyError } from './deploy.js'

const DISK = 'C:\\data.vhdx'

/** VMs and guests that do as they are asked. */
function willing(): { onVM: (vm: FakeVM) => void; onGuest: (guest: FakeGuest) => void } {
  return {
    onVM: (vm) => vm.allow('start', 'addSCSIDisk'),
    onGuest: (guest) => {
      guest.allow('createConnection', 'addLCOWMappedVirtualDisk')
      guest.always('exec', { value: execOutput('6.1.0\n') })
    },
  }
}

export const cases: Record<string, () => Promise<void>> = {
  'attaches the disk on the host before it mounts it inside': async () => {
    const host = new FakeHost(willing())
    const { attempts } = await deploy(host, 'web', DISK)
    assert.equal(attempts, 1)
    assert.deepEqual(host.log.ops, [
      'host.createVM',
      'host.createGuest',
      'vm.start',
      'guest.createConnection',
      'vm.addSCSIDisk',
      'guest.addLCOWMappedVirtualDisk',
      'guest.exec',
    ])
    assert.deepEqual(host.log.of('vm.addSCSIDisk')[0]?.args, [{ Type: 'VirtualDisk', Path: DISK }, 0, 1])
    host.log.verify()
  },

  'tries again with a new VM when one does not start, and leaves nothing of it': async () => {
    const { onVM, ...rest } = willing()
    let made = 0
    const host = new FakeHost({
      ...rest,
      onVM: (vm) => {
        onVM(vm)
        if (++made === 1) vm.next('start', { error: new HcsError({ op: 'vm.start', id: vm.id, hresult: 0x8037_0106 }) })
      },
    })
    const { attempts, vm } = await deploy(host, 'web', DISK)
    assert.equal(attempts, 2)
    assert.deepEqual(host.vms, [vm])
    assert.equal(host.log.of('vm.terminate').length, 1)
  },

  'gives up on a guest that never answers, when its time is over': async () => {
    const { onVM } = willing()
    const host = new FakeHost({ onVM, onGuest: (guest) => guest.next('createConnection', { never: true }) })
    await assert.rejects(deploy(host, 'web', DISK, { attempts: 1, connectMs: 5 }), OperationTimeoutError)
    assert.deepEqual(host.vms, [])
  },

  'passes on why, when the last one is not healthy': async () => {
    const { onVM, onGuest } = willing()
    const sick = { value: execOutput('', { exitCode: 1, stderr: 'no kernel' }) }
    const host = new FakeHost({ onVM, onGuest: (guest) => (onGuest(guest), void guest.next('exec', sick)) })
    await assert.rejects(deploy(host, 'web', DISK, { attempts: 2 }), UnhealthyError)
    assert.equal(host.log.of('host.createVM').length, 2)
  },

  'works on the real thing, on virtual time, where the first start fails': async () => {
    await using simulation = await Simulation.open({ seed: 3 })
    simulation.faults.push({ op: 'start', nth: 1, fail: 0x8037_0106 })
    await simulation.run(async (host) => {
      const { attempts, vm } = await deploy(host, 'web', DISK)
      assert.equal(attempts, 2)
      await vm.terminate()
    })
  },
}
