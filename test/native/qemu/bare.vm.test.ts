// Machines without a guest under a real QEMU: lives, ends, refusals, what is left, and what the next program and the next supervisor have.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Host, type QemuService, type UtilityVM } from '#dist/index.js'
import { SCSI } from '../../support/documents.js'
import { refused, rejection } from '../../support/expect.js'
import { assertNothingOpen } from '../../support/host.js'
import { bare, qemuDirectory, qemuMissing, type QemuDirectory } from '../../support/qemu.js'
import { ended } from '../../support/service-process.js'

const missing = qemuMissing()
const suite = missing === undefined ? describe : describe.skip

suite(`machines of QEMU${missing === undefined ? '' : `: ${missing}`}`, () => {
  let directory: QemuDirectory
  let service: QemuService
  let host: Host
  const vms = new Set<UtilityVM>()
  let ids = 0

  before(async () => {
    directory = await qemuDirectory()
    service = await directory.connect()
    host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
  })
  afterEach(async () => {
    await Promise.all([...vms].map((vm) => vm.close()))
    vms.clear()
    await assertNothingOpen(host)
  })
  after(async () => {
    await host.close()
    await service.close()
    await directory.remove()
  })

  async function create(document = bare(), id = `m-${++ids}`): Promise<UtilityVM> {
    const vm = await host.createVM(id, document)
    vms.add(vm)
    return vm
  }
  async function running(document?: ReturnType<typeof bare>): Promise<UtilityVM> {
    const vm = await create(document)
    await vm.start()
    return vm
  }
  const pidOf = async (vm: UtilityVM): Promise<number> => {
    for (const pid of await directory.processes()) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8')
      if (line.includes(`guest=${vm.id},`)) return pid
    }
    return assert.fail('it has no process')
  }

  it('live from create to terminate, and leave no process', async () => {
    const vm = await create()
    assert.deepEqual(await directory.processes(), [])
    await vm.start()
    assert.equal((await directory.processes()).length, 1)
    assert.equal((await vm.propertiesV2([])).State, 'Running')
    await vm.pause()
    await refused(vm.pause(), 0x80370105)
    await vm.resume()
    const { Statistics: statistics, Memory: memory } = await vm.propertiesV2(['Statistics', 'Memory'])
    assert(Number(statistics?.Processor?.TotalRuntime100ns) >= 0)
    assert.equal(Number(memory?.VirtualMachineMemory?.AssignedMemory) * 4096, 64 * 1024 * 1024)
    await vm.terminate()
    assert.equal((await vm.wait()).exitType, 'ForcedExit')
    assert.deepEqual(await directory.processes(), [])
    await refused(vm.start(), 0x80370110)
  })

  it('are refused before anything is spawned, naming the field', async () => {
    const error = await refused(host.createVM('r', bare({ Chipset: { Uefi: {} } })), 0x80070032)
    assert.match(error.message, /\$\.VirtualMachine\.Chipset\.Uefi/)
    const kernel = { LinuxKernelDirect: { KernelFilePath: '/nowhere/vmlinuz' } }
    const vm = await create(bare({ Chipset: kernel }))
    await refused(vm.start(), 0x80070003)
    assert.deepEqual(await directory.processes(), [])
    assert.deepEqual(
      (await host.listVMs()).map(({ Id }) => Id),
      [vm.id],
    )
  })

  it('are told from each other by what became of them: a killed QEMU is one UnexpectedExit, and no other VM is touched', async () => {
    const [one, other] = [await running(), await running()]
    let exits = 0
    one.on('exit', () => exits++)
    process.kill(await pidOf(one), 'SIGKILL')
    assert.equal((await one.wait()).exitType, 'UnexpectedExit')
    assert.equal((await other.propertiesV2([])).State, 'Running')
    await other.pause()
    assert.equal(exits, 1)
  })

  it('end although QEMU does not answer', async () => {
    const vm = await running()
    const pid = await pidOf(vm)
    process.kill(pid, 'SIGSTOP')
    await vm.terminate()
    assert.equal((await vm.wait()).exitType, 'ForcedExit')
    await ended(pid)
  })

  it('take and give back disks of every format; what cannot be attached changes nothing', async () => {
    const vm = await running()
    const path = `${directory.path}/disk.img`
    await writeFile(path, '')
    await truncate(path, 1024 * 1024)
    await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1)
    await refused(vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1), 0x800700b7)
    await refused(vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 2), 0x80070020)
    await refused(vm.addSCSIDisk({ Type: 'VirtualDisk', Path: `${path}.vhdx` }, 0, 3), 0x80070002)
    await refused(vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 1, 0), 0x80070490)
    // Another VM cannot write it either: QEMU holds it.
    const other = await running()
    await refused(other.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1), 0x80070020)
    await vm.removeSCSIDisk(0, 1)
    await refused(vm.removeSCSIDisk(0, 1), 0x80070490)
    await other.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 1)
    await other.terminate()
    await rm(path)
  })

  it('refuse what a machine of QEMU does not change', async () => {
    const vm = await running()
    await refused(vm.updateCPULimits({ Limit: 50_000 }), 0x80070032)
    await refused(vm.addPipe('\\\\.\\pipe\\x'), 0x80070032)
    await refused(vm.updateMemory(65_536), 0x800705af)
    await refused(vm.shutdown(), 0x80070032)
    await refused(host.modifyServiceSettings({ PropertyType: 'CpuGroup' } as never), 0x80070032)
  })

  it('are saved whole and restored; a damaged state is refused, and nothing is left of the attempt', async () => {
    const vm = await running()
    const path = `${directory.path}/state`
    await vm.pause()
    await refused(vm.save({ SaveStateFilePath: 'C:\\state' }), 0x80070003)
    await vm.save({ SaveStateFilePath: path })
    await vm.terminate()
    const restored = await running(bare({ RestoreState: { SaveStateFilePath: path } }))
    assert.equal((await restored.propertiesV2([])).State, 'Running')
    await restored.terminate()
    await truncate(path, 4096)
    const damaged = await create(bare({ RestoreState: { SaveStateFilePath: path } }))
    await refused(damaged.start(), 0x80070570)
    await writeFile(path, 'something else')
    await refused(damaged.start(), 0x80070570)
    assert.deepEqual(await directory.processes(), [])
    await rm(path)
  })

  it('are templates for others, which start from their memory', async () => {
    const template = await running()
    await template.pause()
    await template.save({ SaveType: 'AsTemplate' })
    assert.deepEqual(await directory.processes(), [])
    const clones = [
      await running(bare({ RestoreState: { TemplateSystemId: template.id } })),
      await running(bare({ RestoreState: { TemplateSystemId: template.id } })),
    ]
    for (const clone of clones) {
      const properties = await clone.propertiesV2([])
      assert.deepEqual([properties.State, properties.RuntimeTemplateId], ['Running', template.runtimeId])
    }
    assert.notEqual(clones[0]?.runtimeId, clones[1]?.runtimeId)
    await template.terminate()
    await refused((await create(bare({ RestoreState: { TemplateSystemId: template.id } }))).start(), 0x8037010e)
  })

  it('of three VMs of a program that was killed, two live on for the next, and the one that asked for it has ended', async () => {
    const file = fileURLToPath(new URL('./owner.js', import.meta.url))
    const child: ChildProcess = spawn(process.execPath, [file, directory.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    const pids = JSON.parse(String(line)) as number[]
    assert.equal(pids.length, 3)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    while ((await host.listVMs({ Ids: ['goes'] })).length > 0);
    assert.deepEqual((await host.listVMs({ Owners: ['owner'] })).map(({ Id, State }) => [Id, State]).sort(), [
      ['stays-1', 'Running'],
      ['stays-2', 'Running'],
    ])
    for (const id of ['stays-1', 'stays-2']) {
      const vm = await host.openVM(id)
      vms.add(vm)
      await vm.pause()
      await vm.resume()
      await vm.terminate()
    }
    for (const pid of pids) await ended(pid)
  })

  it('outlive the supervisor: the next one has those that may stay, as they were, and ends the others', async () => {
    const own = await qemuDirectory()
    const first = await own.connect()
    const holder = await Host.open({ provider: 'qemu', threads: 1, qemu: { service: first } })
    const path = `${own.path}/disk.img`
    await writeFile(path, '')
    await truncate(path, 1024 * 1024)
    const stays = await holder.createVM('stays', bare({}, { ShouldTerminateOnLastHandleClosed: false }))
    await stays.start()
    await stays.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, 5)
    await stays.pause()
    const goes = await holder.createVM('goes', bare())
    await goes.start()
    const created = await holder.createVM('created', bare({}, { ShouldTerminateOnLastHandleClosed: false }))
    assert.equal((await own.processes()).length, 2)
    process.kill(first.pid, 'SIGKILL')
    await ended(first.pid)
    assert.equal((await own.processes()).length, 2)
    await rejection(stays.resume())
    await holder.close()
    await first.close()

    const second = await own.connect()
    const next = await Host.open({ provider: 'qemu', threads: 1, qemu: { service: second } })
    assert.deepEqual((await next.listVMs()).map(({ Id, State }) => [Id, State]).sort(), [
      ['created', 'Created'],
      ['stays', 'Paused'],
    ])
    assert.equal((await own.processes()).length, 1)
    const vm = await next.openVM('stays')
    assert.equal(vm.runtimeId, stays.runtimeId)
    await vm.resume()
    await vm.removeSCSIDisk(0, 5)
    let exits = 0
    vm.on('exit', () => exits++)
    const [pid] = await own.processes()
    process.kill(pid!, 'SIGKILL')
    assert.equal((await vm.wait()).exitType, 'UnexpectedExit')
    assert.equal(exits, 1)
    const other = await next.openVM(created.id)
    await other.start()
    await other.terminate()
    await next.close()
    await second.close()
    await rm(path)
    await own.remove()
  })

  it('are found by no program that may not start one: no QEMU, one that is too old, a directory that is too long', async () => {
    const own = await qemuDirectory({ binary: '/nowhere/qemu' })
    // Its starter is told before it has gone.
    const none = await rejection(own.connect())
    assert.match(none.message, /\/nowhere\/qemu cannot be run: it is not there/)
    await own.remove()
    const script = `${directory.path}/old-qemu`
    await writeFile(script, '#!/bin/sh\necho QEMU emulator version 5.2.0\n', { mode: 0o755 })
    const old = await qemuDirectory({ binary: script })
    assert.match((await rejection(old.connect())).message, /is QEMU 5\.2, and 7\.2 or later is needed/)
    await old.remove()
    await rm(script)
    const unfit = await rejection(
      Host.open({ provider: 'qemu', qemu: { serviceDirectory: directory.path, stateDirectory: `/${'x'.repeat(60)}` } }),
    )
    assert.match(unfit.message, /qemu\.stateDirectory/)
    assert.equal((await readdir(directory.path)).includes('old-qemu'), false)
  })

  it('with sockets say when there is no daemon, and nothing is left of the start', async () => {
    const own = await qemuDirectory({ vsockDaemon: '/nowhere/uvm-vsock' })
    const held = await own.connect()
    const other = await Host.open({ provider: 'qemu', threads: 1, qemu: { service: held } })
    const vm = await other.createVM('v', bare({ Devices: { Scsi: { [SCSI[0]]: {} }, HvSocket: {} } }))
    const error = await refused(vm.start(), 0x80370114)
    assert.match(error.message, /the vsock daemon cannot be started: .*\/nowhere\/uvm-vsock/)
    assert.deepEqual(await own.processes(), [])
    await vm.close()
    await other.close()
    await held.close()
    await own.remove()
  })

  for (const says of ['uvm-vsock 0.1.0', 'vhost-device-vsock 0.3.0', '']) {
    it(`with sockets do not start with a daemon that says ${JSON.stringify(says)}`, async () => {
      const script = `${directory.path}/other-daemon`
      await writeFile(script, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
      const own = await qemuDirectory({ vsockDaemon: script })
      const held = await own.connect()
      const other = await Host.open({ provider: 'qemu', threads: 1, qemu: { service: held } })
      try {
        const vm = await other.createVM('v', bare({ Devices: { Scsi: { [SCSI[0]]: {} }, HvSocket: {} } }))
        const error = await refused(vm.start(), 0x80370114)
        assert.match(error.message, /uvm-vsock 0\.2 or later is needed/)
        assert(error.message.includes(JSON.stringify(says)), error.message)
        assert.deepEqual(await own.processes(), [])
        await vm.close()
      } finally {
        await other.close()
        await held.close()
        await own.remove()
        await rm(script)
      }
    })
  }
})
