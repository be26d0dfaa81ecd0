// Disks, layers, folders, persistent memory, adapters: mounting and unmounting, and what cannot be.

import { NULL_ID } from '../peer/host.js'
import { needing, OK, type Row, type Subject } from './subject.js'

type Change = readonly ['Add' | 'Remove', object]

/** Several changes of one resource, one after the other; a path stands for one that no other row has. */
const changes =
  (resource: string, ...steps: Change[]) =>
  async (guest: Subject): Promise<string> => {
    const place = `/run/row${guest.next()}`
    const outcomes: string[] = []
    for (const [request, settings] of steps) {
      const placed = JSON.parse(JSON.stringify(settings).replaceAll('PLACE', place)) as object
      outcomes.push(await guest.modify(request, resource, placed))
    }
    return outcomes.join(', ')
  }

const disk = (...steps: Change[]) => changes('MappedVirtualDisk', ...steps)
const at = (MountPath: string, more: object = {}): object => ({ MountPath, Lun: 1, ...more })
const hanging =
  (settings: object) =>
  (guest: Subject): Promise<string> =>
    guest.unanswered(guest.modify('Add', 'MappedVirtualDisk', settings))

export const DISK_ROWS = needing('disks', [
  {
    id: 'disk: at two paths, and removed',
    run: disk(['Add', at('PLACE')], ['Add', at('PLACE-2')], ['Remove', at('PLACE')], ['Remove', at('PLACE-2')]),
  },
  { id: 'disk: once more at its path', run: disk(['Add', at('PLACE')], ['Add', at('PLACE')], ['Remove', at('PLACE')]) },
  { id: 'disk: read-only beside writable', run: disk(['Add', at('PLACE', { ReadOnly: true })]) },
  { id: 'disk: as another file system', run: disk(['Add', at('PLACE', { Filesystem: 'xfs' })]) },
  {
    id: 'disk: a file system that cannot be made',
    run: disk(['Add', at('PLACE', { EnsureFilesystem: true, Filesystem: 'zfs' })]),
  },
  { id: 'disk: without a path', run: disk(['Add', at('')]) },
  { id: 'disk: below /proc', run: disk(['Add', at('/proc/nope')]) },
  { id: 'disk: at a relative path', run: disk(['Add', at('run/relative')], ['Remove', at('/run/relative')]) },
  {
    id: 'disk: as a link to the device',
    run: disk(['Add', at('PLACE', { BlockDev: true })], ['Remove', at('PLACE', { BlockDev: true })]),
  },
  { id: 'disk: removed where nothing is mounted', run: disk(['Remove', at('PLACE')]) },
  { id: 'disk: removed under another LUN', run: disk(['Add', at('PLACE')], ['Remove', at('PLACE', { Lun: 0 })]) },
  {
    id: 'disk: removed while somebody works in it',
    run: async (guest) => {
      const place = `/run/row${guest.next()}`
      await guest.modify('Add', 'MappedVirtualDisk', at(place))
      const pid = await guest.start(NULL_ID, { CommandArgs: ['/bin/sleep', '1'], WorkingDirectory: place })
      const busy = await guest.modify('Remove', 'MappedVirtualDisk', at(place))
      await guest.exitOf(NULL_ID, Number(pid))
      return `${busy}, ${await guest.modify('Remove', 'MappedVirtualDisk', at(place))}`
    },
  },
  {
    id: 'disk: removed where there is a plain directory',
    run: async (guest) => {
      await guest.shell(NULL_ID, 'mkdir -p /run/plain')
      return guest.modify('Remove', 'MappedVirtualDisk', at('/run/plain'))
    },
  },
  { id: 'disk: one that is not there', run: hanging(at('/run/absent', { Lun: 63 })) },
  { id: 'disk: a partition that is not there', run: hanging(at('/run/absent', { Partition: 7 })) },
  { id: 'disk: settings of the wrong type', run: disk(['Add', at('PLACE', { Lun: '1' })]) },
  { id: 'SCSI device: one that is not there is let go of', run: changes('SCSIDevice', ['Remove', { Lun: 63 }]) },
])

const root = (more: object): object => ({ ContainerID: 'x', ContainerRootPath: 'PLACE', ...more })
const base = { Layers: [{ Path: '/run/layers/base' }], ScratchPath: '/run/scratch/base/row' }
const layers = (...steps: Change[]) => changes('CombinedLayers', ...steps)

