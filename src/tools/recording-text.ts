// A recording as lines for people: a frame a line, with what it is, whom it answers, how long that took, and its scrubbed body.

import type { RecordedFrame } from '../actors/gcs/connection/recording-format.js'
import {
  CONTAINER_NOTIFICATION,
  direction,
  DIRECTION,
  DIRECTION_MASK,
  REQUEST_TYPE,
} from '../protocol/bridge/header.js'
import { hexCode, hresultName } from '../protocol/hresult.js'
import type { Recording } from './recording-file.js'

const NAME_OF = new Map<number, string>(
  Object.entries(REQUEST_TYPE).map(([name, type]) => [type & ~DIRECTION_MASK, name]),
)

/** What may steer a terminal or turn a line around; a guest decides on much of the text. */

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function recordingLines({ header, frames }: Recording): string[] {
  const time = (ms: number): string => new Date(ms).toISOString()
  const left = header.dropped === 0 ? '' : `, ${header.dropped} older frames left out`
  const lines = [
    `guest connection of the ${header.guestOS} VM ${printable(JSON.stringify(header.vmId))} (${printable(header.runtimeId)})`,
    `began ${time(header.startedMs)}, recorded until ${time(header.savedMs)}: ${frames.length} frames${left}`,
    header.cause === undefined ? 'it had not broken' : `it broke: ${printable(header.cause)}`,
    '',
  ]
  const asked = new Map<bigint, RecordedFrame>()
  for (const frame of frames) {
    lines.push(printable(lineOf(frame, asked)))
    if (frame.direction === 'out') asked.set(BigInt(frame.id), frame)
  }
  return lines
}

function lineOf(frame: RecordedFrame, asked: ReadonlyMap<bigint, RecordedFrame>): string {
  const { at, direction: way, type, id, size, body } = frame
  const request = way === 'in' && direction(type) === DIRECTION.response ? asked.get(BigInt(id)) : undefined
  const took = request === undefined ? '' : ` (${(at - request.at).toFixed(3)} ms)`
  const head = `${at.toFixed(3).padStart(12)} ms ${way === 'out' ? '->' : '<-'} ${nameOf(type, request).padEnd(22)} id ${id}, ${size} bytes${took}`
  return `${head}${failureOf(body)} ${body === undefined ? '(no body kept)' : bodyText(body)}`
}

function nameOf(type: number, request: RecordedFrame | undefined): string {
  if (type === CONTAINER_NOTIFICATION) return 'container notification'
  // The confidential sidecar answers failures with a type that names nothing.
  const name = NAME_OF.get(type & ~DIRECTION_MASK) ?? (request && NAME_OF.get(request.type & ~DIRECTION_MASK))
  return name ?? hexCode(type)
}

function failureOf(body: RecordedFrame['body']): string {
  const result = body?.['Result']
  return typeof result === 'number' && result !== 0 ? ` FAILED ${hresultName(result)}` : ''
}

function bodyText(body: Record<string, unknown>): string {
  return JSON.stringify(body, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}
