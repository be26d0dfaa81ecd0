// Every request the library sends, byte for byte against frames written by hand (test/peer/frames.ts).

import assert from 'node:assert/strict'
import { REQUEST_TYPE } from '#dist/protocol/bridge/header.js'
import type { Guest, GuestOS } from '#dist/index.js'
import { fakeGuest } from '../../../fakes/guest.js'
import {
  LINUX_CONTAINER_FRAMES,
  UVM_FRAMES,
  WINDOWS_FRAMES,
  WINDOWS_START_FRAMES,
  type WireFrame,
} from '../../../peer/frames.js'
import { LINUX_CAPABILITIES, WINDOWS_CAPABILITIES, type Peer, type PeerFrame } from '../../../peer/peer.js'

interface Scenario {
  readonly name: string
  readonly guestOS: GuestOS
  readonly frames: readonly WireFrame[]
  /** What a caller does; connects first. */
  act(guest: Guest): Promise<void>
}

const CONTAINER = '7f0c9d2e41b84a6f'
const ZONE = {
  DaylightBias: -60,
  Bias: 480,
  StandardName: 'Pacific Standard Time',
  StandardDate: { Hour: 2, Day: 1, Month: 11 },
  DaylightName: 'Pacific Daylight Time',
  DaylightDate: { Month: 3, Day: 2, Hour: 2 },
}

// Members are given out of order where the schema has one: what goes out is in schema order all the same.
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a utility VM with a Linux guest',
    guestOS: 'linux',
    frames: UVM_FRAMES,
    act: async (guest) => {
      await guest.createConnection()
      const process = await guest.createProcess({
        CreateStdErrPipe: true,
        CreateStdOutPipe: true,
        Environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        WorkingDirectory: '/',
        CommandArgs: ['ls', '-l', '/run/gcs'],
      })
      await process.signal({ Signal: 'SIGTERM' })
      await process.kill()
      await process.resizeConsole(120, 40)
      await guest.dumpStacks()
      await guest.addLCOWMappedVirtualDisk({
        Options: ['ro'],
        ReadOnly: true,
        Lun: 1,
        MountPath: '/run/mounts/scsi/m0',
      })
      await guest.addLCOWMappedDirectory({
        ShareName: '3',
        ReadOnly: true,
        Port: 564,
        MountPath: '/mounts/<&>\u2028ü😀',
      })
      await guest.updateCgroupMemoryLimits()
    },
  },
  {
    name: 'a container in a Linux guest',
    guestOS: 'linux',
    frames: LINUX_CONTAINER_FRAMES,
    act: async (guest) => {
      await guest.createConnection()
      const container = await guest.createContainer(
        CONTAINER,
        {
          SchemaVersion: { Major: 2, Minor: 1 },
          OciBundlePath: `/run/gcs/c/${CONTAINER}`,
          OciSpecification: { ociVersion: '1.1.0', process: { args: ['/bin/sh', '-c', 'echo <&>'], cwd: '/' } },
          ScratchDirPath: `/run/gcs/c/${CONTAINER}/scratch`,
        },
        { unchecked: true },
      )
      await container.start()
      await container.createProcess({ CreateStdErrPipe: true, CreateStdOutPipe: true, CreateStdInPipe: true })
      const shell = await container.createProcess({
        OciProcess: {
          cwd: '/',
          env: ['TERM=xterm'],
          args: ['/bin/sh'],
          user: { uid: 0, gid: 0 },
          consoleSize: { height: 40, width: 120 },
          terminal: true,
        },
        CreateStdInPipe: true,
        CreateStdOutPipe: true,
      })
      await shell.signal({ Signal: 9 })
      await container.propertiesV2(['ProcessList', 'Statistics'])
      await container.propertiesV1({})
      await container.update({ memory: { limit: 268435456 }, cpu: { shares: 512 } })
      await container.shutdown()
      await container.terminate()
      await guest.deleteContainerState(CONTAINER)
    },
  },
  {
    name: 'a Windows guest with a container',
    guestOS: 'windows',
    frames: WINDOWS_FRAMES,
    act: async (guest) => {
      await guest.createConnection({ initialState: { timezone: ZONE } })
      const container = await guest.createContainer('web-01', {
        SchemaVersion: { Major: 2, Minor: 1 },
        Container: { GuestOs: { HostName: 'web-01' } },
      })
      await container.start()
      const process = await container.createProcess({
        WorkingDirectory: 'C:\\',
        User: 'ContainerAdministrator',
        CommandLine: 'cmd.exe /c ver',
        CreateStdOutPipe: true,
      })
      await process.signal()
      await container.update({ ResourcePath: 'Container/Memory/SizeInMB', Settings: 1024 })
      await guest.modifyServiceSettings('LogForwardService', {
        RPCType: 'ModifyServiceSettings',
        Settings: {
          LogConfig: {
            sources: [
              { type: 'ETW', providers: [{ providerName: 'microsoft.windows.hyperv.compute', level: 'Information' }] },
            ],
          },
        },
      })
      await guest.modifyServiceSettings('LogForwardService', { RPCType: 'StartLogForwarding' })
      await guest.addNetworkInterface('0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b', 'Add')
    },
  },
  {
    name: 'a Windows guest without a time zone',
    guestOS: 'windows',
    frames: WINDOWS_START_FRAMES,
    act: (guest) => guest.createConnection(),
  },
]

const NEGOTIATE = 0x10100b01
const ANSWERS: Readonly<Record<number, object>> = {
  0x10100501: { ProcessId: 417 },
  0x10100901: { Properties: '{}' },
  0x10100c01: { GuestStacks: '' },
}
const WAIT = 0x10100601

/** Answers everything but waits; keeps every frame. */
async function serve(peer: Peer, capabilities: object, seen: PeerFrame[]): Promise<void> {
  for (;;) {
    const request = await peer.next()
    seen.push(request)
    if (request.type === NEGOTIATE) peer.answer(request, { Version: 4, Capabilities: capabilities })
    else if (request.type !== WAIT) peer.answer(request, ANSWERS[request.type] ?? {})
  }
}

describe('requests on the wire', () => {
  for (const { name, guestOS, frames, act } of SCENARIOS) {
    it(`${name}: every frame as it was written by hand`, async () => {
      const fake = await fakeGuest(guestOS)
      const seen: PeerFrame[] = []
      const base = guestOS === 'linux' ? LINUX_CAPABILITIES : WINDOWS_CAPABILITIES
      const GuestDefinedCapabilities = { ...base.GuestDefinedCapabilities, LogForwardingSupported: true }
      try {
        const acting = act(fake.guest)
        acting.catch(() => undefined)
        const peer = await fake.dial()
        // Ends with the connection.
        serve(peer, { ...base, GuestDefinedCapabilities }, seen).catch(() => undefined)
        await acting
      } finally {
        await fake.close()
      }
      for (const [index, [rpc, hex]] of frames.entries()) {
        const got = seen[index]
        assert.equal(got?.text, Buffer.from(hex, 'hex').subarray(16).toString('utf8'), `${index}: ${rpc}`)
        assert.equal(got?.raw.toString('hex'), hex, `${index}: ${rpc}`)
      }
      assert.equal(seen.length, frames.length)
    })
  }

  it('no request type is left out, except those that are never sent', () => {
    const written = new Set(SCENARIOS.flatMap(({ frames }) => frames.map(([rpc]) => rpc)))
    const missing = Object.keys(REQUEST_TYPE).filter((rpc) => !written.has(rpc))
    assert.deepEqual(missing, ['UpdateContainer', 'LifecycleNotification'])
  })
})
