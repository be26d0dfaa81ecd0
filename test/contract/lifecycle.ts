// HCS 13.3: lifecycle.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  HcsError,
  InvalidStateError,
  isAlreadyClosed,
  isAlreadyStopped,
  isInvalidState,
  type ExitStatus,
} from '#dist/index.js'
import { minimal } from '../support/documents.js'
import { pending, refused, rejectsWith } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

export function lifecycleContract(provider: VmProvider): void {
  const { assumptionsHold } = provider

  describe('lifecycle', () => {
    const test = useHost(provider)

    it('HCS-022 a second start is refused and the VM keeps running', async () => {
      const vm = await test.running()
      const error = await refused(vm.start(), 0x80370105, 'A', assumptionsHold)
      assert.equal(isInvalidState(error), assumptionsHold || isInvalidState(error))
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })

    it('HCS-023 a start after the exit is refused as already stopped', async () => {
      const vm = await test.running()
      await vm.terminate()
      assert.equal(isAlreadyStopped(await refused(vm.start(), 0x80370110, 'R')), true)
    })

    it('HCS-024 the id is free again after wait and close', async () => {
      const vm = await test.running()
      await vm.terminate()
      await vm.wait()
      await vm.close()
      await test.running(minimal(), vm.id)
    })

    it('HCS-025 pause and resume', async () => {
      const vm = await test.running()
      await vm.pause()
      assert.equal((await vm.propertiesV2([])).State, 'Paused')
      await refused(vm.pause(), 0x80370105, 'A', assumptionsHold)
      await vm.resume()
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      await refused(vm.resume(), 0x80370105, 'A', assumptionsHold)
    })

    it('HCS-026 a save while running is refused', async () => {
      const vm = await test.running()
      await refused(vm.save({ SaveType: 'ToFile', SaveStateFilePath: 'C:\\a.vmrs' }), 0x80370105, 'D')
    })

    it('HCS-027 a save to file leaves the VM paused, and terminate then succeeds', async () => {
      const vm = await test.running()
      await vm.pause()
      await vm.save({ SaveType: 'ToFile', SaveStateFilePath: 'C:\\b.vmrs' })
      assert.equal((await vm.propertiesV2([])).State, 'Paused')
      await vm.terminate()
      assert.equal((await vm.wait()).exitType, 'ForcedExit')
    })

    it('HCS-028 a VM with RestoreState starts with start', async () => {
      const path = 'C:\\restore.vmrs'
      const first = await test.running()
      await first.pause()
      await first.save({ SaveType: 'ToFile', SaveStateFilePath: path })
      await first.terminate()
      await first.close()
      const second = await test.create(minimal({ RestoreState: { SaveStateFilePath: path } }), first.id)
      await refused(second.resume(), 0x80370105, 'A', assumptionsHold)
      await second.start()
      assert.equal((await second.propertiesV2([])).State, 'Running')
    })

    it('HCS-029 terminate ends a running VM: ForcedExit, and no exit error', async () => {
      const vm = await test.running()
      const waiting = vm.wait()
      await vm.terminate()
      const exit = await waiting
      assert.equal(exit.exitType, 'ForcedExit')
      assert.equal(exit.error, undefined)
      assert.equal(await vm.exitError(), undefined)
    })

    it('HCS-030 terminate ends a VM that never started', async () => {
      const vm = await test.create()
      await vm.terminate()
      assert.equal((await vm.wait()).exitType, 'ForcedExit')
    })

    it('HCS-031 terminate twice, at once and later: all resolve, one exit event', async () => {
      const vm = await test.running()
      const exits: ExitStatus[] = []
      vm.on('exit', (exit) => exits.push(exit))
      await Promise.all([vm.terminate(), vm.terminate()])
      await vm.terminate()
      assert.equal(exits.length, 1)
    })

    it('HCS-032 terminate after a graceful exit resolves', async () => {
      const vm = await test.running()
      await vm.shutdown()
      assert.equal((await vm.wait()).exitType, 'GracefulExit')
      await vm.terminate()
      await vm.shutdown()
    })

    it('HCS-033 shutdown with a channel resolves before the exit, which is graceful', async () => {
      const vm = await test.running()
      const order: string[] = []
      vm.on('exit', () => order.push('exit'))
      await vm.shutdown().then(() => order.push('shutdown'))
      assert.equal((await vm.wait()).exitType, 'GracefulExit')
      assert.deepEqual(order, ['shutdown', 'exit'])
    })

    it('HCS-035 shutdown and terminate of a closed VM resolve', async () => {
      const vm = await test.running()
      await vm.close()
      await vm.shutdown()
      await vm.terminate()
    })

    it('HCS-036 wait of a never-started VM stays pending until terminate or close', async () => {
      const ended = await test.create()
      const waiting = ended.wait()
      assert.equal(await pending(waiting), true)
      await ended.terminate()
      assert.equal((await waiting).exitType, 'ForcedExit')
      const closed = await test.create()
      const second = closed.wait()
      second.catch(() => undefined)
      assert.equal(await pending(second), true)
      await closed.close()
      await rejectsWith(second, InvalidStateError)
    })

    it('HCS-037 waiters of a VM that is closed without an exit hear that it is closed', async () => {
      const vm = await test.running()
      const waiting = [vm.wait(), vm.wait()]
      for (const promise of waiting) promise.catch(() => undefined)
      await vm.close()
      for (const promise of waiting) {
        assert.equal(isAlreadyClosed(await rejectsWith(promise, InvalidStateError)), true)
      }
    })

    it('HCS-038 wait after the exit gives the same status every time', async () => {
      const vm = await test.running()
      await vm.terminate()
      const first = await vm.wait()
      assert.deepEqual(await vm.wait(), first)
      await vm.close()
      assert.deepEqual(await vm.wait(), first)
    })

    it('HCS-040 the exit error cannot be asked for while the VM runs', async () => {
      const vm = await test.running()
      const error = await rejectsWith(vm.exitError(), InvalidStateError)
      assert.equal(error.state, 'running')
    })

    it('HCS-042 close is idempotent and legal in every state', async () => {
      const created = await test.create()
      const paused = await test.running()
      await paused.pause()
      const exited = await test.running()
      await exited.terminate()
      for (const vm of [created, await test.running(), paused, exited]) {
        await Promise.all([vm.close(), vm.close()])
        await vm.close()
        const error = await rejectsWith(vm.start(), InvalidStateError)
        assert.equal(error.state, 'closed')
      }
    })

    it('HCS-043 the last close ends the VM when the document says so, and only then', async () => {
      const ending = await test.running()
      await ending.close()
      assert.deepEqual(await test.host.listVMs({ Ids: [ending.id] }), [])
      const staying = await test.running(minimal({}, { ShouldTerminateOnLastHandleClosed: false }))
      await staying.close()
      assert.equal((await test.host.listVMs({ Ids: [staying.id] }))[0]?.State, 'Running')
      const again = test.keep(await test.host.openVM(staying.id))
      assert.equal((await again.propertiesV2([])).State, 'Running')
      await again.terminate()
    })

    it('HCS-045 closing from inside an event handler does not deadlock', async () => {
      const vm = await test.running()
      const closed = new Promise<void>((resolve, reject) => vm.once('exit', () => vm.close().then(resolve, reject)))
      await vm.terminate()
      await closed
    })

    it('HCS-046 the exit is told once per handle, and nothing after close', async () => {
      const first = await test.running()
      const second = test.keep(await test.host.openVM(first.id))
      const third = await test.host.openVM(first.id)
      const told: string[] = []
      first.on('exit', () => told.push('first'))
      second.on('exit', () => told.push('second'))
      third.on('exit', () => told.push('third'))
      await third.close()
      const seen: string[] = []
      const listener = (id: string): void => void seen.push(id)
      test.host.on('vm-exited', listener)
      await first.terminate()
      await second.wait()
      assert.deepEqual(told.sort(), ['first', 'second'])
      assert.deepEqual(seen, [first.id])
      test.host.off('vm-exited', listener)
    })

    it('HCS-047 a handle opened late still ends in a settled wait', async () => {
      const vm = await test.running()
      const opening = test.host.openVM(vm.id)
      const terminating = vm.terminate()
      await opening.then(
        async (late) => {
          assert.equal((await test.keep(late).wait()).exitType, 'ForcedExit')
        },
        (error: unknown) => assert(error instanceof HcsError),
      )
      await terminating
    })

    it('a listener that throws stops neither the other listeners nor the VM', async () => {
      const vm = await test.running()
      const warned = once(process, 'warning')
      let heard = false
      vm.on('exit', () => {
        throw new Error('careless')
      })
      vm.on('exit', () => {
        heard = true
      })
      await vm.terminate()
      assert.equal(heard, true)
      assert.equal(((await warned) as [Error])[0].name, 'UVMListenerWarning')
    })
  })
}
