// Host.recover: what a Host takes over from one that is closed, on every service that outlives a Host within one program.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AbortError,
  GuestConnectionUnavailableError,
  Host,
  InvalidConfigError,
  InvalidStateError,
  isNotExist,
  SimulatedService,
  type ComputeSystem,
  type HostOptions,
  type RecoverOptions,
} from '#dist/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { CONTAINER, linux, minimal } from '../support/documents.js'
import { describeDouble, openDouble } from '../support/double.js'
import { rejection, rejectsWith } from '../support/expect.js'
import { serviceDirectory, type ServiceDirectory } from '../support/service-process.js'

const OWNER = 'contract'
const STRANGER = 'somebody else'
const REDIALS = 'quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4'

function staying(document: ComputeSystem = linux(REDIALS)): ComputeSystem {
  return { ...document, ShouldTerminateOnLastHandleClosed: false }
}

/** Journals in a directory of the test's own, and Hosts that are closed with it. */
function useJournals(open: (options: HostOptions) => Promise<Host>): {
  host(journal?: string): Promise<Host>
  text(journal?: string): Promise<string>
} {
  let temporary: TemporaryDirectory
  const hosts: Host[] = []
  beforeEach(async () => (temporary = await temporaryDirectory()))
  afterEach(async () => {
    const all = hosts.splice(0)
    await Promise.all(all.map((host) => host.close()))
    // Whatever the test has left.
    const last = await open({ threads: 1 })
    for (const owner of [OWNER, STRANGER]) await last.recover({ owner, adopt: () => 'reap' })
    await last.close()
    await temporary.remove()
  })
  return {
    host: async (journal = 'journal') => {
      const host = await open({ threads: 1, journal: join(temporary.path, journal) })
      hosts.push(host)
      return host
    },
    text: (journal = 'journal') => readFile(join(temporary.path, journal, 'journal'), 'utf8'),
  }
}

