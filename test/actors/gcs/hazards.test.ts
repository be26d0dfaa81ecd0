// Requests that a Linux guest's agent dies of: refused here, with the VM and the guest unharmed afterwards.

import assert from 'node:assert/strict'
import { GuestRPCError, InvalidConfigError, InvalidStateError, type Guest } from '#dist/index.js'
import { checkUvmProcess, isBlankCommand } from '#dist/protocol/lcow-hazards.js'
import { fakeGuest, type FakeGuest } from '../../fakes/guest.js'
import { TYPE, type Peer } from '../../peer/peer.js'
import { linux } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'
import { useHost } from '../../support/host.js'

const SPECIFICATION = { ociVersion: '1.1.0', process: {}, root: {}, linux: {} }

function document(specification: object | null | undefined): object {
  return { SchemaVersion: { Major: 2, Minor: 1 }, OciSpecification: specification }
}

function without(part: string): object {
  return document({ ...SPECIFICATION, [part]: undefined })
}

const REFUSED: [what: string, path: string, act: (guest: Guest) => Promise<unknown>][] = [
  [
    'a disk on controller 4',
    'Controller',
    (guest) => guest.addLCOWMappedVirtualDisk({ Controller: 4, Lun: 0, MountPath: '/mnt' }),
  ],
  ['the removal of one', 'Controller', (guest) => guest.removeLCOWMappedVirtualDisk({ Controller: 255, Lun: 0 })],
  ['an unplug on controller 4', 'Controller', (guest) => guest.removeSCSIDevice({ Controller: 4, Lun: 0 })],
  [
    'a controller spelt as the guest would read it',
    'Controller',
    (guest) => guest.removeSCSIDevice({ controller: 7 } as never),
  ],
  ['layers without a root path', 'ContainerRootPath', (guest) => guest.addLCOWCombinedLayers({ ScratchPath: '/s' })],
  ['an empty root path', 'ContainerRootPath', (guest) => guest.addLCOWCombinedLayers({ ContainerRootPath: '' })],
  ['a relative one', 'ContainerRootPath', (guest) => guest.removeLCOWCombinedLayers({ ContainerRootPath: 'run/c' })],
  ['controller -1', 'Controller', (guest) => guest.removeSCSIDevice({ Controller: -1 })],
  ['a process without arguments', 'CommandArgs', (guest) => guest.createProcess({ WorkingDirectory: '/' })],
  ['a process with no argument', 'CommandArgs', (guest) => guest.createProcess({ CommandArgs: [] })],
  ['a process with an empty command line', 'CommandArgs', (guest) => guest.createProcess({ CommandLine: '' })],
  ['a process with a blank command line', 'CommandLine', (guest) => guest.createProcess({ CommandLine: ' \t\n' })],
  ['a command line that begins with its end', 'CommandLine', (guest) => guest.createProcess({ CommandLine: ' ; ls' })],
  ['an exec with a blank command line', 'commandLine', (guest) => guest.execInUVM({ commandLine: '   ' })],
  [
    'a container without a specification',
    'OciSpecification',
    (guest) => guest.createContainer('c', document(undefined)),
  ],
  ['one whose specification is null', 'OciSpecification', (guest) => guest.createContainer('c', document(null))],
  ...['process', 'root', 'linux'].map((part): (typeof REFUSED)[number] => [
    `a container without ${part}`,
    `OciSpecification.${part}`,
    (guest) => guest.createContainer('c', without(part)),
  ]),
]

