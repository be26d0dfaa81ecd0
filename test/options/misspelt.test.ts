// Every option of every public call, misspelt: made from the option tables themselves, so that a new row is tried without a word here.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { Host, InvalidConfigError, SimulatedGuest, SimulatedService, UtilityVMBuilder } from '#dist/index.js'
import type { Container, Guest, GuestProcess, UtilityVM } from '#dist/index.js'
import { HOST_OPTIONS, SYSTEM_QUERY } from '#dist/actors/check-host-options.js'
import { STATS_OPTIONS } from '#dist/actors/host-figures.js'
import { CONNECT_OPTIONS } from '#dist/actors/gcs/guest-arguments.js'
import { EVENT_STREAM_OPTIONS, ONCE_OPTIONS } from '#dist/actors/events.js'
import { EXEC_REQUEST } from '#dist/actors/gcs/process/exec.js'
import { SIGNAL_OPTIONS } from '#dist/actors/gcs/process/process-proxy.js'
import { GUEST_OPTIONS } from '#dist/actors/guest-setup.js'
import { CALL_OPTIONS } from '#dist/actors/mailbox/call-options.js'
import { VM_OPTIONS } from '#dist/actors/vm-setup.js'
import { MIGRATION_CONFIG } from '#dist/actors/vm/managers/migration.js'
import { BUILDER_OPTIONS } from '#dist/builder/builder.js'
import { SIMULATED_OPTIONS } from '#dist/native/simulated/check-options.js'
import { GUEST_OPTIONS as LONE_GUEST, HARDWARE } from '#dist/native/simulated/guests/standalone.js'
import type { OptionTable } from '#dist/options/table.js'
import { linux } from '../support/documents.js'
import { useHost } from '../support/host.js'

interface Misspelt {
  /** Members around it, with the misspelt one in its place. */
  readonly options: object
  readonly path: string
  readonly meant: string
}

/** Each name of the table and of the tables inside it, with its last letter doubled. */
function misspellings(table: OptionTable<never>, wrap = (inner: object): object => inner, prefix = ''): Misspelt[] {
  return table.names.flatMap((name, at): Misspelt[] => {
    const wrong = name + name.slice(-1)
    const own = { options: wrap({ [wrong]: 1 }), path: prefix + wrong, meant: name }
    const { members, items } = table.rows[at]!
    return [
      own,
      ...(members === undefined ? [] : misspellings(members, (inner) => wrap({ [name]: inner }), `${prefix}${name}.`)),
      ...(items === undefined ? [] : misspellings(items, (inner) => wrap({ [name]: [inner] }), `${prefix}${name}[0].`)),
    ]
  })
}

/** Where a call takes its call options, by how many arguments come before. */
function callsOf(target: object, skip: readonly string[]): string[] {
  const names = new Set<string>()
  for (let at: object = target; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const { value } = Object.getOwnPropertyDescriptor(at, name) ?? {}
      if (typeof value === 'function' && name !== 'constructor' && !skip.includes(name)) names.add(name)
    }
  }
  return [...names]
}

async function refuses(call: () => unknown, { path, meant }: Pick<Misspelt, 'path' | 'meant'>): Promise<void> {
  const outcome = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  assert(outcome instanceof InvalidConfigError, `${path}: ${String(outcome)}`)
  assert.equal(outcome.path, path)
  assert.match(outcome.message, new RegExp(`no such option; did you mean ${meant}\\?$`))
  assert.equal('value' in outcome, false)
}

