// How a guest refuses: an HRESULT and a text, in the form the Linux guest gives them.

import { hexCode, HRESULT, signed } from '../../../protocol/hresult.js'

/** Codes as guests send them: most in the older 0xC037 form. */
export const GUEST = {
  notImplemented: HRESULT.E_NOTIMPL,
  failed: HRESULT.E_FAIL,
  notFound: HRESULT.ERROR_NOT_FOUND,
  timeout: 0xc037_0109,
  unsupportedVersion: 0xc037_010c,
  invalidJson: 0xc037_010d,
  systemNotFound: 0xc037_010e,
} as const

export class GuestFault extends Error {
  constructor(
    readonly hresult: number,
    reason?: string,
  ) {
    const code = `0x${hexCode(hresult).slice(2).toLowerCase()}`
    super(reason === undefined ? `HRESULT: ${code}` : `HRESULT ${code}: ${reason}`)
  }
}

/** What a failing answer says beside its ActivityId. Errors without a code of their own count as unspecified failures. */
export function failureMembers(error: unknown): Record<string, unknown> {
  const fault =
    error instanceof GuestFault
      ? error
      : new GuestFault(GUEST.failed, error instanceof Error ? error.message : String(error))
  const Result = signed(fault.hresult)
  return {
    Result,
    ErrorMessage: fault.message,
    ErrorRecords: [{ Result, Message: fault.message, ModuleName: 'gcs', FileName: '', Line: 0xffff_ffff }],
  }
}
