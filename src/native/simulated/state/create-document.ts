// What the service says to a create document, before anything is made of it: first its form, then, when the id is known to be free,
// whether the machine can be built.

import { checkDocument } from '../../../protocol/document.js'
import type { ComputeSystem } from '../../../protocol/schema/index.js'
import { firstOf } from '../devices/live-configuration.js'
import { invalidDocument } from '../failure.js'
import { parseDocument, withoutNulls } from './documents.js'

/** Newest schema version the service knows. */
export const SCHEMA_VERSION = { Major: 2, Minor: 7 }

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

function checkSlots({ VirtualMachine: vm = {} }: ComputeSystem): void {
  const found = firstOf((_, device) => device.slotProblem?.(vm))
  if (found !== undefined) throw invalidDocument(found.path, found.problem)
}