describe('misspelt options', () => {
  const test = useHost()
  let vm: UtilityVM
  let guest: Guest
  let process: GuestProcess
  let container: Container

  beforeEach(async () => {
    vm = await test.create(linux('misspelt'))
    guest = await test.host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    process = await guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true })
    container = await guest.openContainer('c')
  })

  type Given = (options: never) => unknown
  const socket = { sessionId: 1, socket: new PassThrough() }
  const calls: [what: string, table: OptionTable<never>, call: Given][] = [
    ['Host.open', HOST_OPTIONS, (options) => Host.open(options)],
    ['SimulatedService.open', SIMULATED_OPTIONS, (options) => SimulatedService.open(options)],
    ['SimulatedGuest.start', LONE_GUEST, (options) => SimulatedGuest.start(options)],
    ['SimulatedGuest.setHardware', HARDWARE, (options) => SimulatedGuest.prototype.setHardware(options)],
    ['new UtilityVMBuilder', BUILDER_OPTIONS, (options) => new UtilityVMBuilder('me', 'linux', options)],
    ['host.createVM', VM_OPTIONS, (options) => test.host.createVM('x', linux('x'), options)],
    ['host.openVM', VM_OPTIONS, (options) => test.host.openVM(vm.id, options)],
    ['host.listVMs query', SYSTEM_QUERY, (options) => test.host.listVMs(options)],
    ['host.stats', STATS_OPTIONS, (options) => test.host.stats(options)],
    ['host.createGuest', GUEST_OPTIONS, (options) => test.host.createGuest(vm, options)],
    ['guest.createConnection', CONNECT_OPTIONS, (options) => guest.createConnection(options)],
    ['host.events', EVENT_STREAM_OPTIONS, (options) => test.host.events('vm-exited', options)],
    ['host.once', ONCE_OPTIONS, (options) => test.host.once('vm-exited', () => undefined, options)],
    ['guest.execInUVM', EXEC_REQUEST, (options) => guest.execInUVM(options)],
    ['process.signal', SIGNAL_OPTIONS, (options) => process.signal(options)],
    ['vm.startLiveMigrationOnSource', MIGRATION_CONFIG, (options) => vm.startLiveMigrationOnSource(options)],
    ['vm.startWithMigrationOptions', MIGRATION_CONFIG, (options) => vm.startWithMigrationOptions(options)],
  ]
  for (const [what, table, call] of calls) {
    it(`${what} names each of them, and what was meant`, async () => {
      const cases = misspellings(table)
      assert(cases.length >= table.names.length && cases.length > 0)
      for (const one of cases) {
        const path = what === 'SimulatedService.open' ? `simulated.${one.path}` : one.path
        await refuses(() => call(one.options as never), { path, meant: one.meant })
      }
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      assert.equal(await guest.isConnected(), true)
    })
  }

  // Arguments that are fine, for the calls that check them first.
  const GUID = '01234567-0123-4567-89ab-0123456789ab'
  const SAVED = { pid: 1, waitId: 1n, ports: {} }
  const arguments_: Record<string, unknown[]> = {
    'vm.save': [{}],
    'vm.propertiesV2': [[]],
    'vm.propertiesV3': [{}],
    'vm.updateHvSocketService': [GUID, {}],
    'vm.removeHvSocketService': [GUID],
    'vm.addDevice': [GUID, {}],
    'vm.removeDevice': [GUID],
    'vm.addSCSIDisk': [{}, 0, 0],
    'vm.removeSCSIDisk': [0, 0],
    'vm.addNIC': ['n', {}],
    'vm.removeNIC': ['n', {}],
    'vm.updateNIC': ['n', {}],
    'vm.addPipe': ['p'],
    'vm.removePipe': ['p'],
    'vm.addVPMemDevice': [0, {}],
    'vm.removeVPMemDevice': [0],
    'vm.addVPMemMapping': [0, 0, {}],
    'vm.removeVPMemMapping': [0, 1],
    'vm.updateMemory': [512],
    'vm.setCPUGroup': [{}],
    'vm.startWithMigrationOptions': [socket],
    'vm.startLiveMigrationOnSource': [socket],
    'guest.prepareConnection': [undefined],
    'guest.createContainer': ['d', {}],
    'guest.openContainer': ['d'],
    'guest.deleteContainerState': ['d'],
    'guest.createProcess': [{ CommandLine: 'true' }],
    'guest.execInUVM': [{ args: ['true'] }],
    'guest.exec': [{ args: ['true'] }],
    'guest.openProcess': [SAVED],
    'guest.saveRecording': ['/nowhere/file'],
    'guest.updateCgroupMemoryLimits': [],
    'container.propertiesV1': [{}],
    'container.propertiesV2': [[]],
    'container.createProcess': [{ OciProcess: { args: ['true'], cwd: '/' } }],
    'process.signal': [undefined],
    'process.resizeConsole': [1, 1],
    'host.grantVMAccess': ['x', 'p'],
    'host.revokeVMAccess': ['x', 'p'],
    'host.listVMs': [{}],
    'host.workingSet': [GUID],
    'host.grantVMGroupAccess': ['p'],
    'guest.addLCOWCombinedLayers': [{ ContainerRootPath: '/r' }],
    'guest.removeLCOWCombinedLayers': [{ ContainerRootPath: '/r' }],
    'host.revokeVMGroupAccess': ['p'],
    'host.createEmptyGuestStateFile': ['/nowhere/file'],
    'host.createEmptyRuntimeStateFile': ['/nowhere/file'],
    'host.processorCompatibility': ['p'],
  }
  /** They take none, or other options (tried above), or are for guests of the other system. */
  const WITHOUT =
    `on once off addListener removeListener events endEvents emit ref unref stats guestOf close open openWith createVM openVM createGuest createConnection startedTime stoppedTime
    exitError migrationNotifications vmExited isConnected capabilities setMigrating nextPort setNextPort bridgeNextId seedBridgeNextId
    save exitCode modify modifyServiceSettings warn takeLogs`.split(/\s+/)
  const OTHER_SYSTEM =
    /WCOW|NetworkNamespace|^(add|remove)NetworkInterface|^addMappedDirectory|HvSocketAddress|PolicyFragment/

  for (const label of ['host', 'vm', 'guest', 'container', 'process'] as const) {
    it(`each call of a ${label} names a misspelt call option`, async () => {
      const target: object = { host: test.host, vm, guest, container, process }[label]
      const kept = { vm: ['save', 'close'], container: ['close'], process: ['close'] } as Record<string, string[]>
      const skip = WITHOUT.filter((name) => kept[label]?.includes(name) !== true)
      const names = callsOf(target, label === 'process' ? [...skip, 'save'] : skip)
      assert(names.length > 5 || label === 'host', names.join())
      for (const name of names) {
        if (label === 'guest' && OTHER_SYSTEM.test(name)) continue
        // close comes last: what is closed still checks its options.
        const given =
          arguments_[`${label}.${name}`] ?? (/^(add|remove|set|update|modify|inject|serviceP)/.test(name) ? [{}] : [])
        const method = (target as Record<string, (...args: unknown[]) => unknown>)[name]!
        if (/LiveMigration/.test(name) && arguments_[`${label}.${name}`] === undefined) given.push(undefined)
        for (const one of misspellings(CALL_OPTIONS)) {
          await assert.doesNotReject(
            () => refuses(() => method.call(target, ...given, one.options), one),
            `${label}.${name}`,
          )
        }
        const signal = new AbortController().signal
        const refused = (async () => method.call(target, ...given, signal))()
        await assert.rejects(
          refused,
          /expected an object, not an AbortSignal: give it as \{ signal \}/,
          `${label}.${name}`,
        )
      }
    })
  }

  it('an event that does not exist is refused by name; those of Node.js and of later versions are known', async () => {
    const emitters: [target: object, wrong: string, meant: string, known: string[]][] = [
      [
        test.host,
        'vm-exitted',
        'vm-exited',
        `vm-exited guest-disconnected actor-restarted actor-given-up thread-lost close-forced thread-stuck guest-reconnected
        dropped`.split(/\s+/),
      ],
      [vm, 'exits', 'exit', ['exit', 'crash-report', 'guest-connection-closed', 'migration']],
      [guest, 'disconnect', 'disconnected', ['disconnected', 'container-exited', 'log', 'warning', 'reconnected']],
    ]
    const listener = (): void => undefined
    for (const [target, wrong, meant, known] of emitters) {
      for (const method of ['on', 'once', 'off'] as const) {
        const call = (name: unknown, heard: unknown): unknown =>
          (target as Record<string, (...args: unknown[]) => unknown>)[method]!(name, heard)
        assert.throws(
          () => call(wrong, listener),
          (error) => {
            assert(error instanceof InvalidConfigError)
            assert.deepEqual([error.path, error.value], ['event', wrong])
            assert.match(error.message, new RegExp(`did you mean ${meant}\\?`))
            return true
          },
        )
        for (const name of [Symbol('s'), undefined, '__proto__', 'constructor']) {
          assert.throws(() => call(name, listener), InvalidConfigError)
        }
        assert.throws(() => call(known[0], undefined), InvalidConfigError)
        for (const name of [...known, 'error', 'newListener', 'removeListener']) call(name, listener)
      }
    }
    const exit = once(vm as never, 'exit')
    await vm.terminate()
    assert.equal(((await exit) as [{ exitType: string }])[0].exitType, 'ForcedExit')
  })
})
