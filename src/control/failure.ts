// Errors over HTTP: a status for those who read statuses, and the error itself as plain data for a client of ours.

import {
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  isAccessDenied,
  isNotExist,
  isTimeout,
  OverloadedError,
  UnsupportedGuestError,
  UVMError,
} from '../errors.js'
import { fromWireError, toWireError, type WireError } from '../errors-wire.js'
import { isRecord } from '../protocol/json.js'

/** What the server refuses by itself. */
export class ControlRequestError extends Error {
  override readonly name = 'ControlRequestError'

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/** The body of every answer that is no success. */
export interface ControlFailure {
  error: WireError
}

export function statusOf(error: unknown): number {
  if (error instanceof ControlRequestError) return error.status
  if (error instanceof InvalidConfigError || error instanceof UnsupportedGuestError) return 400
  if (isNotExist(error)) return 404
  if (isAccessDenied(error)) return 403
  if (error instanceof InvalidStateError || error instanceof GuestConnectionUnavailableError) return 409
  if (error instanceof OverloadedError) return 429
  if (isTimeout(error)) return 504
  return error instanceof UVMError ? 502 : 500
}

/** Stacks stay here: they name files of this process. */
export function failureOf(error: unknown): ControlFailure {
  return { error: withoutStacks(toWireError(error)) }
}

function withoutStacks({ stack: _, cause, errors, ...error }: WireError): WireError {
  return {
    ...error,
    ...(cause === undefined ? {} : { cause: 'value' in cause ? cause : withoutStacks(cause) }),
    ...(errors === undefined ? {} : { errors: errors.map(withoutStacks) }),
  }
}

/** The error that a server told of; its class and code are those that it had there. */
export function errorOf(failure: unknown): Error {
  const { error } = (failure ?? {}) as Partial<ControlFailure>
  if (typeof error?.name === 'string' && typeof error.message === 'string') {
    return fromWireError({ ...error, fields: isRecord(error.fields) ? error.fields : {} })
  }
  return new Error('the control server answered with something that is no error of ours')
}
