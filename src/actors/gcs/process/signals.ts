// Signals of guest processes: what a number or a name becomes in a SignalProcess request, by guest and by what the guest supports.

import { InvalidConfigError } from '../../../errors.js'
import type { GuestOS } from '../../../protocol/guest-os.js'

/** Linux signal names by number, from 1. */
const LINUX_SIGNALS = [
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
] as const

/** Windows console events by number. */
const WINDOWS_EVENTS: ReadonlyMap<number, string> = new Map([
  [0, 'CtrlC'],
  [1, 'CtrlBreak'],
  [2, 'CtrlClose'],
  [5, 'CtrlLogOff'],
  [6, 'CtrlShutdown'],
])

const SIGKILL = 9
const SIGTERM = 15
/** What ends a process even on a guest that knows no signals: ABRT (or CtrlShutdown), KILL, TERM. */
const ENDING: readonly number[] = [6, SIGKILL, SIGTERM]

/** The Options member of the request as JSON text; undefined for a forced kill, which has none. */
export type SignalOptions = string | undefined

/**
 * Linux takes numbers and names (`TERM`, `SIGTERM`), Windows the names of console events and the numbers that stand for them, besides
 * `TERM` (CtrlShutdown) and `KILL`. An empty name is the default stop signal.
 *
 * @param signal undefined: a forced kill
 * @throws {InvalidConfigError} a signal the guest has not, or that it cannot be sent without support for signals
 */
export function signalOptions(
  guestOS: GuestOS,
  signal: number | string | undefined,
  isSupported: boolean,
  context: { op: string; id: string },
): SignalOptions {
  if (signal === undefined) return undefined
  const refuse = (reason: string): InvalidConfigError =>
    new InvalidConfigError({ ...context, path: 'Signal', value: signal, reason })
  const number = guestOS === 'linux' ? linuxNumber(signal) : windowsNumber(signal)
  if (number === undefined) throw refuse(`a ${guestOS} guest has no such signal`)
  if (!isSupported) {
    if (ENDING.includes(number)) return undefined
    throw refuse('this guest can only be asked to end a process')
  }
  if (guestOS === 'linux') return `{"Signal":${number}}`
  if (number === SIGKILL) return undefined
  return `{"Signal":"${number === SIGTERM ? 'CtrlShutdown' : WINDOWS_EVENTS.get(number)}"}`
}

/** A signal written as a number in a string is that number. */
function asNumber(signal: number | string): number | undefined {
  if (typeof signal === 'number') return signal
  return /^\d{1,3}$/.test(signal) ? Number(signal) : undefined
}

function withoutSig(name: string): string {
  return name.toUpperCase().replace(/^SIG/, '')
}

function linuxNumber(signal: number | string): number | undefined {
  const number = asNumber(signal)
  if (number !== undefined) return number >= 1 && number <= LINUX_SIGNALS.length ? number : undefined
  if (signal === '') return SIGTERM
  const name = withoutSig(String(signal))
  const index = LINUX_SIGNALS.findIndex((known) => known === name)
  return index === -1 ? undefined : index + 1
}

function windowsNumber(signal: number | string): number | undefined {
  const number = asNumber(signal)
  if (number !== undefined) {
    return WINDOWS_EVENTS.has(number) || number === SIGTERM || number === SIGKILL ? number : undefined
  }
  const name = withoutSig(String(signal))
  if (name === '' || name === 'TERM') return SIGTERM
  if (name === 'KILL') return SIGKILL
  for (const [event, known] of WINDOWS_EVENTS) if (known.toUpperCase() === name) return event
  return undefined
}
