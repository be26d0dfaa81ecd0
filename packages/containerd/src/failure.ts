// What containerd is told of a failure: its code decides what it does next.

import { isAlreadyClosed, isAlreadyStopped, isNotExist, isTimeout, UVMError } from 'uvm-actors'
import { TtrpcError, type StatusName } from 'uvm-ttrpc'

function codeOf(error: unknown): StatusName {
  if (isNotExist(error) || isAlreadyStopped(error) || isAlreadyClosed(error)) return 'NOT_FOUND'
  if (isTimeout(error)) return 'DEADLINE_EXCEEDED'
  if (!(error instanceof UVMError)) return 'UNKNOWN'
  switch (error.code) {
    case 'UVM_INVALID_CONFIG':
      return 'INVALID_ARGUMENT'
    case 'UVM_INVALID_STATE':
      return 'FAILED_PRECONDITION'
    case 'UVM_UNSUPPORTED_GUEST':
      return 'UNIMPLEMENTED'
    case 'UVM_OVERLOADED':
      return 'RESOURCE_EXHAUSTED'
    case 'ABORT_ERR':
      return 'CANCELLED'
    default:
      return 'UNKNOWN'
  }
}

/** The error as an answer; one that is such already stays. */
export function toStatus(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) return error
  return new TtrpcError(codeOf(error), error instanceof Error ? error.message : String(error), { cause: error })
}