function contract(open: (options: HostOptions) => Promise<Host>): void {
  const journals = useJournals(open)

  it('adopts, reaps and leaves as it is told, and touches nobody else’s', async () => {
    const first = await journals.host()
    for (const id of ['adopted', 'reaped', 'left']) await (await first.createVM(id, staying())).start()
    await first.createVM('other', { ...staying(), Owner: STRANGER })
    await first.close()
    const next = await journals.host()
    const asked: string[] = []
    const decisions = { adopted: 'adopt', reaped: 'reap', left: 'leave' } as const
    const recovery = await next.recover({
      owner: OWNER,
      adopt: ({ Id, Owner, State }) => {
        asked.push(`${Id} ${Owner} ${State}`)
        return decisions[Id as keyof typeof decisions]
      },
    })
    assert.deepEqual(asked.sort(), ['adopted contract Running', 'left contract Running', 'reaped contract Running'])
    assert.deepEqual(
      { ...recovery, vms: recovery.vms.map(({ id, guestOS }) => `${id} ${guestOS}`) },
      {
        vms: ['adopted linux'],
        guests: [],
        processes: [],
        containers: [],
        reaped: ['reaped'],
        left: ['left'],
        failed: [],
      },
    )
    assert.deepEqual((await next.listVMs({ Ids: ['adopted', 'reaped', 'left', 'other'] })).map(({ Id }) => Id).sort(), [
      'adopted',
      'left',
      'other',
    ])
    assert.equal((await recovery.vms[0]!.propertiesV2([])).State, 'Running')
    // Those that this Host has are not asked about again.
    const again = await next.recover({ owner: OWNER, adopt: () => 'leave' })
    assert.deepEqual(again.left, ['left'])
  })

  it('tells of VMs that ended meanwhile, once; not of those that went with their Host', async () => {
    const first = await journals.host()
    await (await first.createVM('ends', staying())).start()
    await first.createVM('goes', minimal())
    await first.close()
    const between = await journals.host('another')
    assert.deepEqual((await between.recover({ owner: OWNER, adopt: () => 'reap' })).reaped, ['ends'])
    await between.close()
    const next = await journals.host()
    const { vms, failed } = await next.recover({ owner: OWNER, adopt: 'all' })
    assert.deepEqual(vms, [])
    assert.deepEqual(
      failed.map(({ id, error }) => [id, error instanceof InvalidStateError && error.state]),
      [['ends', 'exited']],
    )
    assert.deepEqual((await next.recover({ owner: OWNER, adopt: 'all' })).failed, [])
    await next.close()
    // It is written anew, without them.
    await journals.host()
    assert.doesNotMatch(await journals.text(), /goes|ends/)
  })

  it('without a record of the VM it is adopted, and said that its guest was not', async () => {
    const first = await journals.host('another')
    await (await first.createVM('unknown', staying())).start()
    await first.close()
    const next = await journals.host()
    const { vms, failed } = await next.recover({ owner: OWNER, adopt: 'all' })
    assert.deepEqual(
      vms.map(({ id }) => id),
      ['unknown'],
    )
    assert.deepEqual(
      failed.map(({ id, error }) => [id, error instanceof InvalidStateError && error.state]),
      [['unknown', 'journal-unknown']],
    )
    await vms[0]!.terminate()
  })

  it('bad options do nothing at all', async () => {
    const first = await journals.host()
    const vm = await first.createVM('kept', staying())
    await vm.close()
    const bad: [options: unknown, path: string][] = [
      [undefined, 'options'],
      [{}, 'owner'],
      [{ owner: '', adopt: 'all' }, 'owner'],
      [{ owner: OWNER }, 'adopt'],
      [{ owner: OWNER, adopt: 'some' }, 'adopt'],
      [{ owner: OWNER, adpot: 'all' }, 'adpot'],
      [{ owner: OWNER, adopt: 'all', timeoutMs: 0 }, 'timeoutMs'],
      [{ owner: OWNER, adopt: () => 'kill' }, 'adopt'],
      [{ owner: OWNER, adopt: () => assert.fail('thrown') }, 'adopt'],
    ]
    for (const [options, path] of bad) {
      const error = await rejectsWith(first.recover(options as RecoverOptions), InvalidConfigError)
      assert.equal(error.path, path)
    }
    assert.deepEqual((await first.listVMs({ Ids: ['kept'] })).length, 1)
    assert.equal((await first.stats()).handles, 0)
  })

  it('an abort gives back what was taken over, and the VMs go on', async () => {
    const first = await journals.host()
    for (const id of ['a', 'b']) await first.createVM(id, staying())
    await first.close()
    const next = await journals.host()
    const controller = new AbortController()
    const options: RecoverOptions = {
      owner: OWNER,
      adopt: () => {
        controller.abort()
        return 'adopt'
      },
    }
    await rejectsWith(next.recover({ ...options, signal: controller.signal }), AbortError)
    assert.equal((await next.stats()).handles, 0)
    assert.equal((await next.listVMs({ Owners: [OWNER] })).length, 2)
  })

  it('on a Host that is closed it is refused', async () => {
    const host = await journals.host()
    await host.close()
    assert.equal((await rejectsWith(host.recover({ owner: OWNER, adopt: 'all' }), InvalidStateError)).state, 'closed')
  })
}

describe('recovery on a service process', () => {
  let directory: ServiceDirectory
  let service: SimulatedService
  before(async () => {
    directory = await serviceDirectory()
    service = await directory.connect()
  })
  after(async () => {
    await service.close()
    await directory.remove()
  })
  contract(async (options) => Host.open({ ...options, simulated: { service } }))
})

