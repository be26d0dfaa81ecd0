// The flight recorder of a guest connection: what a file holds, when it is written, and that no secret is in it.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { context, createTraceState, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { GuestRPCError, InvalidConfigError, InvalidStateError, ProtocolError, type GuestOS } from '#dist/index.js'
import { toWireError } from '#dist/errors-wire.js'
import { FlightRecorder } from '#dist/actors/gcs/connection/recorder.js'
import { decodeRecording, RecordingFileError, type Recording } from '#dist/tools/recording-file.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { frame, LINUX_CAPABILITIES, TYPE, WINDOWS_CAPABILITIES, type Peer, type PeerFrame } from '../../../peer/peer.js'
import { rejectsWith } from '../../../support/expect.js'

const LIMITS = { frames: 128, bytes: 32_768 }

describe('what a recording says of the end', () => {
  it('a connection that ends by what the guest said tells the code and not the words', async () => {
    const words = 'rejected the token hunter2 of this host'
    for (const refusal of [
      new GuestRPCError({ result: 0x80070005, errorMessage: words }),
      new ProtocolError({
        reason: words,
        cause: new GuestRPCError({ result: 0x80070005, errorMessage: words }),
      } as never),
    ]) {
      const recorder = new FlightRecorder({ vmId: 'v', runtimeId: 'r', guestOS: 'linux' } as never, LIMITS, {
        now: () => 0,
        wallTime: () => 0,
      })
      recorder.broke(refusal)
      const { header } = decodeRecording(recorder.encode(0))
      assert.equal(header.cause, `${refusal.name}: E_ACCESSDENIED`)
    }
  })

  it('what broke a connection may quote the guest: of that nothing is kept', () => {
    const recorder = new FlightRecorder({ vmId: 'v', runtimeId: 'r', guestOS: 'linux' } as never, LIMITS, {
      now: () => 0,
      wallTime: () => 0,
    })
    recorder.broke(new ProtocolError({ reason: 'the guest sent what does not parse: {"Token": hunter2}' }))
    const { header } = decodeRecording(recorder.encode(0))
    assert.equal(header.cause, 'ProtocolError: the guest sent what does not parse: …')
  })
})

