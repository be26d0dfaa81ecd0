// The end of the process with something open in the DLL. Node.js ends its threads first, and a native callback that fires between the end
// of the callback thread and that of the process aborts it: a signal in place of the exit code. So then the process is ended on the spot,
// with its own exit code; the system closes what it had open, as it does for any process.

import koffi from 'koffi'
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import type { Ledger } from './ledger.js'

const ledgers = new Set<Ledger>()

/** Ends the process now: no handler runs any more. Resolved ahead of time, since it is needed when little works. */
let endProcess: ((code: number) => void) | undefined

/** What Node.js would print after the 'exit' listeners have run, when the process dies of an error. */
let uncaught: { error: unknown } | undefined

function resolveEnd(): (code: number) => void {
  if (process.platform === 'win32') {
    const terminate = koffi.load('kernel32.dll').func('bool TerminateProcess(intptr_t process, uint32_t code)')
    const currentProcess = -1
    return (code) => terminate(currentProcess, code)
  }
  return koffi.load(null).func('void _exit(int code)') as unknown as (code: number) => void
}

function onError(error: unknown): void {
  uncaught = { error }
  // When the process dies of it, it does so before this runs; when somebody handles it, it is none of our business.
  setImmediate(() => (uncaught = undefined)).unref()
}

function onExit(code: number): void {
  // Every ledger, also after one that is not empty: no native call starts from here on.
  const open = [...ledgers].filter((ledger) => !ledger.end())
  if (open.length === 0) return
  // Those registered after this one would not get their turn.
  const listeners = process.listeners('exit') as ((code: number) => void)[]
  for (const listener of listeners.slice(listeners.indexOf(onExit) + 1)) {
    try {
      listener.call(process, code)
    } catch (error) {
      uncaught ??= { error }
    }
  }
  const { exitCode } = process
  try {
    if (uncaught !== undefined) writeSync(2, `Uncaught ${inspect(uncaught.error)}\n\nNode.js ${process.version}\n`)
  } catch {
    // Nobody reads it.
  }
  endProcess?.(typeof exitCode === 'number' ? exitCode : code)
}

/**
 * From here until `release`, the process ends well whatever is open in this ledger. Only the main thread can see to it: a Host in a
 * worker thread must be closed before that thread ends.
 */
export function guardExit(ledger: Ledger): { release: () => void } {
  if (!isMainThread) return { release: () => undefined }
  endProcess ??= resolveEnd()
  if (ledgers.size === 0) {
    process.on('exit', onExit)
    process.on('uncaughtExceptionMonitor', onError)
  }
  ledgers.add(ledger)
  return {
    release: () => {
      if (!ledgers.delete(ledger) || ledgers.size > 0) return
      process.off('exit', onExit)
      process.off('uncaughtExceptionMonitor', onError)
    },
  }
}
