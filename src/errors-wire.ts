// Errors as plain data, for the way between threads: structured clone and Comlink both drop class, code and fields.

import * as errors from './errors.js'
import { describeThrown, isError } from './protocol/text.js'

/** An error as data. `fields` holds its own members beyond name, message, stack and cause. */
export interface WireError {
  name: string
  message: string
  stack?: string
  fields: Record<string, unknown>
  cause?: WireError | { value: unknown }
  /** Members of an AggregateError. */
  errors?: WireError[]
}

export function isWireError(value: unknown): value is WireError {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value && 'fields' in value
}

/** Deepest chain of causes that crosses; longer ones are cut. */
const MAX_CAUSES = 8

/** Where a call was made: holds the caller's stack, which is only rendered when the call fails. */
export interface CallSite {
  readonly stack?: string | undefined
}

/** Notes the caller's stack cheaply. `below` and everything above it are left out. */
export function callSite(below: (...args: never[]) => unknown): CallSite {
  const site: { stack?: string } = {}
  Error.captureStackTrace(site, below)
  return site
}

/** Anything that was thrown, as data that crosses a thread boundary. */
export function toWireError(error: unknown, depth = 0): WireError {
  if (!isError(error))
    return { name: 'Error', message: describeThrown(error), fields: {}, cause: { value: plain(error) } }
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(error)) {
    if (key !== 'name' && key !== 'message' && key !== 'stack' && key !== 'cause') fields[key] = plain(value)
  }
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    fields,
    ...(error.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: causeToWire(error.cause, depth) }),
    ...(error instanceof AggregateError && depth < MAX_CAUSES
      ? { errors: error.errors.map((member) => toWireError(member, depth + 1)) }
      : {}),
  }
}

function causeToWire(cause: unknown, depth: number): WireError | { value: unknown } {
  return isError(cause) ? toWireError(cause, depth + 1) : { value: plain(cause) }
}

/** A value that structured clone takes; what it does not take becomes its text. */
function plain(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return String(value)
  if (typeof value !== 'object' || value === null) return value
  try {
    return structuredClone(value)
  } catch {
    return describeThrown(value)
  }
}

const CLASSES: ReadonlyMap<string, object> = new Map(
  [...Object.values(errors).filter(isErrorClass), AggregateError, RangeError, SyntaxError, TypeError].map(
    (item): [string, object] => [item.name, item.prototype],
  ),
)

function isErrorClass(item: unknown): item is { name: string; prototype: Error } {
  return typeof item === 'function' && item.prototype instanceof Error
}

/**
 * The error again: same class, message, fields and causes. With a call site its stack is that of the caller, and what the actor saw
 * stays readable as the stack of its cause.
 */
export function fromWireError(record: WireError, site?: CallSite): Error {
  const cause = record.cause
  const error = new Error(
    record.message,
    cause === undefined ? undefined : { cause: 'message' in cause ? fromWireError(cause) : cause.value },
  )
  const prototype = CLASSES.get(record.name)
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype)
  Object.assign(error, record.fields)
  Object.defineProperty(error, 'name', { value: record.name, configurable: true, writable: true, enumerable: false })
  if (record.errors !== undefined) {
    Object.defineProperty(error, 'errors', {
      value: record.errors.map((member) => fromWireError(member)),
      configurable: true,
    })
  }
  const head = `${record.name}: ${record.message}`
  const stack = site === undefined ? record.stack : withHead(head, site.stack)
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  return error
}

/** Gives an error that was made elsewhere the stack of the call it ends; without one it keeps its own. */
export function atCallSite<E extends Error>(error: E, site: CallSite | undefined): E {
  const stack = withHead(`${error.name}: ${error.message}`, site?.stack)
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  return error
}

function withHead(head: string, stack: string | undefined): string | undefined {
  if (stack === undefined) return undefined
  const frames = stack.indexOf('\n    at ')
  return frames === -1 ? head : head + stack.slice(frames)
}
