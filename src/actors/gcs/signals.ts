// Signals of guest processes: what a number or a name becomes in a SignalProcess request, by guest and by what the guest supports.

import { InvalidConfigError } from '../../errors.js'
import type { GuestOS } from '../../protocol/guest-os.js'

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

function linuxNumber(signal: number | string): number | undefined {
  if (typeof signal === 'number') return signal >= 1 && signal <= LINUX_SIGNALS.length ? signal : undefined
  if (signal === '') return SIGTERM
  const name = signal.toUpperCase().replace(/^SIG/, '')
  const index = LINUX_SIGNALS.findIndex((known) => known === name)
  return index === -1 ? undefined : index + 1
}

function windowsNumber(signal: number | string): number | undefined {
  if (typeof signal === 'number') {
    return WINDOWS_EVENTS.has(signal) || signal === SIGTERM || signal === SIGKILL ? signal : undefined
  }
  for (const [number, name] of WINDOWS_EVENTS) if (name.toLowerCase() === signal.toLowerCase()) return number
  return undefined
}
