// VMs on a service process and the programs that come and go: killed owners, races, dead and busy services, what is left at the end.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  Host,
  InvalidConfigError,
  InvalidStateError,
  isNotExist,
  OperationTimeoutError,
  ProviderUnavailableError,
  SimulatedService,
  type SavedProcess,
} from '#dist/index.js'
import { linux, minimal } from '../../../support/documents.js'
import { rejection, rejectsWith } from '../../../support/expect.js'
import { ended, isAlive, serviceDirectory, type ServiceDirectory } from '../../../support/service-process.js'

const children = new Set<ChildProcess>()

function run(file: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.setEncoding('utf8')
  while (!text.includes('\n')) {
    const [more] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [unknown]
    if (typeof more !== 'string') return assert.fail(`the program ended: ${String(more)}; ${text}`)
    text += more
  }
  return text.slice(0, text.indexOf('\n'))
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

describe('a simulated service in a process of its own', () => {
  let directory: ServiceDirectory

  beforeEach(async () => {
    directory = await serviceDirectory()
  })
  afterEach(async function () {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) await kill(child)
    children.clear()
    if (this.currentTest?.state === 'failed') await directory.abandon()
    else await directory.remove()
  })

  it('its VMs outlive an owner killed with -9 as they say; the next program has them, their guests and their exits', async () => {
    const owner = run('./owner.js', directory.path)
    const { runtimeId, saved } = JSON.parse(await firstLine(owner)) as {
      runtimeId: string
      saved: Omit<SavedProcess, 'waitId'> & { waitId: string }
    }
    const holder = JSON.parse(await readFile(`${directory.path}/${runtimeId}.owner`, 'utf8')) as { pid: number }
    assert.equal(holder.pid, owner.pid)
    const service = await directory.connect({ start: false })
    assert.equal(service.started, false)
    const host = await Host.open({ threads: 1, simulated: { service } })
    try {
      // While its owner lives the guest is the owner's.
      const early = await host.openVM('stays', { guestOS: 'linux' })
      const held = await rejectsWith(host.createGuest(early), InvalidStateError)
      assert.equal(held.state, 'guest-held')
      assert.match(held.message, new RegExp(`process ${owner.pid}\\b`))
      await early.close()

      await kill(owner)
      // Both ends come as events at the service; whoever asks sees them.
      let ids: string[]
      do ids = (await host.listVMs()).map(({ Id }) => Id)
      while (ids.length > 1)
      assert.deepEqual(ids, ['stays'])
      for (const id of ['goes', 'ends']) assert.equal(isNotExist(await rejection(host.openVM(id))), true)

      // What system runs in it is its owner's knowledge: the compute service does not say.
      const vm = await host.openVM('stays', { guestOS: 'linux' })
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      const guest = await host.createGuest(vm)
      await guest.createConnection({ coldStart: false })
      const survivor = await guest.openProcess({ ...saved, waitId: BigInt(saved.waitId) })
      await guest.execInUVM({ commandLine: 'sh -c "echo > /go"' })
      assert.deepEqual(await survivor.wait(), { exitCode: 7, known: true })
      const { exitCode } = await (await guest.createProcess({ CommandLine: 'sh -c "cat /kept"' })).wait()
      assert.equal(exitCode, 0, 'its files are there')
      await vm.terminate()
      assert.equal((await vm.propertiesV2([])).Stopped, true)
      await guest.close()
      await vm.close()
    } finally {
      await host.close()
      await service.close()
    }
    // Ten seconds of grace are long for a test.
    process.kill(service.pid, 'SIGTERM')
  })

  it('five programs that start it at once have one service', async () => {
    const programs = Array.from({ length: 5 }, () => run('./starter.js', directory.path))
    const pids = await Promise.all(programs.map(firstLine))
    assert.equal(new Set(pids).size, 1, pids.join())
    assert.equal(
      programs.some(({ pid }) => String(pid) === pids[0]),
      false,
    )
    await Promise.all(programs.map(kill))
    await directory.emptied()
    await ended(Number(pids[0]))
  })

  it('a service that was killed leaves no obstacle: the next one replaces its socket and its lock', async () => {
    const first = await directory.connect()
    process.kill(first.pid, 'SIGKILL')
    await ended(first.pid)
    assert.equal((await stat(`${directory.path}/service.sock`)).isSocket(), true)
    const second = await directory.connect()
    assert.notEqual(second.pid, first.pid)
    assert.equal(second.started, true)
    await second.close()
    await first.close()
  })

  it('a service that is alive and does not answer is waited for, never replaced', async () => {
    const first = await directory.connect()
    process.kill(first.pid, 'SIGSTOP')
    try {
      const error = await rejectsWith(
        SimulatedService.connect({ directory: directory.path, timeoutMs: 300 }),
        OperationTimeoutError,
      )
      assert.match(error.message, new RegExp(`pid ${first.pid}\\b`))
      assert.equal(isAlive(first.pid), true)
    } finally {
      process.kill(first.pid, 'SIGCONT')
    }
    const second = await directory.connect()
    assert.equal(second.pid, first.pid)
    await Promise.all([first.close(), second.close()])
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`${signal} ends it in order, with VMs and clients there; their calls settle`, async () => {
      const service = await directory.connect()
      const host = await Host.open({ threads: 1, simulated: { service } })
      const vm = await host.createVM('a', { ...linux(), ShouldTerminateOnLastHandleClosed: false })
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      process.kill(service.pid, signal)
      await ended(service.pid)
      await rejection(host.listVMs())
      await rejection(vm.updateMemory(512))
      // Until its Host closes, a guest that was lost is listened for.
      await host.close()
      await directory.emptied()
      await service.close()
      await rejectsWith(SimulatedService.connect({ directory: directory.path, start: false }), ProviderUnavailableError)
    })
  }

  it('two Hosts of one program: one Guest per VM, free again once it is closed, and a dead holder holds nothing', async () => {
    const service = await directory.connect()
    const [one, two] = await Promise.all([1, 2].map(() => Host.open({ threads: 1, simulated: { service } })))
    try {
      const vm = await one!.createVM('a', linux())
      const same = await two!.openVM('a', { guestOS: 'linux' })
      const owner = `${directory.path}/${vm.runtimeId}.owner`
      await writeFile(owner, JSON.stringify({ pid: process.pid, startTime: 'before', control: '' }))
      const guest = await one!.createGuest(vm)
      assert.equal((await rejectsWith(two!.createGuest(same), InvalidStateError)).state, 'guest-held')
      assert.equal((await stat(owner)).mode & 0o777, 0o600)
      await guest.close()
      await rejection(stat(owner))
      await (await two!.createGuest(same)).close()
    } finally {
      await Promise.all([one!.close(), two!.close()])
      await service.close()
    }
  })

  it('serviceDirectory of Host.open: its guests dial there, and another socket directory is a mistake', async () => {
    const simulated = { serviceDirectory: directory.path }
    await rejectsWith(Host.open({ simulated, socketDirectory: '/tmp' }), InvalidConfigError, (error) =>
      assert.equal(error.path, 'socketDirectory'),
    )
    const host = await Host.open({ threads: 1, simulated })
    const vm = await host.createVM('a', minimal())
    const lock = JSON.parse(await readFile(`${directory.path}/service.lock`, 'utf8')) as { pid: number }
    await vm.close()
    await host.close()
    // Ten seconds of grace are long for a test.
    process.kill(lock.pid, 'SIGTERM')
  })
})
