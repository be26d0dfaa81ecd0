// Ctrl-C and its like: the first signal ends the work in order, a second one leaves at once.

/** Signals that end the work, with the exit code of a program that they ended. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

type EndingSignal = keyof typeof EXIT_CODES

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** The exit code of the signal that came; undefined while none has. */
  readonly exitCode: number | undefined
  /** Gives the signals their own effect back. */
  release(): void
}

/**
 * Listens until released. The listeners stay when a signal has come: libraries that restore the terminal end the process by themselves when
 * they find that theirs is the only one left.
 */
export function onInterruption(tell: (text: string) => void): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  const listeners = (Object.keys(EXIT_CODES) as EndingSignal[]).map((name) => {
    const listener = (): void => {
      // Whoever asks twice does not want to wait.
      if (exitCode !== undefined) process.exit(EXIT_CODES[name])
      exitCode = EXIT_CODES[name]
      tell(`${name}: taking everything down; once more to leave at once`)
      controller.abort(new Error(`interrupted by ${name}`))
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    release: () => {
      for (const off of listeners) off()
    },
  }
}
