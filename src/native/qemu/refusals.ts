// What a create document asks for and QEMU cannot give, as a table: refused when the VM is created, before anything is spawned, naming the
// field. What stands neither here nor in arguments.ts has no effect: hints and fine tuning of Hyper-V.

import { isAbsolute } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord, member } from '../../protocol/json.js'
import type { ComputeSystem } from '../../protocol/schema/index.js'
import { SCSI_CONTROLLER_GUIDS } from '../../protocol/scsi.js'
import { findKey, NULL_GUID, parseGuid } from '../../protocol/guid.js'
import { refusal, type HcsFailure } from '../simulated/failure.js'
import type { QemuOptions } from './options.js'

/** What a supervisor has beyond QEMU itself. */
export type Abilities = Pick<QemuOptions, 'firmware' | 'cgroup'>

/** Why a value is refused; undefined when it is not. `key` is the last of its path. */
type Judge = (value: unknown, has: Abilities, key: string) => string | undefined

interface Row {
  /** Below VirtualMachine; `*` stands for every key. */
  readonly path: string
  readonly judge: Judge
  readonly code?: number
}

const VIRTUAL_MACHINE = 'VirtualMachine'

/** There at all. */
const never =
  (why: string): Judge =>
  () =>
    why
/** Empty objects and zero ask for nothing. */
const unlessEmpty =
  (why: string): Judge =>
  (value) =>
    isNothing(value) ? undefined : why
const limit: Judge = (value, { cgroup }) =>
  isNothing(value) || cgroup !== undefined ? undefined : 'the supervisor has no delegated cgroup to hold it in'

const WINDOWS = 'it is for Windows guests, which this provider does not run'
const ABSENT = 'QEMU has nothing of the kind'

const ROWS: readonly Row[] = [
  {
    path: 'Chipset.Uefi',
    judge: (_, { firmware }) =>
      firmware === undefined ? 'it needs a firmware file; give the option firmware' : undefined,
  },
  {
    path: 'Chipset.Uefi.BootThis.DeviceType',
    judge: (value) =>
      value === 'ScsiDrive' || value === 'Network'
        ? undefined
        : `a machine of QEMU does not boot from ${String(value)}`,
  },
  { path: 'Chipset.Uefi.SecureBootTemplateId', judge: never(ABSENT) },
  { path: 'Chipset.Uefi.ApplySecureBootTemplate', judge: (value) => (value === 'Apply' ? ABSENT : undefined) },
  { path: 'Chipset.FirmwareFile', judge: never(ABSENT) },
  { path: 'ComputeTopology.Numa', judge: unlessEmpty('virtual NUMA nodes are not offered') },
  { path: 'ComputeTopology.Processor.Limit', judge: limit },
  { path: 'ComputeTopology.Processor.Weight', judge: limit },
  { path: 'ComputeTopology.Processor.Reservation', judge: unlessEmpty('Linux reserves no processor time') },
  {
    path: 'ComputeTopology.Processor.CpuGroup.Id',
    judge: (value) => (value === '' || parseGuid(String(value)) === NULL_GUID ? undefined : 'there are no CPU groups'),
  },
  { path: 'ComputeTopology.Processor.MaximumFrequencyMHz', judge: unlessEmpty(ABSENT) },
  {
    path: 'ComputeTopology.Processor.NumaProcessorsSettings',
    judge: unlessEmpty('virtual NUMA nodes are not offered'),
  },
  {
    path: 'ComputeTopology.Processor.ExposeVirtualizationExtensions',
    judge: (value) => (value === true ? 'nested virtual machines are not offered' : undefined),
  },
  { path: 'Devices.VirtualSmb', judge: never(WINDOWS) },
  { path: 'Devices.VideoMonitor', judge: never(ABSENT) },
  { path: 'Devices.Keyboard', judge: never(ABSENT) },
  { path: 'Devices.Mouse', judge: never(ABSENT) },
  { path: 'Devices.EnhancedModeVideo', judge: never(ABSENT) },
  { path: 'Devices.Battery', judge: never(ABSENT) },
  { path: 'Devices.FlexibleIov', judge: unlessEmpty(ABSENT) },
  { path: 'Devices.SharedMemory', judge: unlessEmpty(ABSENT) },
  { path: 'Devices.VirtualPci', judge: unlessEmpty('devices of the host are not assigned') },
  { path: 'Devices.VirtioSerial', judge: unlessEmpty(ABSENT) },
  { path: 'Devices.GuestCrashReporting.WindowsCrashSettings', judge: never(WINDOWS) },
  {
    path: 'Devices.Scsi.*',
    code: HRESULT.E_INVALIDARG,
    judge: (_value, _has, key) =>
      controllerNumber(key) === undefined ? 'a controller is one of the four fixed GUIDs, or 0 to 3' : undefined,
  },
  {
    path: 'Devices.Scsi.*.Attachments.*.Type',
    judge: (value) => (value === 'ExtensibleVirtualDisk' ? ABSENT : undefined),
  },
  {
    path: 'Devices.ComPorts.*.NamedPipe',
    code: HRESULT.E_INVALIDARG,
    judge: (value) =>
      typeof value === 'string' && isAbsolute(value) ? undefined : 'the path of a Unix socket is wanted',
  },
  { path: 'Devices.Plan9.Shares', judge: unlessEmpty('shares are not served yet') },
  { path: 'Devices.VirtualPMem.Devices.*.Mappings', judge: unlessEmpty('a device holds one image') },
  { path: 'GuestState', judge: unlessEmpty(ABSENT) },
  { path: 'GuestConnection', judge: never('the connection to the guest is the caller’s') },
  { path: 'RegistryChanges', judge: unlessEmpty(WINDOWS) },
  { path: 'StorageQoS', judge: unlessEmpty('disks are not throttled') },
  { path: 'DebugOptions', judge: unlessEmpty(ABSENT) },
  { path: 'SecuritySettings.EnableTpm', judge: (value) => (value === true ? ABSENT : undefined) },
  {
    path: 'SecuritySettings.Isolation.IsolationType',
    judge: (value) => (value === 'Disabled' ? undefined : 'memory is not isolated from the host'),
  },
  { path: 'ResourcePartitionId', judge: unlessEmpty(ABSENT) },
  { path: 'Services', judge: unlessEmpty(ABSENT) },
  { path: 'MigrationOptions', judge: unlessEmpty('live migration is not offered yet') },
]