describe('what a Linux guest would die of', () => {
  describe('leaves the VM and the guest unharmed', () => {
    const test = useHost()

    it('each is refused before anything is sent, and the guest goes on', async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      let disconnects = 0
      guest.on('disconnected', () => disconnects++)
      const next = await guest.bridgeNextId()
      for (const [what, path, act] of REFUSED) {
        const error = await rejectsWith(act(guest), InvalidConfigError)
        assert.equal(error.path, path, what)
      }
      assert.equal(await guest.bridgeNextId(), next)
      assert.equal(await guest.execInUVM({ args: ['true'] }), 0)
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      assert.equal(disconnects, 0)
      await guest.close()
    })
  })

  describe('and what it does not', () => {
    let fake: FakeGuest
    let peer: Peer
    beforeEach(async () => {
      fake = await fakeGuest()
      peer = await fake.connect()
    })
    afterEach(() => fake.close())

    it('unchecked: true sends a container document all the same', async () => {
      for (const config of [document(undefined), without('root')]) {
        const creating = fake.guest.createContainer('c', config, { unchecked: true })
        const request = await peer.next(TYPE.create)
        assert.deepEqual(JSON.parse(request.body['ContainerConfig'] as string), JSON.parse(JSON.stringify(config)))
        peer.answer(request, { Result: 0x80004005 | 0 })
        await rejectsWith(creating, GuestRPCError)
      }
      await rejectsWith(fake.guest.createContainer('c', {}, { uncheckd: true } as never), InvalidConfigError)
    })

    it('a document that the agent refuses by itself is sent', async () => {
      for (const config of [{}, { SchemaVersion: { Major: 2, Minor: 0 } }, { SchemaVersion: { Major: 1, Minor: 9 } }]) {
        const creating = fake.guest.createContainer('c', config)
        peer.answer(await peer.next(TYPE.create), { Result: 0xc037010d | 0 })
        await rejectsWith(creating, GuestRPCError)
      }
    })

    it('names count as the guest matches them', async () => {
      const config = { schemaversion: { major: 2, MINOR: 1 }, ociSpecification: { Process: {}, ROOT: {}, Linux: {} } }
      const creating = fake.guest.createContainer('c', config)
      peer.answer(await peer.next(TYPE.create))
      await (await creating).close()
      const error = await rejectsWith(
        fake.guest.createContainer('d', { schemaversion: { major: 2, MINOR: 1 } }),
        InvalidConfigError,
      )
      assert.equal(error.path, 'OciSpecification')
    })

    it('createProcess({}) twice does not start the init twice', async () => {
      const creating = fake.guest.createContainer('c', document(SPECIFICATION))
      peer.answer(await peer.next(TYPE.create))
      const container = await creating
      const starting = container.createProcess({})
      const request = await peer.next(TYPE.execute)
      // Refused already while the first is on its way.
      assert.equal((await rejectsWith(container.createProcess({}), InvalidStateError)).state, 'init-started')
      // An init that the guest could not start may be tried again.
      peer.answer(request, { Result: 0x80004005 | 0 })
      await rejectsWith(starting, GuestRPCError)
      const again = container.createProcess({ CreateStdOutPipe: false })
      peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
      const init = await again
      const error = await rejectsWith(container.createProcess({ OciProcess: undefined }), InvalidStateError)
      assert.equal(error.state, 'init-started')
      // The handle may change hands within the guest; a further process is none of it.
      await container.close()
      const other = await fake.guest.openContainer('c')
      assert.equal((await rejectsWith(other.createProcess({}), InvalidStateError)).state, 'init-started')
      const adding = other.createProcess({ OciProcess: { args: ['ls'] } })
      await peer.next(TYPE.wait)
      peer.answer(await peer.next(TYPE.execute), { ProcessId: 8 })
      await (await adding).close()
      await init.close()
      await other.close()
    })

    it('arguments outside OciProcess, which a container would ignore, are refused', async () => {
      const container = await fake.guest.openContainer('c')
      for (const parameters of [
        { CommandArgs: ['ls'] },
        { CommandLine: 'ls' },
        { CommandArgs: ['ls'], OciProcess: {} },
      ]) {
        const error = await rejectsWith(container.createProcess(parameters), InvalidConfigError)
        assert.match(error.message, /OciProcess\.args/)
      }
      await container.close()
    })

    it('a Windows guest knows no such dangers', async () => {
      await fake.close()
      fake = await fakeGuest('windows')
      peer = await fake.connect()
      const starting = fake.guest.createProcess({ WorkingDirectory: 'C:\\' })
      peer.answer(await peer.next(TYPE.execute), { Result: 0x80004005 | 0 })
      await rejectsWith(starting, GuestRPCError)
    })
  })

  it('a command line is blank as its parser reads it', () => {
    for (const line of ['', ' ', '\t\r\n', ';', ' & x', '| wc', '> f', '<'])
      assert.equal(isBlankCommand(line), true, line)
    for (const line of ['a', ' a', '\u00a0', '#', '""', "''", '$x']) assert.equal(isBlankCommand(line), false, line)
    // What is no array or no text is refused by the guest in order.
    for (const odd of ['{"CommandArgs":5}', '{"CommandLine":5}', '{"commandargs":["x"]}']) {
      checkUvmProcess({ op: 'test' }, odd)
    }
  })
})
