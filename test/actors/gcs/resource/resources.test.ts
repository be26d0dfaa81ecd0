// Every method that changes what a guest has mounted, plugged or configured: the request it sends, letter for letter.

import assert from 'node:assert/strict'
import { InvalidConfigError, UnsupportedGuestError, type CallOptions, type Guest, type GuestOS } from '#dist/index.js'
import { GUEST_METHOD_NAMES, guestMethod, type GuestMethodName } from '#dist/protocol/guest-resources/methods.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { LINUX_CAPABILITIES, TYPE } from '../../../peer/peer.js'
import { rejectsWith } from '../../../support/expect.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'
const CIMS = {
  ContainerID: 'web-01',
  MountFlags: 16,
  VolumeGUID: '6a1e2d3c-4b5a-4968-8776-655443322110',
  BlockCIMs: [
    { Lun: 4, CimName: 'merged.cim' },
    { Lun: 0, CimName: 'layer1.cim' },
  ],
}
const CIMS_TEXT =
  '{"BlockCIMs":[{"CimName":"merged.cim","Lun":4},{"CimName":"layer1.cim","Lun":0}],"VolumeGUID":"6a1e2d3c-4b5a-4968-8776-655443322110","MountFlags":16,"ContainerID":"web-01"}'
const NIC = {
  ID: 'nic',
  NamespaceID: 'ns',
  IPConfigs: [{ PrefixLength: 24, IPAddress: '10.0.0.17' }],
  Routes: [{ DestinationPrefix: '0.0.0.0/0', NextHop: '10.0.0.1' }],
}
const NIC_TEXT =
  '{"NamespaceID":"ns","ID":"nic","IPConfigs":[{"IPAddress":"10.0.0.17","PrefixLength":24}],"Routes":[{"NextHop":"10.0.0.1","DestinationPrefix":"0.0.0.0/0"}]}'
const LAYERS = { ScratchPath: '/s', Layers: [{ Path: '/l' }], ContainerRootPath: '/r', ContainerID: 'c' }
const LAYERS_TEXT = '{"ContainerID":"c","ContainerRootPath":"/r","Layers":[{"Path":"/l"}],"ScratchPath":"/s"}'

type Method = GuestMethodName

