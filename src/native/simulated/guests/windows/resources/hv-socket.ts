// The addresses under which a Windows guest knows itself and its host.

import { isGuid } from '../../../../../protocol/guid.js'
import { invalidJson, textOf, type Document } from '../../decode.js'
import type { GuestResource } from '../../resource.js'

export const hvSocket: GuestResource = {
  settings: 'HvSocketAddress',
  requests: ['Update'],
  apply(kernel, _request, settings) {
    kernel.hvSocketAddress = { local: guidOf(settings, 'LocalAddress'), parent: guidOf(settings, 'ParentAddress') }
  },
}

/** Absent keeps the zero address. */
function guidOf(settings: Document, name: string): string {
  const text = textOf(settings, name)
  if (text !== '' && !isGuid(text)) throw invalidJson(`${name} is not a GUID`)
  return text.toLowerCase()
}
