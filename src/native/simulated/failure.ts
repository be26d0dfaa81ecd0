// How the simulated service refuses: an HRESULT and, as HCS often does, a ResultError document.

import { hresultMessage, signed, unsigned } from '../../protocol/hresult.js'

/** A refusal, as the provider seam expects it: `hresult`, and `document` when there is more to say. */
export class HcsFailure extends Error {
  readonly hresult: number
  readonly document: string | undefined

  constructor(hresult: number, document?: string) {
    super(`HRESULT ${unsigned(hresult).toString(16)}`)
    this.hresult = unsigned(hresult)
    this.document = document
  }
}

/** Provider id that real hosts put into the events of an invalid document. */
const HCS_EVENT_PROVIDER = '17103e3f-3c6e-4677-bb17-3b267eb5be57'
const INVALID_DOCUMENT_EVENT = 11_000

/** A document with a defect: the error names the JSON path in its event. Inside the document the code has its older form. */
export function invalidDocument(hresult: number, path: string, problem: string): HcsFailure {
  const message = `Invalid JSON document '${path}': ${problem}`
  return new HcsFailure(
    hresult,
    JSON.stringify({
      Error: signed((hresult | 0x4000_0000) >>> 0),
      ErrorMessage: hresultMessage(hresult) ?? '',
      ErrorEvents: [
        {
          Message: message,
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

/** A step that failed, named in the attribution. */
export function failedStep(
  hresult: number,
  step: 'Construct' | 'Start' | 'Modify' | 'Save',
  detail: string,
): HcsFailure {
  return new HcsFailure(
    hresult,
    JSON.stringify({
      Error: signed(hresult),
      ErrorMessage: detail,
      Attribution: [{ OperationFailure: { Detail: step } }],
    }),
  )
}
