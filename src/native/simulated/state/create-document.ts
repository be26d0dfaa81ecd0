// What the service says to a create document, before anything is made of it: first its form, then, when the id is known to be free,
// whether the machine can be built.

import { checkDocument } from '../../../protocol/document.js'
import { isRecord, parseJson } from '../../../protocol/json.js'
import type { ComputeSystem } from '../../../protocol/schema/index.js'
import { MAX_LUN } from '../../../protocol/scsi.js'
import { invalidDocument } from '../failure.js'
import { MAX_COM_PORT } from '../devices/com-port.js'

/** Newest schema version the service knows. */
export const SCHEMA_VERSION = { Major: 2, Minor: 7 }

/** The text as an object. @throws {HcsFailure} not JSON, or something else */
export function parseDocument(text: string): Record<string, unknown> {
  let document: unknown
  try {
    document = parseJson(text)
  } catch (error) {
    throw invalidDocument('$', error instanceof Error ? error.message : 'not JSON')
  }
  if (!isRecord(document)) throw invalidDocument('$', 'expected an object')
  return document
}

/** A document with its null members and elements left out: they count as absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls)
  if (!isRecord(value)) return value
  const kept = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]))
}

/** The document, its form checked. @throws {HcsFailure} */
export function readCreateDocument(text: string, strict: boolean): ComputeSystem {
  const document = parseDocument(text)
  const [problem] = checkDocument('ComputeSystem', document, { strict })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  const system = withoutNulls(document) as ComputeSystem
  const kinds = [system.VirtualMachine, system.Container, system.HostedSystem].filter((kind) => kind != null)
  if (kinds.length !== 1 || system.VirtualMachine == null) {
    throw invalidDocument(
      '$',
      'exactly one of VirtualMachine, Container and HostedSystem is allowed, here VirtualMachine',
    )
  }
  checkVersion(system)
  checkSlots(system)
  return system
}

function checkVersion(system: ComputeSystem): void {
  const { Major = 0, Minor = 0 } = system.SchemaVersion ?? { Major: 2, Minor: 1 }
  if (Major !== SCHEMA_VERSION.Major || Minor > SCHEMA_VERSION.Minor) {
    throw invalidDocument('$.SchemaVersion', `version ${Major}.${Minor} is not known`)
  }
}

function checkSlots(system: ComputeSystem): void {
  const { Scsi, ComPorts } = system.VirtualMachine?.Devices ?? {}
  for (const [name, controller] of Object.entries(Scsi ?? {})) {
    for (const lun of Object.keys(controller?.Attachments ?? {})) {
      if (Number(lun) > MAX_LUN) {
        throw invalidDocument(`$.VirtualMachine.Devices.Scsi.${name}.Attachments.${lun}`, `a LUN is at most ${MAX_LUN}`)
      }
    }
  }
  for (const port of Object.keys(ComPorts ?? {})) {
    if (Number(port) > MAX_COM_PORT) {
      throw invalidDocument(`$.VirtualMachine.Devices.ComPorts.${port}`, 'a COM port is 0 or 1')
    }
  }
}
