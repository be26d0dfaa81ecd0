// How a VM ended, read from the exit event or from a property document.

import { HcsError } from '../../errors.js'
import { toWireError } from '../../errors-wire.js'
import { HRESULT, unsigned } from '../../protocol/hresult.js'
import { member, parseJson } from '../../protocol/json.js'
import type { ExitNotice } from './contract.js'

/** The exit that an event's SystemExitStatus tells of. A payload that cannot be read is an exit without detail. */
export function exitOfEvent(data: string, id: string, atMs: number): ExitNotice {
  const document = tryParse(data)
  const status = member(document, 'Status')
  const attribution = member(document, 'Attribution')
  return finish(
    {
      status: typeof status === 'number' ? unsigned(status) : 0,
      exitType: text(member(document, 'ExitType')) ?? 'Unknown',
      ...(Array.isArray(attribution) ? { attribution } : {}),
      atMs,
    },
    id,
  )
}

/** The exit that a property document tells of; undefined when it shows a living VM. */
export function exitOfProperties(document: unknown, id: string, atMs: number): ExitNotice | undefined {
  const state = text(member(document, 'State'))?.toLowerCase()
  if (member(document, 'Stopped') !== true && state !== 'stopped') return undefined
  return finish({ status: 0, exitType: text(member(document, 'ExitType')) ?? 'Unknown', atMs }, id)
}

function finish(notice: ExitNotice, id: string): ExitNotice {
  if (notice.exitType !== 'UnexpectedExit') return notice
  const error = new HcsError({
    op: 'vm.exit',
    id,
    hresult: HRESULT.VMCOMPUTE_UNEXPECTED_EXIT,
    attribution: notice.attribution,
  })
  return { ...notice, error: toWireError(error) }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function tryParse(data: string): unknown {
  try {
    return data === '' ? undefined : parseJson(data)
  } catch {
    return undefined
  }
}