describe('recovery on a simulated service that outlives its Hosts', () => {
  let service: SimulatedService
  before(async () => (service = await SimulatedService.open()))
  after(() => service.close())
  const open = async (options: HostOptions): Promise<Host> => Host.open({ ...options, simulated: { service } })
  contract(open)
  const journals = useJournals(open)

  it('takes back the guest, the exits of processes and of containers; ids and ports are not used again', async () => {
    const first = await journals.host()
    const vm = await first.createVM('a', staying())
    const guest = await first.createGuest(vm, { requestTimeoutMs: Infinity, modifyConcurrency: 1 })
    await vm.start()
    await guest.createConnection()
    const ended = await guest.createProcess({ CommandLine: 'sh -c "exit 3"' })
    await ended.wait()
    const untilGo = 'sh -c "until test -e /go; do sleep 0.1; done; exit 7"'
    const closed = await guest.createProcess({ CommandLine: untilGo })
    await closed.close()
    const running = await guest.createProcess({ CommandLine: untilGo, CreateStdOutPipe: true })
    const container = await guest.createContainer('c', CONTAINER)
    await container.start()
    const init = await container.createProcess({})
    const saved = running.save()
    await first.close()

    const next = await journals.host()
    const recovery = await next.recover({ owner: OWNER, adopt: 'all' })
    assert.deepEqual(recovery.failed, [])
    const taken = new Map(recovery.processes.map((process) => [process.pid, process]))
    assert.deepEqual([...taken.keys()].sort(), [running.pid, init.pid].sort())
    assert.deepEqual(
      recovery.containers.map(({ id }) => id),
      ['c'],
    )
    const again = recovery.guests[0]!
    assert.equal(await again.isConnected(), true)
    assert.ok((await again.bridgeNextId()) >= 2n ** 32n)
    assert.ok((await again.nextPort()) > saved.ports.stdout! + 1000)
    // The answer to a wait that nobody wanted any more costs the new connection nothing.
    await again.execInUVM({ commandLine: 'sh -c "echo > /go"' })
    assert.deepEqual(await taken.get(running.pid)!.wait(), { exitCode: 7, known: true })
    await recovery.containers[0]!.terminate()
    assert.deepEqual(await taken.get(init.pid)!.wait(), { exitCode: 137, known: true })
    await recovery.containers[0]!.wait()
    assert.equal(await again.execInUVM({ commandLine: 'sh -c "exit 5"' }), 5)
    assert.equal(await again.isConnected(), true)
    await recovery.vms[0]!.terminate()
  })

  it('a guest whose log dies with its program is told, and not waited for; the VM is there', async () => {
    const first = await journals.host()
    const vm = await first.createVM('a', staying(linux('quiet -- -e 1 /bin/vsockexec -e 109 /bin/gcs')))
    const guest = await first.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    await first.close()
    const next = await journals.host()
    const { vms, guests, failed } = await next.recover({ owner: OWNER, adopt: 'all' })
    assert.deepEqual([vms.length, guests.length, failed.length], [1, 0, 1])
    assert.equal(failed[0]!.error instanceof GuestConnectionUnavailableError, true)
    assert.match(failed[0]!.error.message, /without -r/)
    await vms[0]!.terminate()
  })

  it('a VM that was never started, or whose guest never connected, goes on from there', async () => {
    const first = await journals.host()
    const made = await first.createVM('made', staying())
    await first.createGuest(made)
    const started = await first.createVM('started', staying())
    await first.createGuest(started)
    await started.start()
    await first.close()
    const next = await journals.host()
    const { vms, guests, failed } = await next.recover({ owner: OWNER, adopt: 'all' })
    assert.deepEqual([vms.length, guests.length, failed], [2, 2, []])
    const connected = await Promise.all(guests.map((guest) => guest.isConnected()))
    assert.deepEqual(connected.sort(), [false, true])
    const vm = vms.find(({ id }) => id === 'made')!
    await vm.start()
    const guest = guests[connected.indexOf(false)]!
    await guest.createConnection()
    assert.equal(await guest.execInUVM({ commandLine: 'sh -c "exit 4"' }), 4)
    for (const one of vms) await one.terminate()
  })

  it('what the time left nothing for is in failed, and the VM is there', async () => {
    const first = await journals.host()
    const vm = await first.createVM('a', staying())
    await first.createGuest(vm)
    await first.close()
    // Started by nobody who could be its guest's host: it dials, and the socket of another is not this Host's.
    const next = await journals.host()
    const other = await next.openVM('a')
    assert.deepEqual(await next.recover({ owner: OWNER, adopt: 'all' }).then(({ vms, failed }) => [vms, failed]), [
      [],
      [],
    ])
    await other.close()
    const { vms, failed } = await next
      .recover({ owner: OWNER, adopt: 'all', timeoutMs: 1e-6 })
      .catch((error: unknown) => ({ vms: [], failed: [{ id: 'a', error }] }))
    assert.equal(vms.length, 0)
    assert.equal((failed[0]!.error as Error).name, 'OperationTimeoutError')
    assert.equal(isNotExist(await rejection(next.openVM('b'))), true)
    await (await next.openVM('a')).terminate()
  })
})

describeDouble('recovery on the double of computecore.dll', () => {
  contract(openDouble)
})
