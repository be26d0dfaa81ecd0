// What can be modified: every resource path, with the request types that it takes and the settings that they need. The paths are
// templates: {name} is one segment, {guid} one that must be a GUID, {number} an unsigned decimal, {rest} everything up to the end.
//
// Container/… paths belong to host containers and are not here: they never apply to a VM. VirtualMachine/Devices/Licensing is unused.

import type { Evidence } from '../state/states.js'

export type RequestType = 'Add' | 'Remove' | 'Update'

export interface ResourceRule {
  readonly path: string
  readonly allowed: readonly RequestType[]
  /** Of the request types. */
  readonly evidence: Evidence
  /** Request types that need settings; the others ignore them. None: there may be no settings at all. */
  readonly needs: readonly RequestType[]
  /** Schema type of the settings. */
  readonly settings?: string
  /** Members that the settings must have, by request type. */
  readonly required?: Partial<Readonly<Record<RequestType, readonly string[]>>>
}

const ANY = ['Add', 'Remove', 'Update'] as const
const ADD_REMOVE = ['Add', 'Remove'] as const
const ADD_UPDATE = ['Add', 'Update'] as const
const TOPOLOGY = 'VirtualMachine/ComputeTopology'
const DEVICES = 'VirtualMachine/Devices'

export const RESOURCES = {
  memorySize: { path: `${TOPOLOGY}/Memory/SizeInMB`, allowed: ANY, evidence: 'D', needs: ANY, settings: 'uint64' },
  cpuGroup: {
    path: `${TOPOLOGY}/Processor/CpuGroup`,
    allowed: ANY,
    evidence: 'D',
    needs: ANY,
    settings: 'CpuGroup',
    required: { Add: ['Id'], Remove: ['Id'], Update: ['Id'] },
  },
  cpuLimits: {
    path: `${TOPOLOGY}/Processor/Limits`,
    allowed: ['Update'],
    evidence: 'S',
    needs: ['Update'],
    settings: 'ProcessorLimits',
  },
  frequencyCap: {
    path: `${TOPOLOGY}/Processor/CpuFrequencyPowerCap`,
    allowed: ANY,
    evidence: 'D',
    needs: ADD_UPDATE,
    settings: 'uint32',
  },
  idledProcessors: {
    path: `${TOPOLOGY}/Processor/IdledProcessors`,
    allowed: ['Update'],
    evidence: 'D',
    needs: ['Update'],
    settings: 'IdleProcessorsRequest',
  },
  gpu: {
    path: `${TOPOLOGY}/Gpu`,
    allowed: ['Update'],
    evidence: 'D',
    needs: ['Update'],
    settings: 'GpuConfiguration',
  },
  scsiAttachment: {
    path: `${DEVICES}/Scsi/{name}/Attachments/{number}`,
    allowed: ANY,
    evidence: 'D',
    needs: ADD_UPDATE,
    settings: 'Attachment',
  },
  vpmemDevice: {
    path: `${DEVICES}/VirtualPMem/Devices/{number}`,
    allowed: ADD_REMOVE,
    evidence: 'D',
    needs: ['Add'],
    settings: 'VirtualPMemDevice',
    required: { Add: ['HostPath'] },
  },
  vpmemMapping: {
    path: `${DEVICES}/VirtualPMem/Devices/{number}/Mappings/{number}`,
    allowed: ADD_REMOVE,
    evidence: 'D',
    needs: ['Add'],
    settings: 'VirtualPMemMapping',
    required: { Add: ['HostPath'] },
  },
  vsmbShare: {
    path: `${DEVICES}/VirtualSmb/Shares`,
    allowed: ANY,
    evidence: 'D',
    needs: ANY,
    settings: 'VirtualSmbShare',
    required: { Add: ['Name', 'Path'], Remove: ['Name'], Update: ['Name'] },
  },
  plan9Share: {
    path: `${DEVICES}/Plan9/Shares`,
    allowed: ANY,
    evidence: 'D',
    needs: ANY,
    settings: 'Plan9Share',
    required: { Add: ['AccessName', 'Path'], Remove: ['AccessName'], Update: ['AccessName'] },
  },
  networkAdapter: {
    path: `${DEVICES}/NetworkAdapters/{name}`,
    allowed: ANY,
    evidence: 'D',
    needs: ADD_UPDATE,
    settings: 'NetworkAdapter',
  },
  pciDevice: {
    path: `${DEVICES}/VirtualPci/{guid}`,
    allowed: ADD_REMOVE,
    evidence: 'D',
    needs: ['Add'],
    settings: 'VirtualPciDevice',
    required: { Add: ['Functions'] },
  },
  mappedPipe: { path: `${DEVICES}/MappedPipes/{rest}`, allowed: ADD_REMOVE, evidence: 'D', needs: [] },
  hvSocketService: {
    path: `${DEVICES}/HvSocket/HvSocketConfig/ServiceTable/{guid}`,
    allowed: ['Update', 'Remove'],
    evidence: 'S',
    needs: ['Update'],
    settings: 'HvSocketServiceConfig',
  },
  comPort: {
    path: `${DEVICES}/ComPorts/{number}`,
    allowed: ANY,
    evidence: 'D',
    needs: ADD_UPDATE,
    settings: 'ComPort',
  },
  flexibleIov: {
    path: `${DEVICES}/FlexibleIov/{name}`,
    allowed: ['Add'],
    evidence: 'D',
    needs: ['Add'],
    settings: 'FlexibleIoDevice',
  },
  sharedMemory: {
    path: `${DEVICES}/SharedMemory/Regions`,
    allowed: ANY,
    evidence: 'D',
    needs: ANY,
    settings: 'SharedMemoryRegion',
    required: { Add: ['SectionName'], Remove: ['SectionName'], Update: ['SectionName'] },
  },
} as const satisfies Record<string, ResourceRule>

export type ResourceKind = keyof typeof RESOURCES

/** A resource path, understood: its kind and what stands for the placeholders. Numbers are in range only by their form. */
export interface ResourceTarget {
  readonly kind: ResourceKind
  readonly segments: readonly string[]
}

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '{name}': '([^/]+)',
  '{guid}': '(\\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\}?)',
  '{number}': '(\\d{1,15})',
  '{rest}': '([^]+)',
}

const PATTERNS = Object.entries(RESOURCES).map(([kind, { path }]) => ({
  kind: kind as ResourceKind,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, (placeholder) => PLACEHOLDERS[placeholder]!)}$`),
}))

/** Undefined for a path that no rule knows. Literal segments are case-sensitive. */
export function findResource(path: string): ResourceTarget | undefined {
  for (const { kind, pattern } of PATTERNS) {
    const found = pattern.exec(path)
    if (found !== null) return { kind, segments: found.slice(1) }
  }
  return undefined
}
