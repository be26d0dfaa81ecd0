// Every public call at the wrong time: on what is closed, twice where once is enough, behind a terminate; a second Guest beside the first.

import assert from 'node:assert/strict'
import { GuestConnectionUnavailableError, InvalidStateError } from '#dist/index.js'
import { HOST_METHODS } from '#dist/protocol/host-modifications/index.js'
import { CONTAINER, GUEST, HOST, PROCESS, VM, type Calls } from './calls.js'
import { VM as AVM } from './kinds.js'
import { failsWith, outcomeOf, Rig, targetsOf, type Inside } from './rig.js'

describe('a call at the wrong time', () => {
  const rig = new Rig()
  let own: Inside
  before(() => rig.open())
  beforeEach(async () => (own = await rig.inside('linux')))
  afterEach(async () => {
    rig.release()
    await own.vm.close()
    own.peer.destroy()
    await rig.unharmed()
  })
  after(() => rig.close())

  /** Every call of something that is closed comes out as its row says, however often it is asked. */
  async function tryClosed(label: string, object: object, calls: Calls, isWindows?: boolean): Promise<void> {
    for (const target of targetsOf(label, object, calls, isWindows)) {
      const { closed, args } = target.call
      const good = args.map((kind) => (kind === AVM ? own.vm : kind.good))
      for (const time of ['once', 'twice']) {
        const what = `${target.name}, ${time}`
        if (closed === 'resolves') {
          const outcome = await outcomeOf(() => target.run(...good))
          assert('value' in outcome, `${what}: ${String('error' in outcome && outcome.error)}`)
          continue
        }
        const type = closed === 'no-guest' ? GuestConnectionUnavailableError : InvalidStateError
        const error = await failsWith<Error>(what, type, () => target.run(...good))
        if (closed === 'closed') assert.equal((error as InvalidStateError).state, 'closed', what)
      }
    }
  }

  it('on a VM that is closed', async () => {
    const told: string[] = []
    own.vm.on('exit', () => told.push('exit'))
    own.guest.on('disconnected', (error) => told.push(`disconnected ${String(error)}`))
    await Promise.all([own.vm.close(), own.vm.close()])
    await tryClosed('vm', own.vm, VM)
    const closed = await failsWith('vm.start', InvalidStateError, () => own.vm.start())
    assert.match(closed.message, /the VM handle is closed; the call was not sent/)
    // Its guest was closed with it.
    await tryClosed('guest', own.guest, GUEST, false)
    assert.deepEqual(told, ['disconnected undefined'])
  })

  it('on a Guest that is closed; its VM can have another', async () => {
    let told = 0
    own.guest.on('disconnected', () => told++)
    await Promise.all([own.guest.close(), own.guest.close()])
    await tryClosed('guest', own.guest, GUEST, false)
    assert.equal(told, 1)
    const gone = await failsWith('dumpStacks', GuestConnectionUnavailableError, () => own.guest.dumpStacks())
    assert.match(gone.message, /the guest was closed/)
    const next = await rig.host.createGuest(own.vm, { entropy: false, log: false })
    assert.equal(await next.isConnected(), false)
  })

  it('on a container and a process that are closed; the guest goes on', async () => {
    const waiting = failsWith('container.wait', InvalidStateError, () => own.container.wait())
    await Promise.all([own.container.close(), own.container.close(), own.process.close(), own.process.close()])
    assert.equal((await waiting).state, 'closed')
    await tryClosed('container', own.container, CONTAINER)
    const { wait: _, ...others } = PROCESS
    await tryClosed('process', own.process, others)
    assert.equal(await own.guest.isConnected(), true)
  })

  it('on a Host that is closed', async () => {
    const other = new Rig()
    await other.open()
    const { host, linux } = other
    const told: string[] = []
    host.on('close-forced', (what) => told.push(what.join()))
    await Promise.all([host.close(), host.close(), linux.vm.close(), linux.guest.close()])
    await tryClosed('host', host, HOST)
    await tryClosed('vm', linux.vm, VM)
    assert.deepEqual(told, [])
    await other.close()
  })

  it('behind a terminate that is under way: changes are refused and never sent, another terminate joins', async () => {
    let exits = 0
    own.vm.on('exit', () => exits++)
    rig.hold()
    const terminating = [own.vm.terminate(), own.vm.terminate()]
    const changes = ['start', 'pause', 'resume', 'save', 'modify', ...Object.keys(HOST_METHODS)]
    for (const target of targetsOf('vm', own.vm, VM)) {
      if (!changes.includes(target.name.slice(3))) continue
      const error = await failsWith(target.name, InvalidStateError, () => target.run(...rig.goodArgs(target)))
      assert.equal(error.state, 'terminating', target.name)
      assert.match(error.message, /the VM is being terminated; the call was not sent/)
    }
    rig.release()
    await Promise.all(terminating)
    assert.equal((await own.vm.wait()).exitType, 'ForcedExit')
    await own.vm.terminate()
    assert.equal(exits, 1)
    const gone = await failsWith('dumpStacks', GuestConnectionUnavailableError, () => own.guest.dumpStacks())
    assert.match(gone.message, /the VM has exited/)
  })

  it('a second Guest beside the first, and beside one that is being made', async () => {
    const one = await failsWith('createGuest', InvalidStateError, () => rig.host.createGuest(own.vm))
    assert.equal(one.state, 'guest-exists')
    assert.equal(await own.guest.isConnected(), true)
    await own.guest.close()
    const [first, second] = await Promise.allSettled([
      rig.host.createGuest(own.vm, { entropy: false, log: false }),
      rig.host.createGuest(own.vm),
    ])
    assert.equal(first.status, 'fulfilled')
    assert(second.status === 'rejected' && second.reason instanceof InvalidStateError)
    assert.equal(second.reason.state, 'guest-exists')
  })
})
