// A program run in a process of its own.

import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface ChildOptions {
  env?: Record<string, string>
  args?: string[]
  nodeArgs?: string[]
  /** Told of everything printed so far, with the means to signal the child. */
  onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs a built file of this package, given relative to its root, with Node.js. */
export function runNode(file: string, options: ChildOptions = {}): Promise<Ended> {
  const { env = {}, args = [], nodeArgs = [], onOutput } = options
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url))
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended: Ended = { code: null, signal: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text
    onOutput?.(ended.stdout, (signal) => void child.kill(signal))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ ...ended, code, signal }))
  })
}

/** A directory for a child's temporary files, with the question whether it ever put anything there. */
export interface TemporaryDirectory {
  readonly path: string
  entries(): Promise<string[]>
  /** Whether anything was ever created in it, or removed. */
  touched(): Promise<boolean>
  remove(): Promise<void>
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp('/tmp/t-')
  const { mtimeNs } = await stat(path, { bigint: true })
  return {
    path,
    entries: () => readdir(path),
    touched: async () => (await stat(path, { bigint: true })).mtimeNs !== mtimeNs,
    remove: () => rm(path, { recursive: true }),
  }
}
