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

/** What a property document says of the VM itself. Only these members are read, so the numbers of the rest may lose digits. */
export interface SystemState {
  /** Absent for a VM that was never started, or when it was not asked for. */
  state?: string
  exit?: ExitNotice
}

/** Nothing for text that is no document: whoever asked for it will say so. */
export function readState(data: string, id: string, atMs: number): SystemState {
  let document: unknown
  try {
    document = JSON.parse(data)
  } catch {
    return {}
  }
  const state = text(member(document, 'State'))
  const isStopped = member(document, 'Stopped') === true || state?.toLowerCase() === 'stopped'
  const exitType = text(member(document, 'ExitType')) ?? 'Unknown'
  return {
    ...(state === undefined ? {} : { state }),
    ...(isStopped ? { exit: finish({ status: 0, exitType, atMs }, id) } : {}),
  }
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
