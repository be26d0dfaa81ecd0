// Runs a measurement in a fresh process, so that what one leaves behind does not count for the next. Its result comes as a message.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Child {
  /** The next message. @throws {Error} the process has ended instead */
  message<T>(): Promise<T>
  send(message: unknown): void
  readonly pid: number
  /** Waits until it has ended by itself. */
  ended(): Promise<void>
  kill(): void
}

/** `entry` is a module of the benchmarks, beside `base`. */
export function startChild(base: string, entry: string, args: readonly (string | number)[]): Child {
  const child: ChildProcess = fork(fileURLToPath(new URL(entry, base)), args.map(String), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const messages: unknown[] = []
  let wake: (() => void) | undefined
  child.on('message', (message) => {
    messages.push(message)
    wake?.()
  })
  const ended = once(child, 'exit').then(() => {
    wake?.()
  })
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message as object),
    message: async <T>() => {
      while (messages.length === 0) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${entry} has ended`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
      return messages.shift() as T
    },
    ended: () => ended,
    kill: () => void child.kill(),
  }
}

/** What a child measured; it has ended when this resolves. */
export async function measured<T>(base: string, entry: string, args: readonly (string | number)[]): Promise<T> {
  const child = startChild(base, entry, args)
  const result = await child.message<T>()
  await child.ended()
  return result
}

/** In the child: gives the result, and lets the process end. */
export function report(result: unknown): void {
  process.send?.(result, () => process.disconnect())
}