/** Method, guest, arguments, and the Request that must go out. */
const CASES: readonly [Method, GuestOS, unknown[], string][] = [
  ['addLCOWNetworkInterface', 'linux', [NIC], `{"RequestType":"Add","ResourceType":"Network","Settings":${NIC_TEXT}}`],
  [
    'removeLCOWNetworkInterface',
    'linux',
    [NIC],
    `{"RequestType":"Remove","ResourceType":"Network","Settings":${NIC_TEXT}}`,
  ],
  [
    'addNetworkNamespace',
    'windows',
    [{ Type: 'Host', NamespaceId: 3, ID: 'n', SchemaVersion: { Major: 2, Minor: 0 } }],
    '{"RequestType":"Add","ResourceType":"NetworkNamespace","Settings":{"ID":"n","NamespaceId":3,"Type":"Host","SchemaVersion":{"Major":2,"Minor":0}}}',
  ],
  [
    'removeNetworkNamespace',
    'windows',
    [{ ID: 'n' }],
    '{"RequestType":"Remove","ResourceType":"NetworkNamespace","Settings":{"ID":"n","SchemaVersion":{"Major":0,"Minor":0}}}',
  ],
  [
    'addNetworkInterface',
    'windows',
    ['a', 'PreAdd', { MacAddress: '00-15-5D-01-02-03', ID: 'e', SchemaVersion: { Major: 2, Minor: 0 } }],
    '{"RequestType":"Add","ResourceType":"Network","Settings":{"AdapterId":"a","RequestType":"PreAdd","Settings":{"ID":"e","Dns":{},"MacAddress":"00-15-5D-01-02-03","Health":{"Extra":{}},"SchemaVersion":{"Major":2,"Minor":0}}}}',
  ],
  [
    'removeNetworkInterface',
    'windows',
    ['a', 'Remove'],
    '{"RequestType":"Remove","ResourceType":"Network","Settings":{"AdapterId":"a","RequestType":"Remove"}}',
  ],
  [
    'addLCOWMappedDirectory',
    'linux',
    [{ ReadOnly: true, ShareName: '3', Port: 564, MountPath: '/mounts/m3' }],
    '{"RequestType":"Add","ResourceType":"MappedDirectory","Settings":{"MountPath":"/mounts/m3","Port":564,"ShareName":"3","ReadOnly":true}}',
  ],
  [
    'removeLCOWMappedDirectory',
    'linux',
    [{ MountPath: '/mounts/m3' }],
    '{"RequestType":"Remove","ResourceType":"MappedDirectory","Settings":{"MountPath":"/mounts/m3"}}',
  ],
  [
    'addMappedDirectory',
    'windows',
    [{ ReadOnly: true, ContainerPath: 'C:\\data', HostPath: '\\\\?\\VMSMB\\s2' }],
    '{"RequestType":"Add","ResourceType":"MappedDirectory","Settings":{"HostPath":"\\\\\\\\?\\\\VMSMB\\\\s2","ContainerPath":"C:\\\\data","ReadOnly":true}}',
  ],
  [
    'addLCOWMappedVirtualDisk',
    'linux',
    [{ Options: ['ro'], ReadOnly: true, Lun: 1, MountPath: '/run/mounts/scsi/m0', Partition: 2n ** 60n }],
    '{"RequestType":"Add","ResourceType":"MappedVirtualDisk","Settings":{"MountPath":"/run/mounts/scsi/m0","Lun":1,"Partition":1152921504606846976,"ReadOnly":true,"Options":["ro"]}}',
  ],
  [
    'removeLCOWMappedVirtualDisk',
    'linux',
    [{ MountPath: '/m', Lun: 0, Controller: 0 }],
    '{"RequestType":"Remove","ResourceType":"MappedVirtualDisk","Settings":{"MountPath":"/m","Lun":0,"Controller":0}}',
  ],
  [
    'addWCOWMappedVirtualDisk',
    'windows',
    [{ Lun: 1, ContainerPath: 'c:\\m0' }],
    '{"RequestType":"Add","ResourceType":"MappedVirtualDisk","Settings":{"ContainerPath":"c:\\\\m0","Lun":1}}',
  ],
  [
    'addWCOWMappedVirtualDiskForContainerScratch',
    'windows',
    [{ Lun: 1, ContainerPath: 'c:\\m0' }],
    '{"RequestType":"Add","ResourceType":"MappedVirtualDiskForContainerScratch","Settings":{"ContainerPath":"c:\\\\m0","Lun":1}}',
  ],
  [
    'removeWCOWMappedVirtualDisk',
    'windows',
    [{ Lun: 1 }],
    '{"RequestType":"Remove","ResourceType":"MappedVirtualDisk","Settings":{"Lun":1}}',
  ],
  [
    'removeSCSIDevice',
    'linux',
    [{ Lun: 5, Controller: 1 }],
    '{"RequestType":"Remove","ResourceType":"SCSIDevice","Settings":{"Controller":1,"Lun":5}}',
  ],
  ['removeSCSIDevice', 'windows', [{}], '{"RequestType":"Remove","ResourceType":"SCSIDevice","Settings":{}}'],
  [
    'addLCOWCombinedLayers',
    'linux',
    [LAYERS],
    `{"RequestType":"Add","ResourceType":"CombinedLayers","Settings":${LAYERS_TEXT}}`,
  ],
  [
    'removeLCOWCombinedLayers',
    'linux',
    [{ ContainerRootPath: '/r' }],
    '{"RequestType":"Remove","ResourceType":"CombinedLayers","Settings":{"ContainerRootPath":"/r"}}',
  ],
  [
    'addWCOWCombinedLayers',
    'windows',
    [{ FilterType: 'UnionFS', Layers: [{ Path: 'p', Id: 'i' }], ContainerRootPath: 'r' }],
    '{"RequestType":"Add","ResourceType":"CombinedLayers","Settings":{"ContainerRootPath":"r","Layers":[{"Id":"i","Path":"p"}],"FilterType":"UnionFS"}}',
  ],
  [
    'addWCOWCombinedLayers',
    'windows',
    [{ FilterType: 'WCIFS', ContainerRootPath: 'r' }],
    '{"RequestType":"Add","ResourceType":"CombinedLayers","Settings":{"ContainerRootPath":"r"}}',
  ],
  [
    'removeWCOWCombinedLayers',
    'windows',
    [{ ContainerRootPath: 'r', FilterType: 'WCIFS' }],
    '{"RequestType":"Remove","ResourceType":"CombinedLayers","Settings":{"ContainerRootPath":"r"}}',
  ],
  [
    'addCWCOWCombinedLayers',
    'windows',
    [{ CombinedLayers: { FilterType: 'WCIFS', ContainerRootPath: 'r' }, ContainerID: 'w' }],
    '{"RequestType":"Add","ResourceType":"CWCOWCombinedLayers","Settings":{"ContainerID":"w","CombinedLayers":{"ContainerRootPath":"r"}}}',
  ],
  [
    'removeCWCOWCombinedLayers',
    'windows',
    [{ ContainerID: 'w' }],
    '{"RequestType":"Remove","ResourceType":"CWCOWCombinedLayers","Settings":{"ContainerID":"w","CombinedLayers":{}}}',
  ],
  [
    'addWCOWBlockCIMs',
    'windows',
    [CIMS],
    `{"RequestType":"Add","ResourceType":"WCOWBlockCims","Settings":${CIMS_TEXT}}`,
  ],
  [
    'removeWCOWBlockCIMs',
    'windows',
    [CIMS],
    `{"RequestType":"Remove","ResourceType":"WCOWBlockCims","Settings":${CIMS_TEXT}}`,
  ],
  [
    'addVPCIDevice',
    'linux',
    [{ VMBusGUID: 'c2b7c0de-3b3c-4a51-9c7f-0d9f1e2a3b4c' }],
    '{"RequestType":"Add","ResourceType":"VPCIDevice","Settings":{"VMBusGUID":"c2b7c0de-3b3c-4a51-9c7f-0d9f1e2a3b4c"}}',
  ],
  [
    'addVPMemDevice',
    'linux',
    [
      {
        MappingInfo: { DeviceSizeInBytes: 10485760, DeviceOffsetInBytes: 2n ** 53n + 1n },
        MountPath: '/run/layers/p2-0',
        DeviceNumber: 2,
      },
    ],
    '{"RequestType":"Add","ResourceType":"VPMemDevice","Settings":{"DeviceNumber":2,"MountPath":"/run/layers/p2-0","MappingInfo":{"DeviceOffsetInBytes":9007199254740993,"DeviceSizeInBytes":10485760}}}',
  ],
  [
    'removeVPMemDevice',
    'linux',
    [{ MountPath: '/p' }],
    '{"RequestType":"Remove","ResourceType":"VPMemDevice","Settings":{"MountPath":"/p"}}',
  ],
  [
    'addSecurityPolicy',
    'linux',
    [{ EncodedUVMReference: '0oRD', EncodedSecurityPolicy: 'cGFja2FnZSBwb2xpY3k=', EnforcerType: 'rego' }],
    '{"RequestType":"Add","ResourceType":"SecurityPolicy","Settings":{"EnforcerType":"rego","EncodedSecurityPolicy":"cGFja2FnZSBwb2xpY3k=","EncodedUVMReference":"0oRD"}}',
  ],
  [
    'injectPolicyFragment',
    'windows',
    [{ MediaType: 'application/cose-x509+rego', Fragment: '0oRDoQEmoQ==' }],
    '{"RequestType":"Add","ResourceType":"SecurityPolicyFragment","Settings":{"Fragment":"0oRDoQEmoQ==","MediaType":"application/cose-x509+rego"}}',
  ],
  [
    'updateHvSocketAddress',
    'windows',
    [{ ParentAddress: 'p', LocalAddress: 'l' }],
    '{"RequestType":"Update","ResourceType":"HvSocket","Settings":{"LocalAddress":"l","ParentAddress":"p"}}',
  ],
  ['updateCgroupMemoryLimits', 'linux', [], '{"RequestType":"Update","ResourceType":"PodCgroupMemoryLimit"}'],
]