describe('flight recorder', () => {
  let fake: FakeGuest
  let peer: Peer
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp('/tmp/rec-')
  })
  afterEach(async () => {
    await fake.close()
    await rm(directory, { recursive: true })
  })
  async function make(recorder: object, guestOS: GuestOS = 'linux', capabilities?: object): Promise<void> {
    fake = await fakeGuest(guestOS, { recorder: { ...LIMITS, ...recorder } })
    peer = await fake.connect(capabilities)
  }
  async function saved(): Promise<Recording & { bytes: Buffer }> {
    const path = join(directory, 'saved')
    await fake.guest.saveRecording(path)
    const bytes = await readFile(path)
    return { ...decodeRecording(bytes), bytes }
  }
  async function mount(lun: number): Promise<PeerFrame> {
    const call = fake.guest.addLCOWMappedVirtualDisk({ MountPath: `/${lun}`, Lun: lun })
    const request = await peer.next(TYPE.modify)
    peer.answer(request)
    await call
    return request
  }

  it('holds the last frames of both directions, with their headers, times and bodies', async () => {
    await make({})
    fake.clock.advance(5)
    const request = await mount(1)
    const { header, frames } = await saved()
    assert.equal(header.vmId, 'vm')
    assert.equal(header.guestOS, 'linux')
    assert.equal(header.cause, undefined)
    assert.equal(header.startedMs, 1_700_000_000_000)
    assert.deepEqual(
      frames.map(({ direction, type, id }) => [direction, type.toString(16), id]),
      [
        ['out', '10100b01', 0],
        ['in', '20100b01', 0],
        ['out', '10100a01', 1],
        ['in', '20100a01', 1],
      ],
    )
    assert.equal(frames[2]?.size, request.size)
    assert.equal(frames[2]?.at, 5)
    assert.deepEqual(frames[2]?.body, JSON.parse(request.text))
    assert.equal(frames[3]?.body?.['Result'], 0)
  })

  it('keeps no more frames and bytes than it may', async () => {
    await make({ frames: 5 })
    for (let lun = 0; lun < 10; lun++) await mount(lun)
    const few = await saved()
    assert.equal(few.frames.length, 5)
    assert.equal(few.header.dropped, 17)
    assert.equal(few.frames.at(-1)?.id, 10)

    const now = (): number => 0
    const recorder = new FlightRecorder(
      { vmId: 'v', runtimeId: 'r', guestOS: 'linux' } as never,
      { frames: 1000, bytes: 2000 },
      { now, wallTime: now },
    )
    for (let id = 0n; id < 500n; id++) {
      recorder.sent(0, 0x10100a01, id, 100, `{"Id":"${'x'.repeat(Number(id) % 200)}"}`, false)
      assert(recorder.bytes <= 2000)
    }
    // One body that alone would fill the ring is left out, its header stays.
    const wide = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`m${index}`, 'y'.repeat(200)]))
    const layers = Array(30).fill({ Id: 'z'.repeat(200) })
    recorder.sent(0, 0x10100a01, 500n, 70_000, JSON.stringify({ Settings: wide, Layers: layers }), false)
    const { frames } = decodeRecording(recorder.encode(0))
    assert.equal(frames.at(-1)?.id, 500)
    assert.equal(frames.at(-1)?.body, undefined)
  })

  it('is written when the connection breaks, says why, and the last frame is the one that broke it', async () => {
    await make({ directory: join(directory, 'deep', 'er') })
    const saved = new Promise<string>((resolve) => fake.guest.once('recording', resolve))
    peer.send(frame(0x20100a01, 77n, '{"Result":0}'))
    const path = await saved
    const { header, frames } = decodeRecording(await readFile(path))
    assert.match(header.cause ?? '', /^ProtocolError: the guest answered the request 77/)
    assert.equal(frames.at(-1)?.id, 77)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(join(directory, 'deep', 'er')), [path.split('/').at(-1)])
  })

  it('a connection that ends with its VM is no break: no file, whatever the end of the VM was', async () => {
    fake = await fakeGuest('linux', { recorder: { ...LIMITS, directory } })
    await fake.connect()
    const cause = toWireError(
      new InvalidStateError({ op: 'vm.wait', id: 'vm', state: 'exited', reason: 'it has exited' }),
    )
    await fake.mailbox.call('vmExited', { cause }, { op: 'guest.vmExited', id: 'vm' })
    await fake.guest.close()
    assert.deepEqual(await readdir(directory), [])
  })

  it('is written when a handshake fails, and not when a connection is closed on purpose', async () => {
    fake = await fakeGuest('linux', { recorder: { ...LIMITS, directory } })
    const written: string[] = []
    const first = new Promise<void>((resolve) =>
      fake.guest.on('recording', (path) => void resolve(void written.push(path))),
    )
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const bad = await fake.dial()
    bad.answer(await bad.next(), { Version: 3, Capabilities: LINUX_CAPABILITIES })
    await rejectsWith(connecting, ProtocolError)
    await first
    peer = await fake.connect()
    await fake.guest.closeConnection()
    await fake.guest.saveRecording(join(directory, 'asked'))
    assert.equal(written.length, 1)
    assert.equal((await readdir(directory)).length, 2)
  })

  it('the end of the VM is no break; the recording can still be asked for', async () => {
    await make({ directory })
    fake.guest.vmExited(new Error('the VM has exited'))
    await peer.closed
    const { frames } = await saved()
    assert.equal(frames.length, 2)
    assert.deepEqual(await readdir(directory), ['saved'])
  })

  it('a guest that hangs up is a break unless the news of its VM’s exit follows', async () => {
    await make({ directory })
    const hangUp = async (): Promise<void> => {
      const ended = new Promise((resolve) => fake.guest.once('disconnected', resolve))
      peer.destroy()
      await ended
    }
    await hangUp()
    const written = new Promise<string>((resolve) => fake.guest.once('recording', resolve))
    fake.clock.advance(5000)
    await written
    assert.equal((await readdir(directory)).length, 1)
    peer = await fake.connect()
    await hangUp()
    fake.guest.vmExited(new Error('the VM has exited'))
    await rejectsWith(fake.guest.createConnection(), Error)
    await fake.guest.close()
    assert.equal((await readdir(directory)).length, 1)
  })

  it('what is undecided when the guest is closed is written', async () => {
    await make({ directory })
    const ended = new Promise((resolve) => fake.guest.once('disconnected', resolve))
    peer.destroy()
    await ended
    await fake.guest.close()
    assert.equal((await readdir(directory)).length, 1)
  })

  it('a file is private whatever the umask and whatever was there; a link is not followed', async () => {
    await make({})
    const [path, link, victim] = ['file', 'link', 'victim'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(path, 'old', { mode: 0o644 })
    await writeFile(victim, 'precious')
    await symlink(victim, link)
    const umask = process.umask(0)
    try {
      await fake.guest.saveRecording(path)
      await rejectsWith(fake.guest.saveRecording(link), InvalidConfigError, (error) =>
        assert.match(error.message, /is a link, which is not followed/),
      )
      await rejectsWith(fake.guest.saveRecording(directory), InvalidConfigError, (error) =>
        assert.match(error.message, /exists and is no file/),
      )
    } finally {
      process.umask(umask)
    }
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal(await readFile(victim, 'utf8'), 'precious')
    assert.deepEqual((await readdir(directory)).sort(), ['file', 'link', 'victim'])
  })

  it('a directory that cannot be written is a warning', async () => {
    const file = join(directory, 'file')
    await writeFile(file, '')
    await make({ directory: file })
    const warned = new Promise<Error>((resolve) => fake.guest.once('warning', resolve))
    peer.send(frame(0x20100a01, 77n, '{"Result":0}'))
    assert.match((await warned).message, /EEXIST|ENOTDIR/)
  })

  it('what cannot be saved is refused', async () => {
    fake = await fakeGuest()
    const off = await rejectsWith(fake.guest.saveRecording(join(directory, 'x')), InvalidStateError)
    assert.equal(off.state, 'not-recorded')
    await fake.close()
    fake = await fakeGuest('linux', { recorder: LIMITS })
    const none = await rejectsWith(fake.guest.saveRecording(join(directory, 'x')), InvalidStateError)
    assert.equal(none.state, 'not-connected')
    peer = await fake.connect()
    await rejectsWith(fake.guest.saveRecording(''), InvalidConfigError)
    await rejectsWith(fake.guest.saveRecording(join(directory, 'no', 'such')), InvalidConfigError)
    await fake.guest.close()
    await rejectsWith(fake.guest.saveRecording(join(directory, 'x')), InvalidStateError)
  })

  it('what is no recording, or a damaged one, does not read as one', async () => {
    await make({})
    const { bytes } = await saved()
    for (const wrong of [
      Buffer.from('hello'),
      Buffer.alloc(0),
      bytes.subarray(0, bytes.length - 3),
      Buffer.from([0x80, 0x80]),
    ]) {
      assert.throws(() => decodeRecording(wrong), RecordingFileError)
    }
  })

  describe('holds nothing of a secret', () => {
    const secrets: string[] = []
    /** A value that must not be found in the file. */
    function secret(): string {
      const text = `hunter2-${secrets.length}-`
      secrets.push(text)
      return text
    }
    function assertNone(bytes: Buffer): void {
      assert(secrets.length > 5)
      for (const text of secrets) {
        assert.equal(bytes.includes(text), false, text)
        assert.equal(bytes.includes(Buffer.from(text).toString('base64').slice(0, 12)), false, text)
      }
    }
    beforeEach(() => (secrets.length = 0))

    /** The guest refuses, and quotes the whole request in every way that guests do. */
    async function refuse(call: Promise<unknown>): Promise<void> {
      call.catch(() => undefined)
      const request = await peer.next()
      const said = `HRESULT: 0xc037010d: failed to unmarshal JSON for message ${request.text}`
      peer.answer(request, {
        Result: -1070137075,
        ErrorMessage: said,
        ErrorRecords: [
          { Result: -1070137075, Message: said, StackTrace: said, ModuleName: 'gcs', FileName: 'f', Line: 1 },
        ],
        Quoted: request.body,
      })
      await rejectsWith(call, GuestRPCError)
    }

    const spec = (): object => ({
      ociVersion: '1.1.0',
      hostname: secret(),
      annotations: { 'io.microsoft.virtualmachine.lcow.securitypolicy': secret(), [secret()]: 'x', Path: secret() },
      process: {
        args: ['sh', '-c', secret()],
        env: [`TOKEN=${secret()}`],
        cwd: '/',
        user: { uid: 0, username: secret() },
      },
      root: { path: '/r', readonly: true },
      mounts: [{ destination: '/m', type: 'cifs', source: secret(), options: [`password=${secret()}`] }],
      hooks: { prestart: [{ path: '/h', args: [secret()], env: [secret()] }] },
      linux: { seccomp: { listenerMetadata: secret() }, sysctl: { Path: secret() } },
    })

    it('of a Linux guest', async () => {
      await make({ frames: 1000, bytes: 1_000_000 })
      const { guest } = fake
      const manager = new AsyncLocalStorageContextManager()
      context.setGlobalContextManager(manager.enable())
      const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }
      const traceState = createTraceState(`vendor=${secret()}`)
      await context.with(trace.setSpanContext(context.active(), { ...span, traceState }), () =>
        refuse(guest.addLCOWMappedVirtualDisk({ MountPath: '/m', Options: [`password=${secret()}`], Lun: 1 })),
      )
      manager.disable()
      context.disable()
      await refuse(
        guest.createProcess({
          CommandArgs: ['login', secret()],
          Environment: { [secret()]: secret(), Path: secret() },
        }),
      )
      await refuse(guest.createProcess({ CommandLine: `TOKEN=${secret()} run ${secret()}`, User: secret() }))
      await refuse(guest.execInUVM({ args: ['a'], env: { A: secret() } }))
      await refuse(
        guest.createContainer('c1', {
          SchemaVersion: { Major: 2, Minor: 1 },
          OciSpecification: spec(),
          [secret()]: secret(),
        }),
      )
      await refuse(
        guest.addSecurityPolicy({
          EnforcerType: 'rego',
          EncodedSecurityPolicy: secret(),
          EncodedUVMReference: secret(),
        }),
      )
      await refuse(guest.injectPolicyFragment({ Fragment: secret() }))
      await refuse(guest.addLCOWNetworkInterface({ ID: 'n', Later: secret(), Deep: { Id: secret() } } as object))
      const creating = guest.createContainer('c2', {})
      peer.answer(await peer.next(TYPE.create), { Extra: secret() })
      const container = await creating
      await refuse(container.createProcess({ OciProcess: { args: ['x', secret()], env: [secret()], cwd: '/' } }))
      await refuse(container.modify({ [secret()]: secret(), Settings: { Password: secret() } }))
      const asking = container.propertiesV2([])
      peer.answer(await peer.next(TYPE.properties), {
        Properties: JSON.stringify({ ProcessList: [{ CommandLine: secret() }], Owner: secret() }),
      })
      await asking
      const stacks = guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: secret() })
      await stacks
      peer.notify('c2', { ResultInfo: JSON.stringify({ Reason: secret() }) })
      await container.wait()
      const { bytes, frames } = await saved()
      assert.equal(frames.filter(({ body }) => body === undefined).length, 0)
      assertNone(bytes)
    })

    it('of a Windows guest', async () => {
      const capabilities = {
        ...WINDOWS_CAPABILITIES,
        SendHostCreateMessage: false,
        GuestDefinedCapabilities: { LogForwardingSupported: true, Later: secret() },
      }
      fake = await fakeGuest('windows', { recorder: { frames: 1000, bytes: 1_000_000 } })
      const connecting = fake.guest.createConnection({ coldStart: false })
      peer = await fake.dial()
      peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: capabilities })
      await connecting
      const { guest } = fake
      const guard = { Cookie: secret(), RpcEndpoint: secret(), Transport: 'LRPC', CredentialSpec: secret() }
      const registry = {
        AddValues: [{ Key: { Hive: 'System', Name: secret() }, Name: secret(), StringValue: secret() }],
      }
      const container = { ContainerCredentialGuard: guard, RegistryChanges: registry, Storage: { Path: 'C:\\s' } }
      await refuse(guest.createContainer('w1', { Container: container }))
      await refuse(guest.createContainer('w2', { Spec: spec(), CWCOWHostedSystem: { Container: container } }))
      await refuse(guest.createProcess({ CommandLine: `"C:\\a b.exe" /p:${secret()}`, Environment: { A: secret() } }))
      await refuse(
        guest.modifyServiceSettings('LogForwardService', {
          RPCType: 'ModifyServiceSettings',
          Settings: { Key: secret() },
        }),
      )
      await refuse(guest.injectPolicyFragment({ Fragment: secret(), MediaType: 'application/cose-x509+rego' }))
      assertNone((await saved()).bytes)
    })

    it('nor of what made the connection break', async () => {
      await make({ directory })
      const written = new Promise<string>((resolve) => fake.guest.once('recording', resolve))
      for (let count = 0; count < 6; count++) secret()
      const call = fake.guest.dumpStacks()
      call.catch(() => undefined)
      const { id } = await peer.next(TYPE.dumpStacks)
      // The parser's own message quotes what it stumbled over.
      peer.send(frame(0x20100c01, id, `{"Result": TOKEN=${secrets.join(' ')}`))
      const bytes = await readFile(await written)
      assertNone(bytes)
      assert.match(decodeRecording(bytes).header.cause ?? '', /ProtocolError: .*cannot be decoded/)
    })
  })
})
