// The Host: its options, its threads, its limits, and its end.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import {
  ActorLostError,
  HcsError,
  Host,
  InvalidConfigError,
  InvalidStateError,
  OverloadedError,
  ProviderUnavailableError,
  SimulatedService,
  type UtilityVM,
  type HostOptions,
} from '#dist/index.js'
import { countOsThreads } from '#cli/os-threads.js'
import { COUNT, type UnrulyOptions } from '../fakes/unruly-provider.js'
import { linux, minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { assertNothingOpen } from '../support/host.js'

const UNRULY = new URL('../fakes/unruly-provider.js', import.meta.url)

function newCounters(): { counters: SharedArrayBuffer; read: (name: keyof typeof COUNT) => number } {
  const counters = new SharedArrayBuffer(16)
  return { counters, read: (name) => new Int32Array(counters)[COUNT[name]] ?? NaN }
}

describe('Host', () => {
  const hosts = new Set<Host>()

  afterEach(async () => {
    await Promise.all([...hosts].map((host) => host.close()))
    hosts.clear()
  })

  async function open(options: HostOptions = {}): Promise<Host> {
    const host = await Host.open({ threads: 1, ...options })
    hosts.add(host)
    return host
  }

  const unruly = (options: UnrulyOptions = {}, more: HostOptions = {}): Promise<Host> =>
    open({ ...more, provider: { module: UNRULY, options } })

  describe('options', () => {
    const bad: [path: string, options: unknown][] = [
      ['options', null],
      ['options', 'simulated'],
      ['threads', { threads: 0 }],
      ['threads', { threads: 1.5 }],
      ['threads', { threads: '2' }],
      ['threads', { threads: Infinity }],
      ['isolation', { isolation: 'shared' }],
      ['transport', { transport: 'vsock' }],
      ['provider', { provider: 'docker' }],
      ['provider', { provider: 5 }],
      ['provider.module', { provider: {} }],
      ['provider.module', { provider: { module: '' } }],
      ['provider.options', { provider: { module: 'x', options: () => 1 } }],
      ['computecore', { computecore: 'C:\\computecore.dll' }],
      ['computecore.libraryPath', { computecore: { libraryPath: 5 } }],
      ['limits', { limits: 5 }],
      ['limits.queuePerVM', { limits: { queuePerVM: 0 } }],
      ['limits.operations', { limits: { operations: -1 } }],
      ['limits.boots', { limits: { boots: NaN } }],
      ['closeTimeoutMs', { closeTimeoutMs: 0 }],
      ['closeTimeoutMs', { closeTimeoutMs: '5' }],
      ['socketDirectory', { socketDirectory: 5 }],
      ['socketDirectory', { socketDirectory: '/tmp/no-such-directory' }],
      ['socketDirectory', { socketDirectory: '/dev/null' }],
      // Everybody can write it: whoever is first would be the host of a guest.
      ['socketDirectory', { socketDirectory: '/tmp' }],
      ['socketDirectory', { socketDirectory: `/tmp/${'x'.repeat(22)}` }],
      ['simulated', { simulated: true }],
    ]
    for (const [path, options] of bad) {
      it(`refuses ${path} ${JSON.stringify((options as Record<string, unknown> | null)?.[path] ?? options)}`, async () => {
        const before = countOsThreads()
        const error = await rejectsWith(Host.open(options as HostOptions), InvalidConfigError)
        assert.equal(error.path, path)
        assert.equal(error.op, 'host.open')
        assert.equal(countOsThreads(), before)
      })
    }

    it('takes what is at the edge: 1 thread, endless limits, a directory of 26 bytes', async () => {
      const directory = await mkdtemp('/tmp/dir-of-26-bytes-')
      assert(Buffer.byteLength(directory) <= 27)
      const socketDirectory = directory.slice(0, 26)
      if (socketDirectory !== directory) await rm(directory, { recursive: true })
      const limits = { queuePerVM: Infinity, operations: Infinity, boots: 2 ** 40 }
      const host = await open({
        threads: 1,
        limits,
        closeTimeoutMs: Infinity,
        ...(socketDirectory === directory ? { socketDirectory } : {}),
      })
      const vm = await host.createVM('vm', linux('quiet'))
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      await host.close()
      if (socketDirectory === directory) {
        assert.deepEqual(await readdir(directory), [])
        await rm(directory, { recursive: true })
      }
    })

    for (const [what, mode] of [
      ['a group', 0o770],
      ['others', 0o702],
    ] as const) {
      it(`refuses a socketDirectory that ${what} can write, and a link to one of its own`, async () => {
        const directory = await mkdtemp('/tmp/sd-')
        const link = `${directory}l`
        try {
          await symlink(directory, link)
          for (const socketDirectory of [link, `${link}/`, `${link}/.`]) {
            const error = await rejectsWith(Host.open({ threads: 1, socketDirectory }), InvalidConfigError)
            assert.match(error.message, /it is a link; name the directory itself/)
          }
          await chmod(directory, mode)
          const error = await rejectsWith(Host.open({ threads: 1, socketDirectory: directory }), InvalidConfigError)
          assert.match(error.message, /others can write it \(mode 7\d\d\); chmod 700 would help/)
          assert.deepEqual(await readdir(directory), [])
        } finally {
          await rm(link)
          await rm(directory, { recursive: true })
        }
      })
    }

    it('a slot count that no counter holds is no limit', async () => {
      const host = await open({ limits: { operations: 2 ** 32 } })
      const vm = await host.createVM('vm', minimal())
      await vm.start()
      await vm.close()
    })
  })

  describe('a provider of one’s own', () => {
    it('is loaded once in every actor thread, given its options, and closed once in each', async () => {
      const { counters, read } = newCounters()
      const host = await unruly({ counters }, { threads: 3 })
      assert.equal(read('loads'), 3)
      assert.equal((await host.stats()).threads.service, 0)
      const vm = await host.createVM('vm', minimal())
      assert.match(vm.runtimeId, /^00000000-0000-4000-8000-/)
      await host.close()
      assert.equal(read('closes'), 3)
    })

    const unusable: [what: string, provider: HostOptions['provider'], why: RegExp][] = [
      [
        'a module that does not exist',
        { module: new URL('./none.js', import.meta.url) },
        /cannot be loaded: .*none\.js/,
      ],
      ['a package that is not installed', { module: 'no-such-package-here' }, /no-such-package-here/],
      [
        'a module that exports no function',
        { module: new URL('../fakes/no-provider.js', import.meta.url) },
        /default export is no function/,
      ],
      ['a factory that throws', { module: UNRULY, options: { make: 'throw' } }, /the factory throws/],
      ['a factory that rejects', { module: UNRULY, options: { make: 'reject' } }, /the factory rejects/],
      ['a factory that makes nothing', { module: UNRULY, options: { make: 'nothing' } }, /made no provider/],
      ['a factory that makes something else', { module: UNRULY, options: { make: 'number' } }, /made no provider/],
    ]
    for (const [what, provider, why] of unusable) {
      it(`${what} is ProviderUnavailableError, and nothing stays`, async () => {
        const before = countOsThreads()
        const error = await rejectsWith(Host.open({ threads: 1, provider: provider! }), ProviderUnavailableError)
        assert.equal(error.code, 'UVM_NO_PROVIDER')
        assert.match(error.message, why)
        assert.equal(countOsThreads(), before)
      })
    }

    it('an exit before createSystem has resolved is told to whoever then listens, once', async () => {
      const host = await unruly()
      const told: unknown[] = []
      host.on('vm-exited', (id, { exitType }) => told.push(['host', id, exitType]))
      const vm = await host.createVM('early', minimal({}, { Owner: 'gone' }))
      vm.on('exit', ({ exitType }) => told.push(['vm', exitType]))
      const exit = new Promise((resolve) => vm.once('exit', resolve))
      assert.equal((await vm.wait()).exitType, 'GracefulExit')
      await exit
      assert.deepEqual(told, [
        ['host', 'early', 'GracefulExit'],
        ['vm', 'GracefulExit'],
      ])
      await vm.close()
      assert.equal(told.length, 2)
      await assertNothingOpen(host)
    })

    it('one that makes no compute system is E_UNEXPECTED, and nothing stays', async () => {
      const host = await unruly()
      const { hresult, op, id } = await rejectsWith(host.createVM('none', minimal({}, { Owner: 'nothing' })), HcsError)
      assert.deepEqual([hresult, op, id], [0x8000ffff, 'vm.create', 'none'])
      await assertNothingOpen(host)
    })

    it('Hyper-V sockets are not to be had here', async function () {
      if (process.platform === 'win32') return
      await rejectsWith(Host.open({ transport: 'hyperv' }), ProviderUnavailableError)
    })
  })

  describe('threads', () => {
    it('are as many as asked for', async () => {
      for (const threads of [1, 2]) {
        const host = await open({ threads })
        assert.deepEqual((await host.stats()).threads, {
          actors: threads,
          service: 1,
          callback: 0,
          acceptor: 0,
          side: 0,
        })
      }
    })

    it('with dedicated isolation are one for each VM, and one for the rest', async () => {
      const host = await open({ isolation: 'dedicated', threads: 2 })
      assert.equal((await host.stats()).threads.actors, 1)
      const vms = await Promise.all(['a', 'b', 'c'].map((id) => host.createVM(id, minimal())))
      assert.equal((await host.stats()).threads.actors, 4)
      await Promise.all(vms.map((vm) => vm.start()))
      await vms[0]?.close()
      await rejectsWith(host.createVM('b', minimal()), Error)
      await Promise.all(vms.map((vm) => vm.close()))
      while ((await host.stats()).threads.actors > 1) await new Promise((resolve) => setImmediate(resolve))
      await assertNothingOpen(host)
    })

    it('VMs are spread over them', async () => {
      const { counters } = newCounters()
      const host = await unruly({ counters }, { threads: 2 })
      const vms = await Promise.all(Array.from({ length: 8 }, (_, index) => host.createVM(`${index}`, minimal())))
      const threads = vms.map((vm) => Math.floor(parseInt(vm.runtimeId.slice(-12), 16) / 100_000))
      for (const thread of new Set(threads)) {
        const count = threads.filter((each) => each === thread).length
        assert(count >= 3 && count <= 5, `${count} of 8 on one thread`)
      }
    })

    it('one that dies is told, loses what was in flight, and is replaced', async () => {
      const { counters, read } = newCounters()
      const host = await unruly({ counters }, { threads: 1 })
      const vm = await host.createVM('vm', minimal())
      const lost = new Promise<[number, Error, string[]]>((resolve) =>
        host.once('thread-lost', (...args) => resolve(args)),
      )
      const waiting = rejectsWith(vm.wait(), ActorLostError)
      const dying = await rejectsWith(vm.addNIC('exit', {}), ActorLostError)
      assert.deepEqual([dying.op, dying.id], ['vm.addNIC', 'vm'])
      assert(dying.cause instanceof Error)
      await waiting
      const [threadId, cause, vmIds] = await lost
      assert.deepEqual(vmIds, ['vm'])
      assert(threadId > 0 && cause instanceof Error)
      // At once, with the replacement still on its way.
      const next = await host.createVM('next', minimal())
      await next.start()
      assert.equal((await host.listVMs())[0]?.Id.startsWith('thread '), true)
      assert.equal((await host.stats()).threads.actors, 1)
      assert.equal(read('loads'), 2)
      await rejectsWith(vm.start(), ActorLostError)
      await rejectsWith(host.createGuest(vm), ActorLostError)
      await vm.close()
      await next.close()
      await assertNothingOpen(host)
    })

    it('a thread lost again and again leaves the others alone', async () => {
      const host = await unruly({}, { threads: 2 })
      const other = await host.createVM('other', minimal())
      const lost: number[] = []
      host.on('thread-lost', (id) => lost.push(id))
      for (let round = 1; round <= 3; round++) {
        // With both threads there, it goes to the one that has less to carry.
        while ((await host.stats()).threads.actors < 2) await new Promise((resolve) => setImmediate(resolve))
        const victim = await host.createVM(`victim-${round}`, minimal())
        await rejectsWith(victim.addNIC('exit', {}), ActorLostError)
        await victim.close()
        while (lost.length < round) await new Promise((resolve) => setImmediate(resolve))
      }
      await other.start()
      assert.equal(new Set(lost).size, 3)
      await other.close()
      await assertNothingOpen(host)
    })
  })

  describe('limits', () => {
    it('a queue that is full is OverloadedError; what was in it goes on', async () => {
      const host = await open({ limits: { queuePerVM: 3 }, simulated: { latency: { modify: 5 } } })
      const vm = await host.createVM('vm', minimal())
      await vm.start()
      const calls = Array.from({ length: 6 }, () => vm.updateMemory(512))
      const outcomes = await Promise.allSettled(calls)
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      // One is with HCS, three wait.
      assert.equal(refused.length, 2)
      for (const { reason } of refused) {
        assert(reason instanceof OverloadedError)
        assert.equal(reason.limit, 3)
        assert.deepEqual([reason.op, reason.id], ['vm.updateMemory', 'vm'])
      }
      await vm.updateMemory(256)
    })

    it('operations at once are bounded over all threads, and VMs take turns', async () => {
      const { counters, read } = newCounters()
      const host = await unruly({ counters }, { threads: 2, limits: { operations: 2 } })
      const vms = await Promise.all(Array.from({ length: 6 }, (_, index) => host.createVM(`${index}`, minimal())))
      const done: number[] = []
      await Promise.all(
        vms.flatMap((vm, index) => Array.from({ length: 5 }, () => vm.addNIC('nic', {}).then(() => done.push(index)))),
      )
      assert(read('mostAtOnce') <= 2, `${read('mostAtOnce')} at once`)
      assert.equal(done.length, 30)
      await assertClosed(host, vms)
    })

    it('boots at once are bounded: a start waits for its slot, and its own time starts there', async () => {
      const { counters, read } = newCounters()
      const host = await unruly({ counters }, { threads: 2, limits: { boots: 1 } })
      const vms = await Promise.all(Array.from({ length: 5 }, (_, index) => host.createVM(`${index}`, minimal())))
      new Int32Array(counters)[COUNT.mostAtOnce] = 0
      await Promise.all(vms.map((vm) => vm.start()))
      assert.equal(read('mostAtOnce'), 1)
      await assertClosed(host, vms)
    })

    async function assertClosed(host: Host, vms: UtilityVM[]): Promise<void> {
      await Promise.all(vms.map((vm) => vm.close()))
      await assertNothingOpen(host)
    }
  })

  describe('the end', () => {
    it('closes guests and VMs, takes no new work, and may be asked again', async () => {
      const host = await open()
      const vm = await host.createVM('vm', linux('quiet'))
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const forced: string[][] = []
      host.on('close-forced', (what) => forced.push(what))
      await Promise.all([host.close(), host.close()])
      await host.close()
      assert.deepEqual(forced, [])
      for (const call of [
        () => host.createVM('x', minimal()),
        () => host.openVM('vm'),
        () => host.listVMs(),
        () => host.createGuest(vm),
        () => host.serviceProperties({}),
        () => host.modifyServiceSettings({}),
        () => host.grantVMAccess('vm', 'C:\\x'),
        () => vm.start(),
      ])
        assert.equal((await rejectsWith(call(), InvalidStateError)).state, 'closed')
      assert.deepEqual((await host.stats()).threads, { actors: 0, service: 0, callback: 0, acceptor: 0, side: 0 })
      await vm.close()
      await guest.close()
    })

    it('await using closes it', async () => {
      let kept: Host
      {
        await using host = await Host.open({ threads: 1 })
        await host.createVM('vm', minimal())
        kept = host
      }
      assert.equal((await kept.stats()).threads.actors, 0)
    })

    it('what does not end in time is forced, and told', async () => {
      const before = countOsThreads()
      const host = await unruly({}, { closeTimeoutMs: 20 })
      const vm = await host.createVM('stuck', minimal())
      const hung = rejectsWith(vm.addNIC('hang', {}), ActorLostError)
      const told = once(host as never, 'close-forced') as Promise<[string[]]>
      await vm.propertiesV2([])
      await host.close()
      await hung
      const [what] = await told
      assert(what.includes('vm stuck'), what.join())
      assert.equal(countOsThreads(), before)
    })

    it('a thread whose provider does not close is forced, and told', async () => {
      const before = countOsThreads()
      const host = await unruly({ hangAtClose: true }, { closeTimeoutMs: 20 })
      const told = once(host as never, 'close-forced') as Promise<[string[]]>
      await host.close()
      const [what] = await told
      assert.equal(what.filter((one) => /^thread \d+$/.test(one)).length, 1, what.join())
      assert.equal(countOsThreads(), before)
    })

    for (const isolation of ['pooled', 'dedicated'] as const) {
      it(`a create that is under way settles, and leaves nothing (${isolation})`, async () => {
        const before = countOsThreads()
        const service = await SimulatedService.open({ latency: { create: 5 } })
        const host = await open({ isolation, simulated: { service } })
        const creating = Array.from({ length: 2 }, (_, index) =>
          rejectsWith(host.createVM(`${index}`, minimal()), Error),
        )
        await host.close()
        await Promise.all(creating)
        const second = await open({ simulated: { service } })
        assert.deepEqual(await second.listVMs(), [])
        await second.close()
        await service.close()
        assert.equal(countOsThreads(), before)
      })
    }

    it('HCS-051 1,000 creates and closes leave the counts where they started', async function () {
      const host = await open({ threads: 2 })
      for (let round = 0; round < 20; round++) {
        const vms = await Promise.all(Array.from({ length: 50 }, (_, index) => host.createVM(`${index}`, minimal())))
        assert.equal((await host.stats()).handles, 50)
        await Promise.all(vms.map((vm) => vm.close()))
      }
      await assertNothingOpen(host)
      const { latencyMs } = await host.stats()
      assert.equal(latencyMs['host.createVM']?.n, 1000)
      assert.deepEqual(await host.listVMs(), [])
    })
  })

  describe('guests', () => {
    it('a VM has one at a time, whatever handle it is made through', async () => {
      const host = await open()
      const vm = await host.createVM('vm', linux('quiet'))
      const again = await host.openVM('vm', { guestOS: 'linux' })
      const guest = await host.createGuest(vm)
      for (const handle of [vm, again]) {
        const error = await rejectsWith(host.createGuest(handle), InvalidStateError)
        assert.equal(error.state, 'guest-exists')
      }
      assert.equal((await host.stats()).actors.guest, 1)
      await guest.close()
      const next = await host.createGuest(again)
      await next.close()
      await Promise.all([vm.close(), again.close()])
      await assertNothingOpen(host)
    })

    it('two at the same moment are one and a refusal', async () => {
      const host = await open()
      const vm = await host.createVM('vm', linux('quiet'))
      const outcomes = await Promise.allSettled([host.createGuest(vm), host.createGuest(vm)])
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      await vm.close()
      await assertNothingOpen(host)
    })

    it('of a VM of another Host, or of something else, are refused', async () => {
      const [host, other] = [await open(), await open()]
      const vm = await other.createVM('vm', linux('quiet'))
      await rejectsWith(host.createGuest(vm), InvalidStateError)
      for (const value of [undefined, null, {}, 'vm']) {
        const error = await rejectsWith(host.createGuest(value as never), InvalidConfigError)
        assert.equal(error.path, 'vm')
      }
      await vm.close()
    })
  })

  describe('a shared simulated service', () => {
    it('shows the VMs of one Host to the other, and outlives both', async () => {
      const service = await SimulatedService.open({ seed: 5 })
      const first = await open({ simulated: { service } })
      const second = await open({ simulated: { service } })
      const vm = await first.createVM('shared', minimal())
      await vm.start()
      const other = await second.openVM('shared')
      assert.equal(other.runtimeId, vm.runtimeId)
      const told = Promise.all([vm.wait(), other.wait()])
      await other.pause()
      assert.equal((await vm.propertiesV2([])).State, 'Paused')
      await vm.terminate()
      await told
      await Promise.all([first.close(), second.close()])
      const third = await open({ simulated: { service } })
      assert.deepEqual(await third.listVMs(), [])
      await third.close()
      await service.close()
      const error = await rejectsWith(Host.open({ simulated: { service } }), InvalidStateError)
      assert.equal(error.state, 'closed')
    })

    it('has its own options: a Host that gives others is refused', async () => {
      const service = await SimulatedService.open()
      const error = await rejectsWith(Host.open({ simulated: { service, seed: 1 } }), InvalidConfigError)
      assert.equal(error.path, 'simulated.seed')
      await service.close()
      await service.close()
      const fake = { open: 1 } as unknown as SimulatedService
      assert.equal(
        (await rejectsWith(Host.open({ simulated: { service: fake } }), InvalidConfigError)).path,
        'simulated.service',
      )
    })
  })

  describe('events', () => {
    it('tells an exit once per VM, and each disconnect of a guest', async () => {
      const host = await open()
      const log: string[] = []
      host.on('vm-exited', (id, { exitType }) => log.push(`${id} ${exitType}`))
      host.on('guest-disconnected', (id) => log.push(`${id} guest`))
      const vm = await host.createVM('vm', linux('quiet'))
      const again = await host.openVM('vm')
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      await guest.closeConnection()
      const exits = Promise.all([vm.wait(), again.wait()])
      await vm.terminate()
      await exits
      assert.deepEqual(log, ['vm guest', 'vm ForcedExit'])
      await Promise.all([vm.close(), again.close()])
    })
  })
})
