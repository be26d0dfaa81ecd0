// The options document of an operation.

import { checkDocument } from '../../../protocol/document.js'
import { parseDocument } from './create-document.js'
import { invalidDocument } from '../failure.js'

/** An options document, checked against its schema type ('any': an object of any kind); '' is none. @throws {HcsFailure} */
export function readOptions(type: string, text: string): Record<string, unknown> {
  if (text === '') return {}
  const options = parseDocument(text)
  const [problem] = checkDocument(type, options, { strict: false })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  return options
}
