// Property queries of a system, answered.

import { checkDocument, serialiseDocument } from '../../protocol/document.js'
import { HRESULT } from '../../protocol/hresult.js'
import {
  PropertyType,
  type Properties,
  type PropertyQuery,
  type PropertyResponse,
} from '../../protocol/schema/index.js'
import { parseDocument } from './create-document.js'
import { invalidDocument } from './failure.js'
import type { ComputeSystemModel } from './system.js'

/** The property document for a query; '' asks for the basic properties. @throws {HcsFailure} a query that is not valid */
export function answerQuery(system: ComputeSystemModel, query: string, nowMs: number): string {
  const properties: Properties = system.basicProperties()
  if (query !== '') {
    const asked = readQuery(query)
    // After the exit only the basic document answers.
    if (system.exit === undefined) {
      for (const type of asked.PropertyTypes ?? []) Object.assign(properties, system.section(type, nowMs))
      const names = Object.keys(asked.Queries ?? {})
      if (names.length > 0) {
        properties.PropertyResponses = Object.fromEntries(names.map((name) => [name, respond(system, name)]))
      }
    }
  }
  return serialiseDocument('Properties', properties)
}

function readQuery(text: string): PropertyQuery {
  const query = parseDocument(text)
  const [problem] = checkDocument('PropertyQuery', query, { strict: false })
  if (problem !== undefined) throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, problem.path, problem.problem)
  const asked = query as PropertyQuery
  const known: readonly string[] = PropertyType
  const unknown = (asked.PropertyTypes ?? []).find((type) => !known.includes(type))
  if (unknown !== undefined) {
    throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.PropertyTypes', `${unknown} is no property type`)
  }
  return asked
}

function respond(system: ComputeSystemModel, name: string): PropertyResponse {
  switch (name) {
    case 'Basic':
      return { Response: system.basicProperties() }
    case 'VmVersion':
      return { Response: { Major: 12, Minor: 0 } }
    case 'CompatibilityInfo':
      return { Response: { Data: Buffer.from(`simulated:${system.id}`).toString('base64') } }
    case 'VmProcessorRequirements':
      return { Response: { ProcessorCount: system.processorCount } }
    default:
      return { Error: { Error: HRESULT.E_INVALIDARG | 0, ErrorMessage: `${name} is no query` } }
  }
}
