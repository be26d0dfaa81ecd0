// The events of a Guest.

import type { EventNames } from '../events.js'
import type { GuestLogEntry } from './connection/guest-log.js'
import type { LogRecord } from './managers.js'

export interface GuestEvents {
  /** The connection ended; no error when it was closed on purpose. */
  disconnected: [error?: Error]
  /** A lost connection is there again: calls are possible, and waits have stayed. */
  reconnected: []
  log: [LogRecord]
  /** What came faster than it was taken: 'log' entries or 'warning' events, the oldest, before those that follow. */
  dropped: [what: string, count: number]
  warning: [Error]
  /** A container of this guest has exited. */
  'container-exited': [id: string]
  /** The recording of a connection that broke was written to this file. */
  recording: [path: string]
}

export const GUEST_EVENTS: EventNames<GuestEvents> = {
  disconnected: true,
  log: true,
  warning: true,
  'container-exited': true,
  recording: true,
  reconnected: true,
  dropped: true,
}

export function logRecord({ timeMs, ...rest }: GuestLogEntry): LogRecord {
  return timeMs === undefined ? rest : { ...rest, time: new Date(timeMs) }
}
