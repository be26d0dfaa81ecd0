// Containers through a Host, with real threads and sockets and the built-in guests: what a program that runs containers does.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  GuestRPCError,
  Host,
  isAlreadyStopped,
  isNotExist,
  type ComputeSystem,
  type Container,
  type Guest,
  type GuestOS,
  type GuestProcess,
  type UtilityVM,
} from '#dist/index.js'
import { linux, windows } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'
import { assertNothingOpen, useHost, type TestHost } from '../../support/host.js'
import { tcpPair } from '../../support/sockets.js'

interface Uvm {
  vm: UtilityVM
  guest: Guest
}

async function boot(test: TestHost, guestOS: GuestOS): Promise<Uvm> {
  const vm = await test.create(guestOS === 'linux' ? linux() : windows())
  const guest = await test.host.createGuest(vm)
  await vm.start()
  await guest.createConnection()
  return { vm, guest }
}

/** Disks of a container: the host attaches, the guest mounts and overlays them. */
async function addLinuxRoot({ vm, guest }: Uvm, id: string, lun: number): Promise<string> {
  const root = `/run/gcs/c/${id}`
  await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\layers\\base.vhd', ReadOnly: true }, 0, lun)
  await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: `C:\\scratch\\${id}.vhdx` }, 0, lun + 1)
  await guest.addLCOWMappedVirtualDisk({ MountPath: `/run/layers/${id}`, Lun: lun, ReadOnly: true })
  await guest.addLCOWMappedVirtualDisk({ MountPath: `${root}/scratch`, Lun: lun + 1 })
  await guest.addLCOWCombinedLayers({
    ContainerID: id,
    ContainerRootPath: `${root}/rootfs`,
    Layers: [{ Path: `/run/layers/${id}` }],
    ScratchPath: `${root}/scratch`,
  })
  return root
}

function linuxContainer(id: string, args: string[], env: string[] = []): object {
  const root = `/run/gcs/c/${id}`
  return {
    SchemaVersion: { Major: 2, Minor: 1 },
    OciBundlePath: root,
    OciSpecification: {
      ociVersion: '1.1.0',
      process: { args, cwd: '/', env: ['PATH=/bin', ...env], user: { uid: 0, gid: 0 } },
      root: { path: `${root}/rootfs` },
      hostname: id,
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
    },
    ScratchDirPath: `${root}/scratch`,
  }
}

/** A root without layers. */
async function makeRoot(guest: Guest, id: string): Promise<void> {
  assert.equal(await guest.execInUVM({ args: ['mkdir', '-p', `/run/gcs/c/${id}/rootfs`] }), 0)
}

function windowsContainer(id: string): object {
  return {
    SchemaVersion: { Major: 2, Minor: 1 },
    Container: { GuestOs: { HostName: id }, Storage: { Path: `C:\\c\\${id}`, Layers: [{ Id: id, Path: 'C:\\l' }] } },
  }
}

async function textOf(process: GuestProcess): Promise<string> {
  let text = ''
  for await (const chunk of process.stdout!) text += String(chunk)
  return text
}

/** A further process: `args` for Linux, joined for Windows. */
function processIn(container: Container, guestOS: GuestOS, args: string[], withStdin = false): Promise<GuestProcess> {
  const pipes = { CreateStdOutPipe: true, ...(withStdin ? { CreateStdInPipe: true } : {}) }
  return container.createProcess(
    guestOS === 'linux'
      ? { ...pipes, OciProcess: { args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } } }
      : { ...pipes, CommandLine: args.join(' ') },
  )
}

async function nextChunk(process: GuestProcess): Promise<unknown> {
  const [chunk] = (await once(process.stdout!, 'data')) as unknown[]
  return chunk
}

/** A Linux VM that can be migrated: one without a Plan9 device. */
function migratable(): ComputeSystem {
  const { VirtualMachine: vm, ...rest } = linux('quiet -- /bin/gcs')
  const { Plan9: _, ...devices } = vm?.Devices ?? {}
  return { ...rest, VirtualMachine: { ...vm, Devices: devices } }
}

