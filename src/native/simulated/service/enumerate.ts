// Enumeration: a SystemQuery against the living systems.

import { member } from '../../../protocol/json.js'
import type { Properties } from '../../../protocol/schema/index.js'
import { parseDocument } from '../state/documents.js'
import { invalidDocument } from '../failure.js'

/** The key of the query and the member of an entry that it asks about. Keys combine with AND, the values of a key with OR. */
const FILTERS = { Ids: 'Id', Names: 'Name', Types: 'SystemType', Owners: 'Owner' } as const satisfies Record<
  string,
  keyof Properties
>

/** The entries that a query allows; '' is none. @throws {HcsFailure} a query that is not valid */
export function selectSystems(query: string, entries: Properties[]): Properties[] {
  const filter = query === '' ? {} : parseDocument(query)
  for (const [key, about] of Object.entries(FILTERS)) {
    const values = member(filter, key) ?? []
    if (!Array.isArray(values) || values.some((value) => typeof value !== 'string')) {
      throw invalidDocument(`$.${key}`, 'expected an array of strings')
    }
    if (values.length > 0) entries = entries.filter((entry) => values.includes(entry[about]))
  }
  return entries
}
