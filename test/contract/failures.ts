// Cases that need a service which fails on demand: those that a healthy host never shows.

import assert from 'node:assert/strict'
import { HcsError, isInvalidState, isNotSupported, isTimeout, OperationTimeoutError } from '#dist/index.js'
import { linux, minimal } from '../support/documents.js'
import { refused, rejection, rejectsWith } from '../support/expect.js'
import { assertNothingOpen, useHost, type VmProvider } from '../support/host.js'

export function failuresContract(provider: VmProvider): void {
  if (!provider.isSimulated) return

  describe('without a guest', () => {
    const test = useHost(provider, { guest: 'none' })

    it('HCS-034 a shutdown without a channel is refused as not supported', async () => {
      const vm = await test.running()
      const error = await refused(vm.shutdown(), 0x80070032, 'R')
      assert.equal(isNotSupported(error), true)
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })
  })

  describe('a VM that ends by itself', () => {
    const test = useHost(provider, {
      faults: [
        { op: 'pause', exit: 'UnexpectedExit' },
        { op: 'resume', id: 'crashing', crash: true },
        { op: 'start', id: 'crashing', crash: true },
      ],
    })

    it('HCS-039 an unexpected exit resolves wait and has an exit error', async () => {
      const vm = await test.running()
      const waiting = vm.wait()
      await vm.pause().catch(() => undefined)
      const exit = await waiting
      assert.equal(exit.exitType, 'UnexpectedExit')
      assert.equal(exit.error?.hresult, 0xc0370106)
      const error = await vm.exitError()
      assert(error instanceof HcsError && error.hresult === 0xc0370106)
    })

    it('HCS-039 a crash is reported before the exit', async () => {
      const vm = await test.create(linux(), 'crashing')
      const reports: unknown[] = []
      vm.on('crash-report', (report) => reports.push(report))
      const order: string[] = []
      vm.on('crash-report', () => order.push('crash'))
      vm.on('exit', () => order.push('exit'))
      await vm.start().catch(() => undefined)
      assert.equal((await vm.wait()).exitType, 'UnexpectedExit')
      // The log comes from Linux guests only.
      assert(reports.every((report) => typeof (report as Record<string, unknown>)['CrashLog'] === 'string'))
      assert.deepEqual(new Set(order.slice(0, -1)), new Set(['crash']))
      assert.equal(order.at(-1), 'exit')
    })
  })

  describe('a service that goes away', () => {
    const test = useHost(provider, { faults: [{ op: 'pause', disconnect: true }] })

    it('HCS-041 waiters fail, and later calls fail quickly', async () => {
      const vm = await test.running()
      const waiting = rejectsWith(vm.wait(), HcsError)
      await vm.pause().catch(() => undefined)
      assert.equal((await waiting).hresult, 0x8037011e)
      assert.equal((await rejectsWith(vm.resume(), HcsError)).hresult, 0x8037011e)
      assert.equal((await rejectsWith(vm.wait(), HcsError)).hresult, 0x8037011e)
    })
  })

  describe('a slow service', () => {
    const test = useHost(provider, {
      faults: [
        { op: 'create', id: 'late', delayMs: 100 },
        { op: 'start', delayMs: 100 },
        { op: 'properties', nth: 2, delayMs: 100 },
      ],
    })

    it('HCS-044 close waits for the call in flight, and that call settles', async () => {
      const vm = await test.create()
      const starting = vm.start()
      while ((await test.host.stats()).operations === 0);
      await vm.close()
      await starting
      assert.deepEqual(await test.host.listVMs({ Ids: [vm.id] }), [])
    })

    it('HCS-048 a start that runs out of time is a time-out; the VM runs later and can be terminated', async () => {
      const vm = await test.create()
      const error = await rejectsWith(vm.start({ timeoutMs: 5 }), OperationTimeoutError)
      assert.equal(isTimeout(error), true)
      // Changes are in order: this one is answered when the start has ended.
      await vm.pause()
      await vm.resume()
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      await vm.terminate()
    })

    it('HCS-049 an aborted create leaves no VM', async () => {
      const abort = new AbortController()
      const creating = test.host.createVM('late', minimal(), { signal: abort.signal })
      abort.abort()
      assert.equal((await rejection<Error>(creating)).name, 'AbortError')
      // The id is taken until the abandoned one has come and gone.
      for (;;) {
        try {
          await test.create(minimal(), 'late')
          break
        } catch (error) {
          assert(error instanceof HcsError && error.hresult === 0x8037010f, String(error))
        }
      }
      assert.equal((await test.host.listVMs({ Ids: ['late'] })).length, 1)
    })

    it('HCS-050 an aborted property read leaves nothing open', async () => {
      const vm = await test.create()
      const abort = new AbortController()
      const reading = vm.propertiesV2(['Memory'], { signal: abort.signal })
      abort.abort()
      assert.equal((await rejection<Error>(reading)).name, 'AbortError')
      await vm.close()
      await assertNothingOpen(test.host)
    })
  })

  describe('a service that refuses', () => {
    const test = useHost(provider, { faults: [{ op: 'pause', fail: 0xc0370105 }] })

    it('HCS-054 a refused call leaves no operation, and the VM as it was', async () => {
      const vm = await test.running()
      const error = await rejectsWith(vm.pause(), HcsError)
      assert.equal(isInvalidState(error), true)
      assert.equal((await test.host.stats()).operations, 0)
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })
  })
}