export const LAYER_ROWS = needing('disks', [
  {
    id: 'layers: twice at one path, and removed three times',
    run: layers(
      ['Add', root(base)],
      ['Add', root({ ...base, ScratchPath: '/run/scratch/base/again' })],
      ['Remove', root({})],
      ['Remove', root({})],
      ['Remove', root({})],
    ),
  },
  {
    id: 'layers: upper and work are made',
    run: async (guest) => {
      const made = await guest.modify('Add', 'CombinedLayers', {
        ContainerID: 'x',
        ContainerRootPath: '/run/upper',
        ...base,
        ScratchPath: '/run/scratch/base/upper-row',
      })
      return made === OK ? guest.shell(NULL_ID, 'ls /run/scratch/base/upper-row') : made
    },
  },
  {
    id: 'layers: a layer that is missing',
    run: layers(['Add', root({ ...base, Layers: [{ Path: '/no/such/layer' }] })]),
  },
  { id: 'layers: none', run: layers(['Add', root({ ...base, Layers: [] })]) },
  { id: 'layers: one, without scratch', run: layers(['Add', root({ Layers: base.Layers })]) },
  {
    id: 'layers: two, without scratch',
    run: layers(['Add', root({ Layers: [...base.Layers, { Path: '/run/scratch/base' }] })], ['Remove', root({})]),
  },
])

const pmem = (...steps: Change[]) => changes('VPMemDevice', ...steps)
const memory = (more: object = {}): object => ({ DeviceNumber: 0, MountPath: 'PLACE', ...more })

export const MEMORY_ROWS = needing('pmem', [
  {
    id: 'VPMem: twice at one path, and removed twice',
    run: pmem(['Add', memory()], ['Add', memory()], ['Remove', memory()], ['Remove', memory()]),
  },
  { id: 'VPMem: a device that is missing', run: pmem(['Add', memory({ DeviceNumber: 5 })]) },
  { id: 'VPMem: without a path', run: pmem(['Add', memory({ MountPath: '' })]) },
])

export const ADAPTER_ROWS: readonly Row[] = [
  {
    id: 'network: an adapter, once more, in another name space, removed there twice',
    needs: 'adapter',
    run: async (guest) => {
      const add = (request: string, NamespaceID: string): Promise<string> =>
        guest.modify(request, 'Network', {
          ID: guest.hardware.adapter,
          NamespaceID,
          IPConfigs: [{ IPAddress: '10.1.0.2', PrefixLength: 24 }],
        })
      const other = 'b7b3c5a0-6f6d-4f0e-8f5b-3c8b7b1d2e4f'
      const outcomes = [await add('Add', guest.namespace), await add('Add', guest.namespace), await add('Add', other)]
      outcomes.push(await add('Remove', other), await add('Remove', other), await add('Add', guest.namespace))
      return outcomes.join(', ')
    },
  },
  {
    id: 'network: removed from a name space that nobody knows',
    run: changes('Network', ['Remove', { ID: 'deadbeef-0000-0000-0000-000000000000', NamespaceID: 'x' }]),
  },
  {
    id: 'network: a prefix of the wrong type',
    run: changes('Network', ['Add', { ID: 'x', IPConfigs: [{ PrefixLength: 'x' }] }]),
  },
]

const folder = (...steps: Change[]) => changes('MappedDirectory', ...steps)

export const RESOURCE_ROWS: readonly Row[] = [
  ...DISK_ROWS,
  ...LAYER_ROWS,
  ...MEMORY_ROWS,
  ...ADAPTER_ROWS,
  {
    id: 'folder: a share that nobody serves',
    run: folder(['Add', { MountPath: 'PLACE', Port: 564, ShareName: 'abc' }]),
  },
  {
    id: 'folder: removed where nothing is mounted',
    run: folder(['Remove', { MountPath: 'PLACE', Port: 564, ShareName: '0' }]),
  },
  { id: 'pods: the limit of their memory', run: (guest) => guest.modify('Update', 'PodCgroupMemoryLimit') },
  { id: 'change: a resource that is unknown', run: changes('Weather', ['Add', {}]) },
  { id: 'change: without settings', run: (guest) => guest.modify('Add', 'MappedVirtualDisk') },
  { id: 'change: a request that is unknown', run: (guest) => guest.modify('Change', 'SCSIDevice', {}) },
]
