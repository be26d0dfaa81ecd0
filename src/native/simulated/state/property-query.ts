// Property queries of a system, answered.

import { checkDocument, serialiseDocument } from '../../../protocol/document.js'
import { HRESULT, hresultMessage, signed } from '../../../protocol/hresult.js'
import { setMember } from '../../../protocol/json.js'
import type { Properties, PropertyQuery, PropertyResponse } from '../../../protocol/schema/index.js'
import { parseDocument } from './documents.js'
import { invalidDocument } from '../failure.js'
import { response, section } from './property-sections.js'
import type { ComputeSystemModel } from './system.js'

/** Where the sections of a property document come from. */
export interface PropertySources {
  section(system: ComputeSystemModel, type: string, nowMs: number): Partial<Properties>
  /** Undefined for a name that is no query. */
  response(system: ComputeSystemModel, name: string): PropertyResponse | undefined
}

/** The property document for a query; '' asks for the basic properties. @throws {HcsFailure} a query that is not valid */
export function answerQuery(system: ComputeSystemModel, query: string, nowMs: number, strict: boolean): string {
  return answerRead(system, query === '' ? {} : readPropertyQuery(query, strict), nowMs, { section, response })
}

/** The same of a query that was read. */
export function answerRead(
  system: ComputeSystemModel,
  asked: PropertyQuery,
  nowMs: number,
  sources: PropertySources,
): string {
  const properties: Properties = system.basicProperties()
  // After the exit only the basic document answers.
  if (system.exit === undefined) {
    for (const type of asked.PropertyTypes ?? []) Object.assign(properties, sources.section(system, type, nowMs))
    const names = Object.keys(asked.Queries ?? {})
    if (names.length > 0) {
      const responses = {}
      for (const name of names)
        setMember(responses, name, sources.response(system, name) ?? { Error: unknownQuery(name) })
      properties.PropertyResponses = responses
    }
  }
  return serialiseDocument('Properties', properties)
}

/** @throws {HcsFailure} */
export function readPropertyQuery(text: string, strict: boolean): PropertyQuery {
  const query = parseDocument(text)
  const [problem] = checkDocument('PropertyQuery', query, { strict })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  return query as PropertyQuery
}

function unknownQuery(name: string): unknown {
  const code = HRESULT.E_INVALIDARG
  return { Error: signed(code), ErrorMessage: `${name} is no query: ${hresultMessage(code) ?? ''}` }
}
