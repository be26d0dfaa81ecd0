// Signals of Linux, and what they do to a process that does not handle them.

/** Exit code of a container process that a signal ended. */
export const SIGNAL_EXIT_BASE = 128
/** What a UVM process that was ended by a signal reports: its exit cannot be told. */
export const UNKNOWN_EXIT = 0xffff_ffff

export const SIGKILL = 9
export const SIGTERM = 15
const HIGHEST_SIGNAL = 64

/** Ignored unless a program asks for them: CHLD, CONT, URG, WINCH; and the stop signals, which these programs do not act on. */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 23, 28])

export function isSignal(signal: number): boolean {
  return signal >= 1 && signal <= HIGHEST_SIGNAL
}

export function endsProcess(signal: number): boolean {
  return !HARMLESS.has(signal)
}

const NAMES: ReadonlyMap<string, number> = new Map([
  ['HUP', 1],
  ['INT', 2],
  ['QUIT', 3],
  ['USR1', 10],
  ['USR2', 12],
  ['PIPE', 13],
  ['ALRM', 14],
  ['TERM', SIGTERM],
])

/** A signal by name, with or without SIG, or by number. */
export function signalNumber(text: string): number | undefined {
  return NAMES.get(text.toUpperCase().replace(/^SIG/, '')) ?? (/^\d+$/.test(text) ? Number(text) : undefined)
}
