// The options document of an operation.

import { checkDocument } from '../../protocol/document.js'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord } from '../../protocol/json.js'
import { parseDocument } from './create-document.js'
import { invalidDocument } from './failure.js'

/** An options document, checked against its schema type when it has one; '' is none. @throws {HcsFailure} */
export function readOptions(type: string | undefined, text: string): Record<string, unknown> {
  if (text === '') return {}
  const options = parseDocument(text)
  const [problem] = type === undefined ? [] : checkDocument(type, options, { strict: false })
  if (problem !== undefined) throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, problem.path, problem.problem)
  return isRecord(options) ? options : {}
}
