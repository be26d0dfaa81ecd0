// Live migration between two Hosts, each with a simulated service of its own, over a TCP connection.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import {
  type Host,
  isInvalidState,
  type ComputeSystem,
  type OperationSystemMigrationNotificationInfo,
  type schema,
  type SimulatedOptions,
  type UtilityVM,
} from '#dist/index.js'
import { minimal, SCSI } from '../../../support/documents.js'
import { pending, refused, rejection } from '../../../support/expect.js'
import { assertNothingOpen, SIMULATED, type VmProvider } from '../../../support/host.js'
import { SERVICE_PROCESS } from '../../../support/service-process.js'
import { tcpPair } from '../../../support/sockets.js'

const SESSION = 0xcafe_f00d
const NIC = '5e0a8f7e-90a7-4d3c-a9b8-0c5d0f1c2b3a'

/** A Linux VM without a Plan9 device: one that can be migrated. */
function migratable(more: Partial<NonNullable<ComputeSystem['VirtualMachine']>> = {}): ComputeSystem {
  return minimal({
    Chipset: {
      LinuxKernelDirect: {
        KernelFilePath: 'C:\\vmlinux',
        InitRdPath: 'C:\\initrd',
        KernelCmdLine: 'quiet -- /bin/gcs',
      },
    },
    ComputeTopology: { Memory: { SizeInMB: 512 }, Processor: { Count: 2 } },
    Devices: { Scsi: { [SCSI[0]]: {} }, HvSocket: { HvSocketConfig: { ServiceTable: {} } } },
    ...more,
  })
}

function destinationOf(document: ComputeSystem, options: schema.MigrationInitializeOptions = {}): ComputeSystem {
  const { VirtualMachine: vm } = document
  return { ...document, VirtualMachine: { ...vm, MigrationOptions: { ...options, Origin: 'Destination' } } }
}

interface Migration {
  source: UtilityVM
  destination: UtilityVM
  sockets: [Socket, Socket]
  /** What each side was told, in order. */
  told: { source: OperationSystemMigrationNotificationInfo[]; destination: OperationSystemMigrationNotificationInfo[] }
  /** Resolves when a side has been told of this. */
  hears(side: 'source' | 'destination', event: string): Promise<OperationSystemMigrationNotificationInfo>
}

function eventsOf(told: OperationSystemMigrationNotificationInfo[]): (string | undefined)[] {
  return told.map(({ Event }) => Event)
}

