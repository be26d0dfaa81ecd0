// The addresses under which a Windows guest knows itself and its host.

import { isGuid } from '../../../../../protocol/guid.js'
import { invalidJson, textOf, type Document } from '../../decode.js'
import { slot } from '../../memory.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

const ADDRESSES = slot<{ local: string; parent: string } | undefined>('hvSocketAddress', () => undefined)

export const wcowHvSocket: ResourceBehaviour = {
  apply(kernel, _request, settings) {
    const addresses = { local: guidOf(settings, 'LocalAddress'), parent: guidOf(settings, 'ParentAddress') }
    kernel.remember(ADDRESSES, addresses)
  },
}

/** Absent keeps the zero address. */
function guidOf(settings: Document, name: string): string {
  const text = textOf(settings, name)
  if (text !== '' && !isGuid(text)) throw invalidJson(`${name} is not a GUID`)
  return text.toLowerCase()
}