describe('containers end to end', () => {
  const test = useHost()

  it('a Linux container from its disks to the deletion of its state', async () => {
    const uvm = await boot(test, 'linux')
    const { guest, vm } = uvm
    const root = await addLinuxRoot(uvm, 'c1', 0)
    const container = await guest.createContainer(
      'c1',
      linuxContainer('c1', ['sh', '-c', "trap 'exit 143' TERM; sleep 1000 & wait"]),
    )
    const twice = await rejectsWith(guest.openContainer('c1'), Error)
    assert.match(twice.message, /already/)
    await container.start()
    const init = await container.createProcess({})
    await container.update({ memory: { limit: 268435456 }, cpu: { shares: 512 } })

    const added = await processIn(container, 'linux', ['sh', '-c', 'hostname; mount'])
    const said = await textOf(added)
    assert.match(said, /^c1\n/)
    assert.match(said, /overlay on \/ /)
    assert.deepEqual(await added.wait(), { exitCode: 0, known: true })
    const { ProcessList } = await container.propertiesV2(['ProcessList'])
    assert(ProcessList?.some(({ ProcessId }) => ProcessId === init.pid))

    const missing = await rejectsWith(processIn(container, 'linux', []), GuestRPCError)
    assert.equal(missing.op, 'container.createProcess')
    const events: string[] = []
    guest.on('container-exited', (id) => events.push(id))
    await container.shutdown()
    assert.deepEqual(await init.wait(), { exitCode: 143, known: true })
    await container.wait()
    assert.deepEqual(events, ['c1'])
    assert.equal(isAlreadyStopped(await rejectsWith(container.terminate(), GuestRPCError)), true)
    await container.close()
    await guest.removeLCOWCombinedLayers({ ContainerRootPath: `${root}/rootfs` })
    for (const lun of [0, 1]) {
      const MountPath = lun === 0 ? '/run/layers/c1' : `${root}/scratch`
      await guest.removeLCOWMappedVirtualDisk({ MountPath, Lun: lun })
      await guest.removeSCSIDevice({ Lun: lun })
      await vm.removeSCSIDisk(0, lun)
    }
    await guest.deleteContainerState('c1')
    assert.equal(isNotExist(await rejectsWith(guest.deleteContainerState('c1'), GuestRPCError)), true)
    await makeRoot(guest, 'c1')
    const again = await guest.createContainer('c1', linuxContainer('c1', ['sleep', '1']))
    await again.terminate()
    await again.close()
    await guest.close()
  })

  it('a Windows container: start, processes, memory, graceful shutdown', async () => {
    const { guest } = await boot(test, 'windows')
    const container = await guest.createContainer('web-01', windowsContainer('web-01'))
    const properties = await container.propertiesV2(['SystemGUID'])
    assert.match(String(properties.SystemGUID), /^[0-9a-f-]{36}$/)
    await container.start()
    const process = await processIn(container, 'windows', ['cmd', '/c', 'hostname'])
    assert.equal((await textOf(process)).trim().toLowerCase(), 'web-01')
    assert.equal((await process.wait()).exitCode, 0)
    await container.update({ ResourcePath: 'Container/Memory/SizeInMB', Settings: 512 })
    const sleeper = await processIn(container, 'windows', ['ping', '-n', '1000', 'localhost'])
    assert.equal(await sleeper.kill(), true)
    assert.notEqual((await sleeper.wait()).exitCode, 0)
    await container.shutdown()
    await container.wait()
    await container.close()
    await guest.deleteContainerState('web-01')
    await guest.close()
  })

  it('a guest that is lost with its containers says so to who waits for them', async () => {
    const { guest, vm } = await boot(test, 'windows')
    const container = await guest.createContainer('c', windowsContainer('c'))
    await container.start()
    const waiting = container.wait()
    waiting.catch(() => undefined)
    await vm.terminate()
    await rejectsWith(waiting, Error, (error) => assert.match(error.name, /BridgeClosedError/))
    await guest.close()
  })

  it('a container goes on at the destination of a live migration, with its init and a process that was started in it', async () => {
    const hosts = await Promise.all([1, 2].map(() => Host.open({ provider: 'simulated', threads: 1 })))
    const [near, far] = await tcpPair()
    try {
      const [first, second] = hosts as [Host, Host]
      const document = migratable()
      const source = await first.createVM('moving', document)
      const before = await first.createGuest(source)
      await source.start()
      await before.createConnection()
      await addLinuxRoot({ vm: source, guest: before }, 'c1', 0)
      const command = ['sh', '-c', 'echo said; sleep 1000']
      const container = await before.createContainer('c1', linuxContainer('c1', command))
      const init = await container.createProcess({ CreateStdOutPipe: true })
      assert.equal(String(await nextChunk(init)), 'said\n')
      const other = await processIn(container, 'linux', ['sleep', '1000'])

      const { VirtualMachine: vm } = document
      const moved = { ...document, VirtualMachine: { ...vm, MigrationOptions: { Origin: 'Destination' as const } } }
      const destination = await second.createVM('moving', moved)
      const after = await second.createGuest(destination)
      const connecting = after.createConnection({ coldStart: false })
      await before.setMigrating(true)
      await source.initializeLiveMigrationOnSource({ Origin: 'Source', MemoryTransport: 'TCP' })
      await Promise.all([
        destination.startWithMigrationOptions({ sessionId: 1, socket: far }),
        source.startLiveMigrationOnSource({ sessionId: 1, socket: near }),
      ])
      await Promise.all([source.startLiveMigrationTransfer(), destination.startLiveMigrationTransfer()])
      const saved = [init.save(), other.save()]
      const [port, id] = [await before.nextPort(), await before.bridgeNextId()]
      await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
      await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      await connecting
      await after.setMigrating(false)
      await after.setNextPort(port)
      await after.seedBridgeNextId(id)
      const here = await after.openContainer('c1')
      const [initHere, otherHere] = await Promise.all(saved.map((one) => after.openProcess(one)))
      assert.match(String(await nextChunk(initHere!)), /said/)
      assert.equal(await otherHere!.signal({ Signal: 'SIGTERM' }), true)
      assert.equal((await otherHere!.wait()).exitCode, 143)
      // Ids and ports go on where the source was: nothing is used for two things.
      const fresh = await processIn(here, 'linux', ['hostname'])
      assert.equal(fresh.save().ports.stdout, port)
      assert.equal(await textOf(fresh), 'c1\n')
      await here.terminate()
      assert.equal((await initHere!.wait()).exitCode, 137)
      await here.wait()
    } finally {
      await Promise.all(hosts.map((host) => host.close()))
      for (const host of hosts) await assertNothingOpen(host)
      near.destroy()
      far.destroy()
    }
  })

  it('50 UVMs of both systems, each with containers in which several processes exchange data at once', async function () {
    const UVMS = 50
    const PROCESSES = 3
    const sent = Buffer.alloc(24 * 1024, 'all that goes in comes out again; ')

    async function exchange(container: Container, guestOS: GuestOS, token: string): Promise<void> {
      const process = await processIn(container, guestOS, guestOS === 'linux' ? ['cat'] : ['more'], true)
      const head = Buffer.from(`${token}\n`)
      const received: Buffer[] = []
      process.stdout!.on('data', (chunk: Buffer) => received.push(chunk))
      const ended = once(process.stdout!, 'end')
      process.stdin!.write(head)
      process.stdin!.end(sent)
      await ended
      assert.equal((await process.wait()).exitCode, 0)
      assert(Buffer.concat(received).equals(Buffer.concat([head, sent])), `${token} got something else back`)
      await process.close()
    }

    async function life(index: number): Promise<void> {
      const guestOS = index % 2 === 0 ? 'linux' : 'windows'
      const { vm, guest } = await boot(test, guestOS)
      const exits: string[] = []
      guest.on('container-exited', (id) => exits.push(id))
      await Promise.all(
        ['a', 'b'].map(async (name) => {
          const document = guestOS === 'linux' ? linuxContainer(name, ['sleep', '1000']) : windowsContainer(name)
          if (guestOS === 'linux') await makeRoot(guest, name)
          const container = await guest.createContainer(name, document)
          await container.start()
          const init = guestOS === 'linux' ? await container.createProcess({}) : undefined
          const tokens = Array.from({ length: PROCESSES }, (_, number) => `${vm.id}/${name}/${number}`)
          await Promise.all(tokens.map((token) => exchange(container, guestOS, token)))
          await container.terminate()
          await Promise.all([container.wait(), init?.wait()])
          await container.close()
          await guest.deleteContainerState(name)
        }),
      )
      assert.deepEqual(exits.sort(), ['a', 'b'])
      await guest.close()
      await vm.terminate()
      await vm.close()
    }

    await Promise.all(Array.from({ length: UVMS }, (_, index) => life(index)))
  })
})
