// How the simulated service refuses: an HRESULT and a ResultError document that says more.

import { HRESULT, hresultMessage, signed, unsigned } from '../../protocol/hresult.js'
import { isRecord, parseJson } from '../../protocol/json.js'

/** A refusal, as the provider seam expects it: `hresult`, and `document` when there is more to say. */
export class HcsFailure extends Error {
  readonly hresult: number
  document: string | undefined

  constructor(hresult: number, document?: string) {
    super(`HRESULT ${unsigned(hresult).toString(16)}`)
    this.hresult = unsigned(hresult)
    this.document = document
  }
}

/** Steps that OperationFailure names. */
export type FailedStep =
  'Construct' | 'Start' | 'Pause' | 'Resume' | 'Shutdown' | 'Terminate' | 'Save' | 'GetProperties' | 'Modify' | 'Crash'

/** Provider id that real hosts put into the events of an invalid document. */
const HCS_EVENT_PROVIDER = '17103e3f-3c6e-4677-bb17-3b267eb5be57'
const INVALID_DOCUMENT_EVENT = 11_000

/** A refusal with a sentence on why, in its event. */
export function refusal(hresult: number, message: string): HcsFailure {
  return new HcsFailure(
    hresult,
    JSON.stringify({
      Error: signed(hresult),
      ErrorMessage: hresultMessage(hresult) ?? '',
      ErrorEvents: [{ Message: message, Provider: HCS_EVENT_PROVIDER, Source: 'HCS' }],
    }),
  )
}

/** A document with a defect: the error names the JSON path in its event. Inside the document the code has its older form. */
export function invalidDocument(path: string, problem: string): HcsFailure {
  const code = HRESULT.HCS_E_INVALID_JSON
  return new HcsFailure(
    code,
    JSON.stringify({
      Error: signed((code | 0x4000_0000) >>> 0),
      ErrorMessage: hresultMessage(code) ?? '',
      ErrorEvents: [
        {
          Message: `Invalid JSON document '${path}': ${problem}`,
          Provider: HCS_EVENT_PROVIDER,
          EventId: INVALID_DOCUMENT_EVENT,
          Flags: 0,
          Source: 'HCS',
          StackTrace: '',
          Data: [{ Type: 'String', Value: path }],
        },
      ],
    }),
  )
}

/** Adds to a refusal's document which step failed. */
export function attribute(failure: HcsFailure, step: FailedStep): HcsFailure {
  const said: unknown = failure.document === undefined ? undefined : parseJson(failure.document)
  const document = isRecord(said) ? said : { Error: signed(failure.hresult), ErrorMessage: '' }
  failure.document = JSON.stringify({ ...document, Attribution: [{ OperationFailure: { Detail: step } }] })
  return failure
}
