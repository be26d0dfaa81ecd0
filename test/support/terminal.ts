// A program at a real terminal: a pseudo-terminal by `script` of util-linux, which has what a person's terminal has: echo, Ctrl-C, a width.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Why there is no terminal to test at; undefined when there is one. */
export const noTerminal: string | undefined =
  process.platform === 'linux' &&
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')
    ? undefined
    : 'there is no script(1) of util-linux'

export interface TerminalRun {
  /** Everything shown so far. */
  readonly shown: () => string
  /** Resolves once the pattern is shown. Rejects when the program ends before. */
  seen(pattern: RegExp): Promise<void>
  /** As typed: '\x03' is Ctrl-C. */
  type(text: string): void
  /** Takes the terminal away, as closing its window does. */
  hangUp(): void
  /** The program's exit code. */
  readonly ended: Promise<number>
}

/** Runs a built file of this package at a terminal of that many columns. */
export function runAtTerminal(
  file: string,
  args: readonly string[],
  { columns = 100, env = {} }: { columns?: number; env?: Record<string, string> } = {},
): TerminalRun {
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url))
  const command = [process.execPath, path, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const script = `stty cols ${columns} rows 24; exec ${command}`
  const child: ChildProcess = spawn('script', ['-q', '-e', '-f', '-c', script, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  const looking = new Set<() => void>()
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    for (const look of looking) look()
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGHUP' ? 129 : -1)))
  })
  return {
    shown: () => shown,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(shown)) return
          looking.delete(look)
          resolve()
        }
        looking.add(look)
        void ended.then((code) => reject(new Error(`ended with ${code} before ${pattern} was shown: ${shown}`)))
        look()
      }),
    type: (text) => void child.stdin!.write(text),
    hangUp: () => void child.kill('SIGHUP'),
    ended,
  }
}