function migrates(provider: VmProvider): void {
  /** Two hosts for all tests, each with a service of its own. */
  let shared: [Host, Host]
  /** Hosts that a test has for itself. */
  const own: Host[] = []
  const vms: UtilityVM[] = []
  const sockets: Socket[] = []
  let count = 0

  before(async () => {
    const open = (): Promise<Host> => provider.open({}, { threads: 1 })
    shared = [await open(), await open()]
  })

  afterEach(async () => {
    await Promise.all(vms.splice(0).map((vm) => vm.close()))
    for (const host of [...shared, ...own]) await assertNothingOpen(host)
    await Promise.all(own.splice(0).map((host) => host.close()))
    for (const socket of sockets.splice(0)) {
      const closed = socket.closed || once(socket, 'close')
      socket.destroy()
      await closed
    }
  })

  after(() => Promise.all(shared.map((host) => host.close())))

  async function openHost(simulated: SimulatedOptions): Promise<Host> {
    const host = await provider.open(simulated, { threads: 1 })
    own.push(host)
    return host
  }

  async function create(host: Host, document: ComputeSystem, id = `moving-${++count}`): Promise<UtilityVM> {
    const vm = await host.createVM(id, document)
    vms.push(vm)
    return vm
  }

  /** A running VM on the first host, its destination created on the second; nothing of the migration has been asked yet. */
  async function given(document = migratable(), hosts = shared): Promise<Migration> {
    const source = await create(hosts[0], document)
    await source.start()
    const destination = await create(hosts[1], destinationOf(document), source.id)
    const pair = await tcpPair()
    sockets.push(...pair)
    const told: Migration['told'] = { source: [], destination: [] }
    const waiting: {
      side: string
      event: string
      resolve: (info: OperationSystemMigrationNotificationInfo) => void
    }[] = []
    for (const [side, vm] of Object.entries({ source, destination })) {
      vm.on('migration', (info) => {
        told[side as 'source'].push(info)
        for (const one of waiting) if (one.side === side && one.event === info.Event) one.resolve(info)
      })
    }
    return {
      source,
      destination,
      sockets: pair,
      told,
      hears: (side, event) => {
        const known = told[side].find((info) => info.Event === event)
        if (known !== undefined) return Promise.resolve(known)
        return new Promise((resolve) => waiting.push({ side, event, resolve }))
      },
    }
  }

  async function start(
    { source, destination, sockets: [near, far] }: Migration,
    ids = [SESSION, SESSION],
  ): Promise<void> {
    await source.initializeLiveMigrationOnSource({ Origin: 'Source', MemoryTransport: 'TCP' })
    await Promise.all([
      destination.startWithMigrationOptions({ sessionId: ids[1]!, socket: far }),
      source.startLiveMigrationOnSource({ sessionId: ids[0]!, socket: near }),
    ])
  }

  async function transfer({ source, destination }: Migration): Promise<void> {
    await Promise.all([
      source.startLiveMigrationTransfer({ Origin: 'Source' }),
      destination.startLiveMigrationTransfer({ Origin: 'Destination' }),
    ])
  }

  it('moves a running VM with what was hot-added to it', async () => {
    const migration = await given()
    const { source, destination, told } = migration
    await source.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\hot.vhdx' }, 0, 5)
    await source.addNIC(NIC, { EndpointId: NIC, MacAddress: '00-15-5D-00-00-01' })
    await source.updateMemory(768)
    const { PropertyResponses: blob } = await source.propertiesV3({ Queries: { CompatibilityInfo: null } })
    assert(blob !== undefined)
    const before = (await source.propertiesV2(['Statistics'])).Statistics
    await start(migration)
    await transfer(migration)
    assert.equal((await source.propertiesV2([])).State, 'Paused')
    await source.finalizeLiveMigration({ Origin: 'Source', FinalizedOperation: 'Stop' })
    assert.equal((await source.wait()).exitType, 'ForcedExit')
    await destination.finalizeLiveMigration({ Origin: 'Destination', FinalizedOperation: 'Resume' })

    assert.equal(destination.runtimeId, source.runtimeId)
    const after = await destination.propertiesV2(['Memory', 'Statistics'])
    assert.equal(after.State, 'Running')
    assert.equal(Number(after.Memory?.VirtualMachineMemory?.AssignedMemory), 768 * 256)
    assert.equal(after.Statistics?.ContainerStartTime, before?.ContainerStartTime)
    assert(Number(after.Statistics?.Uptime100ns) >= Number(before?.Uptime100ns))
    // Its devices came with it: the slot is taken, what was attached can be removed, and it takes changes again.
    await refused(destination.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\x.vhdx' }, 0, 5), 0x800700b7)
    await destination.removeSCSIDisk(0, 5)
    await destination.removeNIC(NIC)
    await destination.updateMemory(1024)

    const order = ['SetupDone', 'TransferInProgress', 'TransferInProgress', 'TransferInProgress', 'BlackoutStarted']
    const end = ['OfflineDone', 'BlackoutExited', 'MigrationDone']
    await migration.hears('destination', 'MigrationDone')
    assert.deepEqual(eventsOf(told.source), [...order, ...end])
    assert.deepEqual(eventsOf(told.destination), [...order, ...end])
    assert(told.source.every(({ Origin, Result }) => Origin === 'Source' && Result === 'Success'))
    assert(told.destination.every(({ Origin, Result }) => Origin === 'Destination' && Result === 'Success'))
    const exited = told.destination.find(({ Event }) => Event === 'BlackoutExited')
    const details = exited?.AdditionalDetails as schema.BlackoutExitedEventDetails
    assert(Number(details.BlackoutDurationMilliseconds) >= 0)
    assert(!Number.isNaN(Date.parse(details.BlackoutStopTimestamp ?? '')))
    // The caller's sockets are still the caller's.
    assert(migration.sockets.every((socket) => !socket.destroyed && socket.listenerCount('data') === 0))
  })

  it('HCS-092 the notification stream holds the whole migration in order and ends with the exit', async () => {
    const migration = await given()
    const { source, destination } = migration
    const reader = source.migrationNotifications()
    await start(migration)
    await transfer(migration)
    await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
    const seen: (string | undefined)[] = []
    for await (const { Event } of reader) seen.push(Event)
    assert.deepEqual(seen.at(0), 'SetupDone')
    assert.deepEqual(seen.slice(-3), ['OfflineDone', 'BlackoutExited', 'MigrationDone'])
    await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
  })

  it('the number of passes is that of the options', async () => {
    const migration = await given()
    const { source, destination, told, sockets: pair } = migration
    const throttle = { TargetNumberOfBrownoutTransferPasses: 7 }
    await source.initializeLiveMigrationOnSource({ MemoryTransferThrottleParams: throttle })
    await destination.startWithMigrationOptions({ sessionId: 1, socket: pair[1] })
    await source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] })
    await transfer(migration)
    // What is told of a transfer may be heard behind its answer.
    await migration.hears('source', 'BlackoutStarted')
    assert.equal(eventsOf(told.source).filter((event) => event === 'TransferInProgress').length, 7)
  })

  it('the guest goes on at the destination with its mounts and processes', async () => {
    const migration = await given()
    const { source, destination } = migration
    const guest = await shared[0].createGuest(source)
    await guest.createConnection()
    await source.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\hot.vhdx' }, 0, 1)
    await guest.addLCOWMappedVirtualDisk({ MountPath: '/mnt/data', Controller: 0, Lun: 1 })
    const { pid } = await guest.createProcess({ CommandArgs: ['sleep', '600'] })
    const moved = await shared[1].createGuest(destination)
    const connecting = moved.createConnection({ coldStart: false })
    connecting.catch(() => undefined)
    await start(migration)
    await transfer(migration)
    assert.equal(await pending(connecting), true, 'the guest stands still')
    await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
    await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
    await connecting
    const output = new PassThrough()
    assert.equal(await moved.execInUVM({ args: ['mount'], stdout: output }), 0)
    assert.match(String(output.read()), /on \/mnt\/data type/)
    assert.match(await moved.dumpStacks(), new RegExp(`process ${pid} \\[running\\]`))
    assert.equal(await guest.isConnected(), false)
  })

  it('a process is waited for at the destination under the id of the wait that the source began', async () => {
    const migration = await given()
    const { source, destination } = migration
    const guest = await shared[0].createGuest(source)
    await guest.createConnection()
    const untilGo = 'until test -e /go; do sleep 0.1; done; exit 7'
    const process = await guest.createProcess({ CommandArgs: ['sh', '-c', untilGo] })
    const lost = rejection(process.wait())
    const moved = await shared[1].createGuest(destination)
    const connecting = moved.createConnection({ coldStart: false })
    await start(migration)
    await guest.setMigrating(true)
    await transfer(migration)
    const [saved, nextPort, nextId] = [process.save(), await guest.nextPort(), await guest.bridgeNextId()]
    await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
    await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
    await connecting
    await moved.setNextPort(nextPort)
    await moved.seedBridgeNextId(nextId)
    const reopened = await moved.openProcess(saved)
    assert.equal(reopened.pid, process.pid)
    await moved.execInUVM({ args: ['sh', '-c', 'echo > /go'] })
    assert.deepEqual(await reopened.wait(), { exitCode: 7, known: true })
    await source.close()
    await lost
  })

  describe('refusals', () => {
    it('HCS-091 calls out of order are invalid states and change nothing', async () => {
      const migration = await given()
      const { source, destination, sockets: pair } = migration
      const early = [
        () => source.startLiveMigrationTransfer(),
        () => source.finalizeLiveMigration({ FinalizedOperation: 'Resume' }),
        () => source.cancelLiveMigration(),
        () => source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] }),
        () => destination.startLiveMigrationTransfer(),
        () => destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' }),
        () => destination.initializeLiveMigrationOnSource(),
      ]
      for (const call of early) assert.equal(isInvalidState(await refused(call(), 0x80370105)), true)
      await source.updateMemory(768)
      await source.initializeLiveMigrationOnSource()
      const initialized = [
        () => source.initializeLiveMigrationOnSource(),
        () => source.startLiveMigrationTransfer(),
        () => source.finalizeLiveMigration(),
        () => source.updateMemory(512),
        () => source.pause(),
        () => source.shutdown(),
        () => source.start(),
        () => source.save({ SaveType: 'AsTemplate' }),
      ]
      for (const call of initialized) await refused(call(), 0x80370105)
      assert.equal((await source.propertiesV2([])).State, 'Running')
      await destination.startWithMigrationOptions({ sessionId: 1, socket: pair[1] })
      const started = [
        () => destination.startWithMigrationOptions({ sessionId: 1, socket: 1n }),
        () => destination.start(),
        () => destination.resume(),
        () => destination.updateMemory(512),
        () => destination.startLiveMigrationOnSource({ sessionId: 1, socket: 1n }),
        () => destination.finalizeLiveMigration(),
      ]
      for (const call of started) await refused(call(), 0x80370105)
      await source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] })
      await transfer(migration)
      await refused(source.startLiveMigrationTransfer(), 0x80370105)
      await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
      await source.wait()
      await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      await refused(destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' }), 0x80370105)
      await refused(source.initializeLiveMigrationOnSource(), 0x80370110)
      await destination.updateMemory(512)
    })

    it('a missing socket is an invalid argument, and the call can be made again with one', async () => {
      const migration = await given()
      const { source, destination, sockets: pair } = migration
      await source.initializeLiveMigrationOnSource()
      await refused(source.startLiveMigrationOnSource({ sessionId: 1, socket: 0n }), 0x80070057)
      await refused(source.startLiveMigrationOnSource({ sessionId: 1, socket: 99_999n }), 0x80070057)
      await refused(destination.startWithMigrationOptions({ sessionId: 1, socket: 99_999n }), 0x80070057)
      await refused(destination.start(), 0x80070057)
      assert.equal((await destination.propertiesV2([])).State, undefined)
      await Promise.all([
        source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] }),
        destination.startWithMigrationOptions({ sessionId: 1, socket: pair[1] }),
      ])
      await transfer(migration)
    })

    it('session ids that differ are an invalid argument on both sides', async () => {
      const migration = await given()
      const { source, destination, sockets: pair } = migration
      await source.initializeLiveMigrationOnSource()
      const results = await Promise.all([
        rejection(source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] })),
        rejection(destination.startWithMigrationOptions({ sessionId: 2, socket: pair[1] })),
      ])
      for (const error of results) assert.equal(error['hresult'], 0x80070057)
      // The same connection, the right session.
      await Promise.all([
        source.startLiveMigrationOnSource({ sessionId: 2, socket: pair[0] }),
        destination.startWithMigrationOptions({ sessionId: 2, socket: pair[1] }),
      ])
      await transfer(migration)
    })

    it('whoever started long before the other hears of differing session ids from its transfer', async () => {
      const migration = await given()
      const { source, destination, sockets: pair } = migration
      await destination.startWithMigrationOptions({ sessionId: 1, socket: pair[1] })
      await source.initializeLiveMigrationOnSource()
      await refused(source.startLiveMigrationOnSource({ sessionId: 2, socket: pair[0] }), 0x80070057)
      assert.equal((await migration.hears('destination', 'MigrationFailed')).Result, 'DestinationMigrationFailed')
      await refused(destination.startLiveMigrationTransfer(), 0x80070057)
    })

    it('a VM with a Plan9 device, even an empty one, is not configured for it', async () => {
      const vm = await create(shared[0], migratable({ Devices: { Plan9: {} } }))
      await vm.start()
      await refused(vm.initializeLiveMigrationOnSource(), 0x80370120)
      await vm.pause()
      await vm.resume()
    })

    it('a VM that does not run cannot be a source, and only a destination takes start options', async () => {
      const vm = await create(shared[0], migratable())
      await refused(vm.initializeLiveMigrationOnSource(), 0x80370105)
      await refused(vm.startWithMigrationOptions({ sessionId: 1, socket: 1n }), 0x80070057)
      await vm.start()
      await vm.pause()
      await refused(vm.initializeLiveMigrationOnSource(), 0x80370105)
      await vm.terminate()
      await refused(vm.initializeLiveMigrationOnSource(), 0x80370110)
    })

    it('options for the other side, and of wrong types, are refused', async () => {
      const migration = await given()
      const { source } = migration
      await refused(source.initializeLiveMigrationOnSource({ Origin: 'Destination' }), 0x80070057)
      await refused(source.initializeLiveMigrationOnSource({ MemoryTransport: 'UDP' }), 0x8037010d)
      await refused(source.initializeLiveMigrationOnSource({ ChecksumVerification: 1 as never }), 0x8037010d)
      await start(migration)
      await refused(source.startLiveMigrationTransfer({ Origin: 'Destination' }), 0x80070057)
      await refused(source.cancelLiveMigration({ Origin: 'Destination' }), 0x80070057)
      await transfer(migration)
      await refused(source.finalizeLiveMigration({ FinalizedOperation: 'Pause' }), 0x8037010d)
      await refused(source.finalizeLiveMigration({ Origin: 'Destination' }), 0x80070057)
      for (const sessionId of [-1, 0.5, 2 ** 32]) {
        const again = await create(shared[1], destinationOf(migratable()))
        await refused(again.startWithMigrationOptions({ sessionId, socket: 1n }), 0x8037010d)
      }
    })

    it('a destination without the memory or the endpoint for it fails', async () => {
      const cases: [SimulatedOptions, number][] = [
        [{ memoryMB: 512 }, 0x800705af],
        [{ endpoints: [] }, 0x803b0002],
      ]
      for (const [options, hresult] of cases) {
        const migration = await given(migratable(), [shared[0], await openHost(options)])
        const { source, destination } = migration
        await source.updateMemory(768)
        await source.addNIC(NIC, { EndpointId: NIC })
        await start(migration)
        const [there, here] = await Promise.all([
          rejection(destination.startLiveMigrationTransfer()),
          rejection(source.startLiveMigrationTransfer()),
        ])
        assert.equal(there['hresult'], hresult)
        assert.equal(here['hresult'], 0x80004005)
        assert.equal((await migration.hears('source', 'MigrationFailed')).Result, 'DestinationMigrationFailed')
        await source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
        await source.updateMemory(512)
      }
    })
  })

  describe('giving up', () => {
    it('HCS-091 cancel ends a pending transfer; the source runs on after finalize, and the destination can go', async () => {
      const migration = await given()
      const { source, destination } = migration
      const guest = await shared[0].createGuest(source)
      await guest.createConnection()
      await start(migration)
      const refusal = refused(source.startLiveMigrationTransfer(), 0x80370121)
      await source.propertiesV2([])
      await source.cancelLiveMigration({ Origin: 'Source' })
      await refusal
      assert.equal((await migration.hears('source', 'MigrationFailed')).Result, 'MigrationCancelled')
      assert.equal((await migration.hears('destination', 'MigrationFailed')).Result, 'MigrationCancelled')
      await refused(source.updateMemory(768), 0x80370105)
      await source.cancelLiveMigration()
      await source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      await migration.hears('source', 'MigrationRecoveryDone')
      await source.cancelLiveMigration()
      await source.updateMemory(768)
      assert.equal(await guest.execInUVM({ args: ['true'] }), 0)
      await refused(destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' }), 0x80370105)
      await destination.terminate()
      assert.equal((await destination.wait()).exitType, 'ForcedExit')
    })

    it('the destination can cancel too, and after the blackout the source goes on where it stood', async () => {
      const migration = await given()
      const { source, destination } = migration
      await start(migration)
      await transfer(migration)
      assert.equal((await source.propertiesV2([])).State, 'Paused')
      await destination.cancelLiveMigration({ Origin: 'Destination' })
      await migration.hears('source', 'MigrationFailed')
      await source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      assert.equal((await source.propertiesV2([])).State, 'Running')
      await destination.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
      await destination.wait()
      // And it can be tried again.
      const again = await create(shared[1], destinationOf(migratable()), source.id)
      const second = await tcpPair()
      sockets.push(...second)
      const retry = { ...migration, destination: again, sockets: second }
      await start(retry)
      await transfer(retry)
      await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
      await again.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      assert.equal((await again.propertiesV2([])).State, 'Running')
    })

    it('HCS-091 cancel after the end is harmless', async () => {
      const migration = await given()
      const { source, destination } = migration
      await start(migration)
      await transfer(migration)
      await source.finalizeLiveMigration({ FinalizedOperation: 'Stop' })
      await destination.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      await destination.cancelLiveMigration()
      await source.cancelLiveMigration()
      await source.wait()
      await source.cancelLiveMigration()
      assert.equal((await destination.propertiesV2([])).State, 'Running')
    })

    it('a lost socket fails the migration on both sides', async () => {
      const migration = await given()
      const { source, destination } = migration
      await start(migration)
      const transfers = [refused(destination.startLiveMigrationTransfer(), 0x80072746)]
      await new Promise((resolve) => setImmediate(resolve))
      // It takes neither side's word with it.
      migration.sockets[1].destroy()
      await Promise.all(transfers)
      assert.equal((await migration.hears('destination', 'MigrationFailed')).Result, 'SourceMigrationFailed')
      assert.equal((await migration.hears('source', 'MigrationFailed')).Result, 'DestinationMigrationFailed')
      await refused(source.startLiveMigrationTransfer(), 0x80072746)
      await source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
      assert.equal((await source.propertiesV2([])).State, 'Running')
    })

    it('a peer that speaks something else is a lost socket', async () => {
      const { source, sockets: pair, hears } = await given()
      await source.initializeLiveMigrationOnSource()
      const starting = source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] })
      pair[1].resume().write('GET / HTTP/1.1\r\n\r\n')
      await refused(starting, 0x80072746)
      await hears('source', 'MigrationFailed')
      await source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
    })

    it('terminate ends a transfer that is pending, and the other side hears of it', async () => {
      const migration = await given()
      const { source, destination } = migration
      await start(migration)
      const refusal = rejection(source.startLiveMigrationTransfer())
      // Behind the transfer on the way to the service.
      await source.propertiesV2([])
      await source.terminate()
      assert.equal((await refusal)['hresult'], 0x80370107)
      assert.equal((await migration.hears('destination', 'MigrationFailed')).Result, 'SourceMigrationFailed')
      await destination.close()
    })

    it('a host that closes in the middle leaves nothing behind', async () => {
      const closing = await openHost({})
      const migration = await given(migratable(), [shared[0], closing])
      await start(migration)
      await closing.close()
      assert.equal((await migration.hears('source', 'MigrationFailed')).Result, 'DestinationMigrationFailed')
      await migration.source.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
    })

    it('a stream whose call is refused is left alone and can be used again', async () => {
      const migration = await given()
      const { source, sockets: pair } = migration
      await refused(source.startLiveMigrationOnSource({ sessionId: 1, socket: pair[0] }), 0x80370105)
      assert.equal(pair[0].destroyed, false)
      assert.equal(pair[0].listenerCount('data'), 0)
      await start(migration)
      await transfer(migration)
    })
  })
}

for (const provider of [SIMULATED, SERVICE_PROCESS]) {
  describe(`live migration, ${provider.name}`, () => migrates(provider))
}
