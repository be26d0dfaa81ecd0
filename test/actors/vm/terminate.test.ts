// Terminations: who shares them, whose time counts, what a close that follows does, and when the VM is asked again.

import assert from 'node:assert/strict'
import { HcsError, InvalidStateError, isTimeout, OperationTimeoutError } from '#dist/index.js'
import { HCS_EVENT } from '#dist/native/hcs.js'
import { failure, FakeProvider, holding } from '../../fakes/provider.js'
import { useFakeVms } from '../../fakes/vm.js'
import { pending, refused, rejectsWith } from '../../support/expect.js'

const EXIT = { Status: 0, ExitType: 'ForcedExit' }
const disk = { Type: 'VirtualDisk' as const, Path: 'C:\\d.vhdx' }

describe('terminate', () => {
  const make = useFakeVms()

  describe('and a close at once', () => {
    it('the VM is terminated, and the close waits for its exit', async () => {
      const { vm, provider } = await make()
      const terminating = vm.terminate()
      const closing = vm.close()
      await provider.next('terminate')
      assert.equal(await pending(closing), true)
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await Promise.all([terminating, closing])
      assert.deepEqual(provider.names(), ['terminate', 'close'])
    })

    it('the VM is terminated although the terminate still waits for its slot when the close comes', async () => {
      const { vm, provider, env } = await make({ operations: 1 })
      const release = await env.operations.acquire('somebody else').granted
      const terminating = vm.terminate()
      const closing = vm.close()
      assert.equal(await pending(closing), true)
      assert.deepEqual(provider.names(), [])
      release?.()
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await Promise.all([terminating, closing])
      assert.deepEqual(provider.names(), ['terminate', 'close'])
    })

    it('both resolve at the terminate’s deadline when no exit comes', async () => {
      for (const timeoutMs of [undefined, 5000]) {
        const { vm, provider, clock } = await make()
        const terminating = vm.terminate(timeoutMs === undefined ? {} : { timeoutMs })
        const closing = vm.close()
        await provider.next('terminate')
        clock.advance((timeoutMs ?? 240_000) - 1)
        assert.equal(await pending(Promise.race([terminating, closing])), true)
        clock.advance(1)
        await Promise.all([terminating, closing])
        assert.deepEqual(provider.names(), ['terminate', 'close'])
      }
    })

    it('a terminate that HCS refuses rejects, and the close goes on', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      provider.script = (op) => (op === 'terminate' ? failure(0x80070005) : '')
      const refusal = refused(vm.terminate(), 0x80070005)
      await vm.close()
      await refusal
      assert.deepEqual(provider.names(), ['terminate', 'close'])
    })

    it('HCS-056 what is queued is refused at once and never sent', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm } = await make({ provider })
      const current = vm.addSCSIDisk(disk, 0, 0)
      const held = await provider.next('modify')
      const queued = rejectsWith(vm.addSCSIDisk(disk, 0, 1), InvalidStateError)
      const terminating = vm.terminate()
      const closing = vm.close()
      assert.equal((await queued).state, 'terminating')
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await terminating
      held.resolve()
      await Promise.all([current, closing])
      assert.deepEqual(provider.names(), ['modify', 'terminate', 'close'])
    })

    it('a service that is lost meanwhile ends both', async () => {
      const { vm, provider } = await make()
      const refusal = refused(vm.terminate(), 0x8037011e)
      const closing = vm.close()
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.serviceDisconnect)
      await Promise.all([refusal, closing])
    })
  })

  describe('time', () => {
    it('every caller has its own, whoever asked first', async () => {
      const { vm, provider, clock } = await make()
      const patient = vm.terminate({ timeoutMs: Infinity })
      const plain = vm.terminate()
      const hasty = vm.terminate({ timeoutMs: 50 })
      await provider.next('terminate')
      clock.advance(50)
      const first = await rejectsWith(hasty, OperationTimeoutError)
      assert.deepEqual([first.timeoutMs, first.sent], [50, true])
      assert.match(first.message, /vm\.terminate "fake": no answer within 50 ms \(the VM has not exited\); the outcome/)
      assert.equal(await pending(plain), true)
      clock.advance(240_000)
      assert.equal((await rejectsWith(plain, OperationTimeoutError)).timeoutMs, 240_000)
      assert.equal(await pending(patient), true)
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await patient
      assert.equal(clock.timers, 0)
    })

    it('a caller that comes later has all of its own time', async () => {
      const { vm, provider, clock } = await make()
      const first = vm.terminate()
      await provider.next('terminate')
      clock.advance(239_999)
      const second = vm.terminate()
      assert.equal(await pending(second), true)
      clock.advance(1)
      await rejectsWith(first, OperationTimeoutError)
      clock.advance(239_998)
      assert.equal(await pending(second), true)
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await second
    })

    it('after a time-out the VM is asked again, and its changes are sent again', async () => {
      const { vm, provider, clock } = await make()
      const late = vm.terminate({ timeoutMs: 50 })
      await provider.next('terminate')
      clock.advance(50)
      assert.equal(isTimeout(await rejectsWith(late, OperationTimeoutError)), true)
      await vm.updateMemory(2)
      const again = vm.terminate()
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await again
      assert.deepEqual(provider.names(), ['terminate', 'modify', 'terminate'])
    })

    it('it is asked again although another caller still waits for the first request', async () => {
      const { vm, provider, clock } = await make()
      const patient = vm.terminate()
      const late = vm.terminate({ timeoutMs: 50 })
      await provider.next('terminate')
      clock.advance(50)
      await rejectsWith(late, OperationTimeoutError)
      const again = vm.terminate()
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await Promise.all([patient, again])
      assert.deepEqual(provider.names(), ['terminate', 'terminate'])
    })

    it('the late refusal of an earlier request does not end a later one', async () => {
      const provider = new FakeProvider(holding('terminate'))
      const { vm, clock } = await make({ provider })
      const late = vm.terminate({ timeoutMs: 50 })
      const first = await provider.next('terminate')
      clock.advance(50)
      await rejectsWith(late, OperationTimeoutError)
      const again = vm.terminate()
      const second = await provider.next('terminate')
      first.reject(failure(0x80370118))
      assert.equal(await pending(again), true)
      second.resolve()
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await again
    })

    it('one that waited for a slot all its time says so and is never sent', async () => {
      const { vm, provider, clock, env } = await make({ operations: 1 })
      const release = await env.operations.acquire('somebody else').granted
      const late = vm.terminate({ timeoutMs: 50 })
      assert.equal(await pending(late), true)
      clock.advance(50)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, false)
      assert.match(error.message, /it waited for a slot: limits\.operations are taken\); nothing was sent$/)
      release?.()
      await vm.updateMemory(2)
      assert.deepEqual(provider.names(), ['modify'])
    })
  })

  it('the signal of one caller does not end it for those that joined', async () => {
    const { vm, provider } = await make()
    const abort = new AbortController()
    const first = vm.terminate({ signal: abort.signal })
    const second = vm.terminate()
    await provider.next('terminate')
    abort.abort()
    await assert.rejects(first, { name: 'AbortError' })
    assert.equal(await pending(second), true)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    await second
    assert.deepEqual(provider.names(), ['terminate'])
  })

  it('a request that HCS refuses fails everybody, and the VM can be used again', async () => {
    const provider = new FakeProvider(holding('terminate'))
    const { vm } = await make({ provider })
    const both = [vm.terminate(), vm.terminate()].map((one) => rejectsWith(one, HcsError))
    ;(await provider.next('terminate')).reject(failure(0x80070005))
    await Promise.all(both)
    await vm.updateMemory(2)
  })
})
