// What the service says to a create document, before anything is made of it.

import { checkDocument } from '../../protocol/document.js'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord, parseJson } from '../../protocol/json.js'
import type { ComputeSystem } from '../../protocol/schema/index.js'
import { MAX_LUN } from '../../protocol/scsi.js'
import type { HcsFailure } from './failure.js'
import { failedStep, invalidDocument } from './failure.js'

/** Newest schema version the service knows. */
export const SCHEMA_VERSION = { Major: 2, Minor: 7 }

export interface CreateRules {
  strictDocuments: boolean
  processors: number
}

/** The document, checked. @throws {HcsFailure} */
export function readCreateDocument(text: string, rules: CreateRules): ComputeSystem {
  const invalid = HRESULT.HCS_E_INVALID_JSON
  const document = parseDocument(text)
  const [problem] = checkDocument('ComputeSystem', document, { strict: rules.strictDocuments })
  if (problem !== undefined) throw invalidDocument(invalid, problem.path, problem.problem)
  const system = document as ComputeSystem
  const kinds = [system.VirtualMachine, system.Container, system.HostedSystem].filter((kind) => kind != null)
  if (kinds.length !== 1 || system.VirtualMachine == null) {
    throw invalidDocument(invalid, '$', 'exactly one of VirtualMachine, Container and HostedSystem is allowed')
  }
  checkVersion(system)
  checkSlots(system)
  checkTopology(system, rules)
  return system
}

/** The text as an object. @throws {HcsFailure} not JSON, or something else */
export function parseDocument(text: string): Record<string, unknown> {
  let document: unknown
  try {
    document = parseJson(text)
  } catch (error) {
    throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$', error instanceof Error ? error.message : 'not JSON')
  }
  if (!isRecord(document)) throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$', 'expected an object')
  return document
}

function checkVersion(system: ComputeSystem): void {
  const { Major = 0, Minor = 0 } = system.SchemaVersion ?? { Major: 2, Minor: 1 }
  if (Major !== SCHEMA_VERSION.Major || Minor > SCHEMA_VERSION.Minor) {
    throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.SchemaVersion', `version ${Major}.${Minor} is not known`)
  }
}

function checkSlots(system: ComputeSystem): void {
  const { Scsi = {}, ComPorts = {} } = system.VirtualMachine?.Devices ?? {}
  for (const [name, controller] of Object.entries(Scsi)) {
    for (const lun of Object.keys(controller?.Attachments ?? {})) {
      if (Number(lun) > MAX_LUN) {
        const path = `$.VirtualMachine.Devices.Scsi.${name}.Attachments.${lun}`
        throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, path, `a LUN is at most ${MAX_LUN}`)
      }
    }
  }
  for (const port of Object.keys(ComPorts)) {
    if (Number(port) > 1) {
      const path = `$.VirtualMachine.Devices.ComPorts.${port}`
      throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, path, 'a COM port is 0 or 1')
    }
  }
}

function checkTopology(system: ComputeSystem, rules: CreateRules): void {
  const vm = system.VirtualMachine
  const construct = (detail: string): HcsFailure => failedStep(HRESULT.WBEM_E_INVALID_PARAMETER, 'Construct', detail)
  const contradiction = (detail: string): HcsFailure => failedStep(HRESULT.E_INVALIDARG, 'Construct', detail)
  const memory = vm?.ComputeTopology?.Memory
  const size = BigInt(memory?.SizeInMB ?? 0)
  if (size === 0n || size % 2n !== 0n) throw construct('the memory size must be an even number of MB above 0')
  const count = vm?.ComputeTopology?.Processor?.Count ?? 1
  if (count < 1 || count > rules.processors) throw construct(`the processor count must be 1..${rules.processors}`)
  if (vm?.Chipset?.Uefi != null && vm.Chipset.LinuxKernelDirect != null) {
    throw contradiction('Uefi and LinuxKernelDirect exclude each other')
  }
  const overcommits = memory?.AllowOvercommit === true || memory?.Backing === 'Virtual'
  if (memory?.EnableDeferredCommit === true && !overcommits)
    throw contradiction('EnableDeferredCommit needs overcommit')
  if (vm?.ComputeTopology?.Numa != null && memory?.AllowOvercommit === true) {
    throw contradiction('a NUMA configuration excludes overcommit')
  }
  if (vm?.ResourcePartitionId && vm.ComputeTopology?.Processor?.CpuGroup?.Id) {
    throw contradiction('a resource partition and a CPU group exclude each other')
  }
}
