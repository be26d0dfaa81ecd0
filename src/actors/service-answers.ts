// Answers of the compute service that are not about one VM's handle.

import { HcsError } from '../errors.js'
import { parseGuid } from '../protocol/guid.js'
import { HRESULT } from '../protocol/hresult.js'
import { isRecord, JsonError, member, parseJson } from '../protocol/json.js'
import type { ComputeSystemSummary } from './host-options.js'

/** @throws {HcsError} 0x8000FFFF: no JSON document */
export function documentOf(op: string, text: string): unknown {
  if (text === '') return undefined
  try {
    return parseJson(text)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new HcsError({
      op,
      hresult: HRESULT.E_UNEXPECTED,
      detail: 'the service answered with something that is no JSON',
      cause,
    })
  }
}

/** The systems of an enumeration. The state of one that was never started is absent on the wire. */
export function systemsOf(op: string, text: string): ComputeSystemSummary[] {
  const document = documentOf(op, text)
  if (!Array.isArray(document)) {
    throw new HcsError({
      op,
      hresult: HRESULT.E_UNEXPECTED,
      detail: 'the service answered with something that is no list',
    })
  }
  return document.filter(isRecord).map((entry) => {
    const optional = (name: 'Owner' | 'RuntimeOsType'): Partial<ComputeSystemSummary> => {
      const value = member(entry, name)
      return typeof value === 'string' ? { [name]: value } : {}
    }
    const word = (name: string): string => {
      const value = member(entry, name)
      return typeof value === 'string' ? value : ''
    }
    return {
      Id: word('Id'),
      SystemType: word('SystemType'),
      ...optional('Owner'),
      RuntimeId: parseGuid(word('RuntimeId')) ?? word('RuntimeId').toLowerCase(),
      ...optional('RuntimeOsType'),
      State: word('State') || 'Created',
    }
  })
}
