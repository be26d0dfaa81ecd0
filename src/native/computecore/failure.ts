// How this provider refuses: as the seam expects it, with what to say when the DLL itself falls short.

import { hresultMessage, unsigned } from '../../protocol/hresult.js'
import type { Refusal } from '../remote/wire.js'

export class NativeFailure extends Error {
  readonly hresult: number
  readonly document: string
  readonly unavailable: string | undefined

  constructor(hresult: number, document = '', unavailable?: string) {
    super(unavailable ?? hresultMessage(hresult) ?? `HRESULT 0x${unsigned(hresult).toString(16)}`)
    this.hresult = unsigned(hresult)
    this.document = document
    this.unavailable = unavailable
  }

  toRefusal(): Refusal {
    const { hresult, document, unavailable } = this
    return { hresult, document, ...(unavailable === undefined ? {} : { unavailable }) }
  }
}