describe('guest resources', () => {
  const fakes = {} as Record<GuestOS, FakeGuest>
  before(async () => {
    fakes.linux = await fakeGuest('linux')
    fakes.windows = await fakeGuest('windows')
  })
  after(async () => {
    await fakes.linux.close()
    await fakes.windows.close()
  })

  function call(guest: Guest, method: Method, args: unknown[], options?: CallOptions): Promise<void> {
    // Adapter changes have a settings argument that may be left out.
    const padded = method.endsWith('etworkInterface') && args.length === 2 ? [...args, undefined] : args
    return (guest[method] as (...all: unknown[]) => Promise<void>)(...padded, ...(options ? [options] : []))
  }

  it('the cases below are every method there is', () => {
    assert.deepEqual(new Set(CASES.map(([method]) => method)), new Set(GUEST_METHOD_NAMES))
  })

  for (const guestOS of ['linux', 'windows'] as const) {
    describe(`on a ${guestOS} guest`, () => {
      let peer: Awaited<ReturnType<FakeGuest['connect']>>
      before(async () => {
        peer = await fakes[guestOS].connect()
      })

      for (const [method, os, args, expected] of CASES.filter(([, os]) => os === guestOS)) {
        it(`${method} sends ${expected.slice(0, 90)}`, async () => {
          const calling = call(fakes[os].guest, method, args)
          const request = await peer.next(TYPE.modify)
          const base = `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}"`
          assert.equal(request.text, `${base},"Request":${expected}}\n`)
          peer.answer(request)
          assert.equal(await calling, undefined)
        })
      }

      for (const [method, args] of new Map(CASES.map(([name, , given]) => [name, given]))) {
        if (guestMethod(method).resource.guests.includes(guestOS)) continue
        it(`${method} is refused: it is meant for the other system`, async () => {
          const { guest } = fakes[guestOS]
          const error = await rejectsWith(call(guest, method, args), UnsupportedGuestError)
          assert.equal(error.op, `guest.${method}`)
          assert.equal(peer.unread, 0)
        })
      }

      for (const [method, os, args] of CASES) {
        const given = args.at(-1)
        if (os !== guestOS || given === undefined || typeof given === 'string') continue
        it(`${method} refuses settings that are no object, or cannot be sent`, async () => {
          const { guest } = fakes[guestOS]
          const head = args.slice(0, -1)
          for (const wrong of [null, 5, 'text', [], { a: () => 1 }, { a: NaN }]) {
            await rejectsWith(call(guest, method, [...head, wrong]), InvalidConfigError)
          }
          assert.equal(peer.unread, 0)
        })
      }
    })
  }

  it('a guest without namespaces is not sent network requests', async () => {
    const bare = await fakeGuest('linux')
    const peer = await bare.connect({ ...LINUX_CAPABILITIES, GuestDefinedCapabilities: {} })
    const error = await rejectsWith(bare.guest.addLCOWNetworkInterface(NIC), UnsupportedGuestError)
    assert.match(error.message, /NamespaceAddRequestSupported/)
    assert.equal(peer.unread, 0)
    await bare.close()
  })
})
