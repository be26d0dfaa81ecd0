// What a change of a guest resource leaves behind is saved with the machine: for every resource that a guest knows. A resource without a
// line here does not compile.

import assert from 'node:assert/strict'
import { SimulatedGuest, type GuestOS } from '#dist/index.js'
import { GUEST_RESOURCES, type ResourcesOf } from '#dist/protocol/guest-resources/methods.js'
import * as linux from '#dist/native/simulated/guests/linux/resources/index.js'
import * as windows from '#dist/native/simulated/guests/windows/resources/index.js'
import type { RawBridge } from '../../../peer/host.js'
import { LoneGuest, resultOf } from '../../../support/raw-guest.js'

const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'
const VOLUME = '6a1e2d3c-4b5a-4968-8776-655443322110'
const HARDWARE = {
  disks: [{ controller: 0, lun: 1, path: 'C:\\data.vhdx', readOnly: false }],
  adapters: [{ id: NIC, macAddress: '00-15-5D-01-02-03' }],
  plan9: [{ port: 564, name: '3', path: '/tmp', readOnly: false }],
  vsmb: [{ port: 0, name: 's2', path: '/tmp', readOnly: true }],
  pmem: [{ device: 2, offsets: [0] }],
  pci: [NIC],
}
const disk = (name: string) => ({ MappedVirtualDisk: { [name]: '/mnt/data', Lun: 1 } })

/** Settings of a change, and what must be there first; 'nothing': a guest that has made the change is as before. */
interface Sample {
  settings?: object
  first?: Record<string, object>
  leaves?: 'nothing'
}

const LINUX: Record<ResourcesOf<'linux'>, Sample> = {
  scsiDevice: { settings: { Lun: 1 } },
  lcowMappedVirtualDisk: { settings: { MountPath: '/mnt/data', Lun: 1 } },
  lcowMappedDirectory: { settings: { MountPath: '/mnt/share', Port: 564, ShareName: '3' } },
  lcowCombinedLayers: {
    settings: { ContainerRootPath: '/root', Layers: [{ Path: '/mnt/data' }], ScratchPath: '/run/scratch' },
    first: disk('MountPath'),
  },
  lcowNetwork: { settings: { ID: NIC, NamespaceID: NIC } },
  lcowPodMemory: {},
  lcowVpciDevice: { settings: { VMBusGUID: NIC }, leaves: 'nothing' },
  lcowVpmemDevice: { settings: { DeviceNumber: 2, MountPath: '/run/layers/p2' } },
  securityPolicy: { settings: { EncodedSecurityPolicy: 'cGFja2FnZSBwb2xpY3k=' } },
  securityPolicyFragment: { settings: { Fragment: '0oRDoQEmoQ==' } },
}

const layers = {
  ContainerRootPath: 'C:\\c\\0',
  Layers: [{ Path: '\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\s2' }],
}
const WINDOWS: Record<Exclude<ResourcesOf<'windows'>, 'scsiDevice'>, Sample> = {
  wcowMappedVirtualDisk: { settings: { ContainerPath: 'C:\\data', Lun: 1 } },
  wcowScratchDisk: { settings: { ContainerPath: 'C:\\data', Lun: 1 } },
  wcowMappedDirectory: {
    settings: { HostPath: 's2', HostPathType: 'VirtualSmbShareName', ContainerPath: 'C:\\share' },
  },
  wcowCombinedLayers: { settings: layers },
  cwcowCombinedLayers: { settings: { ContainerID: 'web-01', CombinedLayers: layers } },
  wcowBlockCims: { settings: { VolumeGUID: VOLUME, BlockCIMs: [{ CimName: 'merged.cim', Lun: 1 }] } },
  networkNamespace: { settings: { ID: NIC, NamespaceId: 3 } },
  wcowNetwork: { settings: { AdapterId: NIC, RequestType: 'PreAdd', Settings: { MacAddress: '00-15-5D-01-02-03' } } },
  wcowHvSocket: { settings: { LocalAddress: NIC, ParentAddress: VOLUME } },
  securityPolicy: LINUX.securityPolicy,
  securityPolicyFragment: LINUX.securityPolicyFragment,
}

const SAMPLES: Record<GuestOS, Record<string, Sample>> = { linux: LINUX, windows: WINDOWS }

/** What the guest's kernel would save, but for what is empty and for the passing of time. */
function remembered(guest: SimulatedGuest): Record<string, unknown> {
  const { kernel } = structuredClone(guest.capture()) as { kernel: Record<string, unknown> }
  const isEmpty = (value: unknown): boolean =>
    value === undefined || value === 0 || ((value instanceof Map || value instanceof Set) && value.size === 0)
  return Object.fromEntries(
    Object.entries(kernel).filter(([name, value]) => !['uptimeMs', 'nextPid'].includes(name) && !isEmpty(value)),
  )
}

describe('what a guest remembers of its resources', () => {
  let lone: LoneGuest
  let moved: SimulatedGuest | undefined
  afterEach(async () => {
    await moved?.stop()
    moved = undefined
    await lone.close()
  })

  async function change(bridge: RawBridge, type: string, request: string, settings: unknown): Promise<void> {
    const body = { RequestType: request, ResourceType: type, Settings: settings }
    assert.equal(resultOf(await lone.modify(bridge, body)), '', JSON.stringify(body))
  }

  for (const guestOS of ['linux', 'windows'] as const) {
    for (const [name, { settings, first = {}, leaves }] of Object.entries(SAMPLES[guestOS])) {
      it(`${name} on ${guestOS}: what it leaves behind moves with the machine`, async () => {
        lone = await LoneGuest.start(guestOS, { hardware: HARDWARE })
        const bridge = await lone.connected()
        for (const [type, needed] of Object.entries(first)) await change(bridge, type, 'Add', needed)
        const before = remembered(lone.guest)
        const { type, methods } = GUEST_RESOURCES[name as keyof typeof GUEST_RESOURCES]
        await change(bridge, type, Object.values(methods as Record<string, string>)[0]!, settings)
        const after = remembered(lone.guest)
        if (leaves === 'nothing') assert.deepEqual(after, before)
        else assert.notDeepEqual(after, before, 'the change left nothing that is saved')
        const state = structuredClone(lone.guest.capture())
        await lone.guest.stop()
        const { runtimeId } = lone.guest
        moved = SimulatedGuest.start({ guestOS, transport: lone.directory, runtimeId, hardware: HARDWARE, state })
        const again = await lone.bridge()
        again.startIdsAt(100n)
        await again.negotiate()
        assert.deepEqual(remembered(moved), after)
      })
    }
  }
})

describe('behaviours of guest resources', () => {
  it('are there for no resource that is not stated', () => {
    const known = new Set(Object.keys(GUEST_RESOURCES))
    for (const name of [...Object.keys(linux), ...Object.keys(windows)]) assert(known.has(name), name)
  })
})
