// How a call fails: the codes are those of gRPC, by name.

export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type StatusName = keyof typeof StatusCode

/** Of a code that nobody has given a name: UNKNOWN. */
export function statusName(code: number): StatusName {
  for (const [name, known] of Object.entries(StatusCode)) if (known === code) return name as StatusName
  return 'UNKNOWN'
}

/**
 * A call that failed: thrown by a client's call, and by a service to answer so. UNAVAILABLE: the connection is gone, whether the call was
 * carried out is unknown. DEADLINE_EXCEEDED and CANCELLED: the caller's own time or signal.
 */
export class TtrpcError extends Error {
  override readonly name = 'TtrpcError'

  constructor(
    readonly code: StatusName,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
