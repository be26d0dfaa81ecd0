// How a guest refuses: an HRESULT and a text, in the form the Linux guest gives them. A code alone reads `HRESULT: 0x…`, a code with a
// cause `HRESULT 0x…: cause`, and context stands in front. An error without a code is E_FAIL and reads as it is.

import { hexCode, HRESULT, signed } from '../../../protocol/hresult.js'

/** Codes as guests send them: most in the older 0xC037 form. */
export const GUEST = {
  notImplemented: HRESULT.E_NOTIMPL,
  failed: HRESULT.E_FAIL,
  notFound: HRESULT.ERROR_NOT_FOUND,
  invalidArgument: HRESULT.E_INVALIDARG,
  outOfMemory: HRESULT.E_OUTOFMEMORY,
  invalidState: 0xc037_0105,
  timeout: 0xc037_0109,
  unsupportedVersion: 0xc037_010c,
  invalidJson: 0xc037_010d,
  systemNotFound: 0xc037_010e,
  systemAlreadyExists: 0xc037_010f,
  systemAlreadyStopped: 0xc037_0110,
} as const

export class GuestFault extends Error {
  constructor(
    readonly hresult: number,
    reason?: string,
    context?: string,
  ) {
    super((context === undefined ? '' : `${context}: `) + faultText(hresult, reason))
  }
}

function faultText(hresult: number, reason: string | undefined): string {
  const code = `0x${hexCode(hresult).slice(2).toLowerCase()}`
  if (reason === undefined) return `HRESULT: ${code}`
  return hresult === GUEST.failed ? reason : `HRESULT ${code}: ${reason}`
}

/** The request is one that the agent of the real guest does not survive: it is not answered, and the guest is gone. */
export class AgentPanic extends Error {}

/** What a failing answer says beside its ActivityId. Errors without a code of their own count as unspecified failures. */
export function failureMembers(error: unknown, moduleName = 'gcs'): Record<string, unknown> {
  const Result = signed(error instanceof GuestFault ? error.hresult : GUEST.failed)
  const Message = error instanceof Error ? error.message : String(error)
  return {
    Result,
    ErrorMessage: Message,
    ErrorRecords: [{ Result, Message, ModuleName: moduleName, FileName: '', Line: 0xffff_ffff }],
  }
}