/** Members that name a file or directory of the host. */
const HOST_PATHS: readonly string[] = [
  'Chipset.LinuxKernelDirect.KernelFilePath',
  'Chipset.LinuxKernelDirect.InitRdPath',
  'Devices.Scsi.*.Attachments.*.Path',
  'Devices.VirtualPMem.Devices.*.HostPath',
  'RestoreState.SaveStateFilePath',
]

/** Why a VM of this document cannot be created; undefined when it can. */
export function documentRefusal({ VirtualMachine: vm }: ComputeSystem, has: Abilities): HcsFailure | undefined {
  for (const { path, judge, code = HRESULT.ERROR_NOT_SUPPORTED } of ROWS) {
    for (const [at, value, key] of valuesAt(vm, path)) {
      const why = judge(value, has, key)
      if (why !== undefined) return refusal(code, `$.${VIRTUAL_MACHINE}.${at}: ${why}`)
    }
  }
  for (const path of HOST_PATHS) {
    for (const [at, value] of valuesAt(vm, path)) {
      const problem = pathRefusal(`$.${VIRTUAL_MACHINE}.${at}`, value)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** A path that means nothing on this host; '' is none. */
export function pathRefusal(at: string, path: unknown): HcsFailure | undefined {
  if (typeof path !== 'string' || path === '' || isAbsolute(path)) return undefined
  return refusal(HRESULT.ERROR_PATH_NOT_FOUND, `${at}: ${path} is no path of this host`)
}

/** Which of the four controllers a key means. */
export function controllerNumber(key: string): number | undefined {
  const guid = findKey(SCSI_CONTROLLER_GUIDS, key)
  const number =
    guid === undefined ? (/^[0-3]$/.test(key) ? Number(key) : -1) : SCSI_CONTROLLER_GUIDS.indexOf(guid as never)
  return number === -1 ? undefined : number
}

/** Where a path leads: the path that was gone, what is there, and the last key. What is absent or null is not there. */
function* valuesAt(root: unknown, path: string): Generator<[at: string, value: unknown, key: string]> {
  let found: [string, unknown, string][] = [['', root, '']]
  for (const name of path.split('.')) {
    found = found.flatMap(([at, value]) => {
      const keys =
        name !== '*'
          ? [name]
          : Array.isArray(value)
            ? [...value.keys()].map(String)
            : isRecord(value)
              ? Object.keys(value)
              : []
      return keys.flatMap((key): [string, unknown, string][] => {
        const next: unknown = Array.isArray(value) ? value[Number(key)] : member(value, key)
        return next == null ? [] : [[at === '' ? key : `${at}.${key}`, next, key]]
      })
    })
  }
  yield* found
}

function isNothing(value: unknown): boolean {
  if (value === '' || Number(value) === 0) return true
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.values(value).every((item) => item == null || isNothing(item))
}
