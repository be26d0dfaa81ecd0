// Host.stats({ vms: true }): figures of every VM in one call, which no VM can hold up.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Host, InvalidConfigError, type VmStats } from '#dist/index.js'
import { linux, minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { useHost } from '../support/host.js'

async function figuresOf(host: Host): Promise<Record<string, VmStats>> {
  const { vms } = await host.stats({ vms: true })
  return Object.fromEntries(vms.map((one) => [one.id, one]))
}

describe('figures of VMs', () => {
  const test = useHost()

  it('are there when they are asked for, and only then', async () => {
    assert.deepEqual((await test.host.stats({ vms: true })).vms, [])
    assert.equal('vms' in (await test.host.stats()), false)
    assert.equal('vms' in (await test.host.stats({ vms: false })), false)
    await rejectsWith(test.host.stats({ vm: true } as never), InvalidConfigError)
  })

  it('say the state, and what the service tells', async () => {
    const running = await test.running()
    const created = await test.create()
    const over = await test.running()
    await over.terminate()
    const figures = await figuresOf(test.host)
    assert.equal(figures[running.id]!.state, 'Running')
    assert.equal(typeof figures[running.id]!.cpuMs, 'number')
    assert(figures[running.id]!.memory!.committedBytes! > 0)
    assert(figures[running.id]!.asOf instanceof Date)
    assert.equal(figures[running.id]!.runtimeId, running.runtimeId)
    assert.equal(figures[created.id]!.state, 'Created')
    assert.equal(figures[over.id]!.state, 'Exited')
  })

  it('are one for each VM, however many handles there are, and 200 VMs', async () => {
    const vms = await Promise.all(Array.from({ length: 200 }, () => test.create()))
    test.keep(await test.host.openVM(vms[0]!.id))
    const { vms: figures } = await test.host.stats({ vms: true })
    assert.deepEqual(figures.map(({ id }) => id).sort(), vms.map(({ id }) => id).sort())
    assert(figures.every(({ silentSince, calls }) => silentSince === undefined && calls === 0))
  })

  it('count processes, their bytes and calls; a process that is closed no more', async () => {
    const vm = await test.create(linux())
    const guest = await test.host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    const of = async (): Promise<VmStats> => (await figuresOf(test.host))[vm.id]!
    const parameters = { CommandArgs: ['cat'], CreateStdInPipe: true, CreateStdOutPipe: true }
    const cat = await guest.createProcess(parameters)
    const { calls, processes } = await of()
    // Its exit is waited for.
    assert.deepEqual({ calls, processes }, { calls: 1, processes: 1 })
    cat.stdin!.end('hello')
    const [chunk] = (await once(cat.stdout!, 'data')) as [Buffer]
    assert.equal(String(chunk), 'hello')
    await cat.wait()
    const after = await of()
    assert.deepEqual([after.processes, after.calls, after.stdinBytes, after.outputBytes], [0, 0, 5, 5])
    {
      await using left = await guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true })
      assert.equal((await of()).processes, 1)
      assert.equal(left.stdin!.destroyed, false)
      test.keep(vm)
    }
    assert.equal((await of()).processes, 0)
  })
})

describe('figures of a VM that does not answer', () => {
  let host: Host
  before(async () => {
    const faults = [{ op: 'properties', id: 'stuck', nth: 2, never: true }] as const
    host = await Host.open({ threads: 1, closeTimeoutMs: 50, simulated: { faults: [...faults] } })
  })
  after(() => host.close())

  it('are absent, with since when; those of others are there, and one question stays the only one', async () => {
    const stuck = await host.createVM('stuck', minimal())
    await host.createVM('other', minimal())
    const first = await figuresOf(host)
    assert.equal(first['other']!.state, 'Created')
    assert.equal(first['other']!.silentSince, undefined)
    assert.equal(first['stuck']!.state, undefined)
    assert(first['stuck']!.silentSince instanceof Date)
    const [, second] = await Promise.all([figuresOf(host), figuresOf(host)])
    assert.equal(second['stuck']!.silentSince instanceof Date, true)
    assert.equal((await host.stats()).operations, 1)
    assert.equal(second['stuck']!.calls, 0)
    // It is only that question that waits.
    assert.equal((await stuck.propertiesV2([])).State ?? 'Created', 'Created')
  })
})
