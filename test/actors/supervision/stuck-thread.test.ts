// A thread that does not answer, end to end: it is told, passed over, its calls end, and it is replaced once its end was seen.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open as openFile } from 'node:fs/promises'
import { ActorLostError, Host, OperationTimeoutError, type HostOptions } from '#dist/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../support/child.js'
import { minimal } from '../../support/documents.js'
import { pending, rejectsWith } from '../../support/expect.js'

const MODULE = new URL('../../fakes/stuck-provider.js', import.meta.url)

/** Where the provider looks while it is stuck: 1 ends it. */
function gate(): { memory: SharedArrayBuffer; open: () => void } {
  const memory = new SharedArrayBuffer(4)
  return {
    memory,
    open: () => {
      Atomics.store(new Int32Array(memory), 0, 1)
      Atomics.notify(new Int32Array(memory), 0)
    },
  }
}

describe('A thread that does not answer', () => {
  let host: Host
  let release: () => void
  let directory: TemporaryDirectory
  let pipe: string

  before(async () => {
    directory = await temporaryDirectory()
    pipe = `${directory.path}/pipe`
    execFileSync('mkfifo', [pipe])
  })
  after(() => directory.remove())

  afterEach(async () => {
    release()
    await host.close()
  })

  async function open(watchdog: NonNullable<HostOptions['watchdog']>): Promise<Host> {
    const { memory, open: end } = gate()
    release = end
    host = await Host.open({ threads: 2, watchdog, provider: { module: MODULE, options: { memory, pipe } } })
    return host
  }

  const stuck = (): Promise<[threadId: number, vmIds: string[]]> =>
    new Promise((resolve) => host.once('thread-stuck', (...args) => resolve(args)))

  it('busy for ever, is told with its VMs, ended and replaced; its calls reject, others go on', async () => {
    await open({ stuckAfterMs: 200 })
    const [one, two] = [await host.createVM('one', minimal()), await host.createVM('two', minimal())]
    const told = stuck()
    const lost: [number, string[]][] = []
    host.on('thread-lost', (threadId, _cause, vmIds) => lost.push([threadId, vmIds]))
    const back = new Promise<string>((resolve) => host.once('actor-given-up', (_kind, id) => resolve(id)))
    const call = one.updateMemory(1)
    call.catch(() => undefined)
    const [threadId, vmIds] = await told
    assert.deepEqual(vmIds, ['one'])
    await two.updateMemory(2)
    const error = await rejectsWith(call, ActorLostError)
    assert.match(String(error.cause), /did not answer for 200 ms/)
    // This provider cannot give a handle back: another thread asked it for that, once this one had ended.
    assert.equal(await back, 'one')
    assert.deepEqual(lost, [[threadId, ['one']]])
    while ((await host.stats()).threads.actors < 2) await new Promise((resolve) => setImmediate(resolve))
    await host.createVM('three', minimal())
  })

  it('is passed over by what is placed meanwhile, and taken again when it answers; it is not ended', async () => {
    await open({ stuckAfterMs: 200, replace: false })
    const one = await host.createVM('one', minimal())
    const told = stuck()
    const call = one.updateMemory(3)
    await told
    const vms = await Promise.all(['a', 'b', 'c'].map((id) => host.createVM(id, minimal())))
    await Promise.all(vms.map((vm) => vm.updateMemory(2)))
    const { silent = [] } = await host.stats()
    assert.equal(silent.length, 1)
    assert.equal(await pending(call), true)
    release()
    await call
    // Asked again and again: each time it is asked, and has a second to answer.
    while ((await host.stats()).silent !== undefined) await new Promise((resolve) => setImmediate(resolve))
  })

  it('held in a native call, is taken over only when its end was seen', async () => {
    await open({ stuckAfterMs: 200 })
    const one = await host.createVM('one', minimal())
    const lost = new Promise((resolve) => host.once('thread-lost', resolve))
    const back = new Promise((resolve) => host.once('actor-given-up', resolve))
    const call = one.updateMemory(4)
    await rejectsWith(call, ActorLostError)
    await lost
    const later = one.propertiesV2([])
    later.catch(() => undefined)
    assert.equal(await pending(Promise.race([back, later])), true)
    assert.equal((await host.stats()).threads.actors, 1)
    // The call ends.
    await (await openFile(pipe, 'w')).close()
    await back
    await rejectsWith(later, ActorLostError)
  })

  it('a call’s own time ends it, whatever its thread does', async () => {
    await open(false)
    const one = await host.createVM('one', minimal())
    const call = one.updateMemory(3, { timeoutMs: 10 })
    const error = await rejectsWith(call, OperationTimeoutError)
    assert.match(error.message, /its actor did not answer/)
  })
})
