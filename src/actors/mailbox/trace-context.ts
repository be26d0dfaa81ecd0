// The caller's OpenTelemetry span, as W3C trace context. Taken on the calling thread at the moment of the call: the actor's thread knows
// nothing of it.
//
// @opentelemetry/api is an optional peer: where the program does not have it there is no span. Its CommonJS and ESM forms share their
// state, so it does not matter which the program itself loads.

import type * as OpenTelemetry from '@opentelemetry/api'
import { createRequire } from 'node:module'

export interface TraceContext {
  traceparent: string
  tracestate?: string
}

type Api = typeof OpenTelemetry

/** Null: it is not installed. */
let loaded: Api | null | undefined

function load(): Api | null {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as Api
  } catch {
    return null
  }
}

/** Undefined without an active, valid span. */
export function activeTrace(): TraceContext | undefined {
  if (loaded === undefined) loaded = load()
  if (loaded === null) return undefined
  const { context, trace, isSpanContextValid } = loaded
  const span = trace.getSpanContext(context.active())
  if (span === undefined || !isSpanContextValid(span)) return undefined
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0')
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`
  const tracestate = span.traceState?.serialize() ?? ''
  return tracestate === '' ? { traceparent } : { traceparent, tracestate }
}
