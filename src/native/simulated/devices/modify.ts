// Modifications of a running system. Every check comes before anything changes, in the order JSON, path and type, VM state, device
// class, existence of the target, files; so a refusal changes nothing.

import { checkDocument } from '../../../protocol/document.js'
import {
  findResource,
  HOST_RESOURCES,
  type HostResource,
  type ResourceKind,
  type Verb,
} from '../../../protocol/host-modifications/index.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { member } from '../../../protocol/json.js'
import type { ModifySurroundings, Resource } from './change.js'
import { parseDocument, withoutNulls } from '../state/create-document.js'
import { invalidDocument, refusal } from '../failure.js'
import { COM_PORT } from './com-port.js'
import { FLEXIBLE_IOV } from './flexible-iov.js'
import { GPU } from './gpu.js'
import { HV_SOCKET_SERVICE } from './hv-socket.js'
import { MEMORY_SIZE } from './memory.js'
import { NETWORK_ADAPTER } from './network.js'
import { PCI_DEVICE } from './pci.js'
import { MAPPED_PIPE } from './pipe.js'
import { PLAN9_SHARE } from './plan9.js'
import { CPU_GROUP, CPU_LIMITS, FREQUENCY_CAP, IDLED_PROCESSORS } from './processor.js'
import { SCSI_ATTACHMENT } from './scsi.js'
import { SHARED_MEMORY } from './shared-memory.js'
import { VPMEM_DEVICE, VPMEM_MAPPING } from './vpmem.js'
import { VSMB_SHARE } from './vsmb.js'
import { checkState } from '../state/states.js'
import type { ComputeSystemModel } from '../state/system.js'

const CHANGES = {
  memorySize: MEMORY_SIZE,
  cpuGroup: CPU_GROUP,
  cpuLimits: CPU_LIMITS,
  frequencyCap: FREQUENCY_CAP,
  idledProcessors: IDLED_PROCESSORS,
  gpu: GPU,
  scsiAttachment: SCSI_ATTACHMENT,
  vpmemDevice: VPMEM_DEVICE,
  vpmemMapping: VPMEM_MAPPING,
  vsmbShare: VSMB_SHARE,
  plan9Share: PLAN9_SHARE,
  networkAdapter: NETWORK_ADAPTER,
  pciDevice: PCI_DEVICE,
  mappedPipe: MAPPED_PIPE,
  hvSocketService: HV_SOCKET_SERVICE,
  comPort: COM_PORT,
  flexibleIov: FLEXIBLE_IOV,
  sharedMemory: SHARED_MEMORY,
} satisfies { [K in ResourceKind]: unknown }

/** The path a request names, as far as it can be read: fault rules match on it. */
export function requestPath(text: string): string | undefined {
  try {
    const path = member(parseDocument(text), 'ResourcePath')
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined
  }
}

/** Carries out one request. @throws {HcsFailure} nothing has changed then */
export function modifySystem(text: string, system: ComputeSystemModel, surroundings: ModifySurroundings): void {
  const request = parseDocument(text)
  const [problem] = checkDocument('ModifySettingRequest', request, { strict: surroundings.strict })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  const path = (member(request, 'ResourcePath') ?? '') as string
  if (path === '' && member(request, 'GuestRequest') != null) {
    passToGuest(system)
    return
  }
  const target = findResource(path)
  if (target === undefined) throw refusal(HRESULT.E_INVALIDARG, `there is no resource path ${JSON.stringify(path)}`)
  // Absent stands for Update: it sets the value.
  const type = (member(request, 'RequestType') || 'Update') as Verb | 'PreAdd'
  const rule: HostResource = HOST_RESOURCES[target.kind]
  const settings = member(request, 'Settings')
  const isAllowed = rule.allowed.some((allowed) => allowed === type)
  if (isAllowed) checkSettings(rule, type as Verb, settings, surroundings.strict)
  else throw refusal(HRESULT.E_INVALIDARG, `${type} is not a request type of ${rule.path}`)
  const change = CHANGES[target.kind] as Resource
  const understood = { segments: target.segments, type: type as Verb, settings: withoutNulls(settings) }
  change.judge?.(understood, system)
  checkState('modify', system.state)
  change.apply(understood, system, surroundings)
}

/** Through the guest connection that HCS itself owns, if it has one. */
function passToGuest(system: ComputeSystemModel): void {
  checkState('modify', system.state)
  if (system.document.VirtualMachine?.GuestConnection == null) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'the VM has no guest connection')
  }
}

function checkSettings(rule: HostResource, type: Verb, settings: unknown, strict: boolean): void {
  const given = settings !== undefined && settings !== null
  if (rule.settings === undefined) {
    if (given) throw refusal(HRESULT.E_INVALIDARG, `${rule.path} takes no settings`)
    return
  }
  if (!rule.needs.includes(type)) return
  if (!given) throw invalidDocument('$.Settings', 'required here')
  const [problem] = checkDocument(rule.settings, settings, { strict })
  if (problem !== undefined) throw invalidDocument(problem.path.replace('$', '$.Settings'), problem.problem)
  for (const name of rule.required?.[type] ?? []) {
    const value = member(settings, name)
    if (value === undefined || value === null || value === '') {
      throw invalidDocument(`$.Settings.${name}`, 'required here')
    }
  }
}
