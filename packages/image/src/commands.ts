// Running the tools of the build. A tool that is not there, a full disk and an index that cannot be reached are told apart here, so that
// each is one typed error wherever it is met.

import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { AbortError, ImageError, type ImageErrorReason } from 'uvm-actors'

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
  /** What a failure is when its text says nothing more special. Default 'tool-failed'. */
  reason?: ImageErrorReason
  help?: string
}

/** What a tool writes is kept up to here, bytes of each stream: enough for a list of packages or a compiler's complaint. */
const MAX_OUTPUT = 8 * 1024 * 1024
const SHOWN_LINES = 6

const NO_SPACE = /no space left on device|disk quota exceeded|not enough (free )?space/i
const NO_NETWORK =
  /could not (resolve|connect)|unable to (connect|locate package)|temporary failure|failed to fetch|no such host|connection (refused|timed out)|network is unreachable|spurious network error|dial tcp|403 forbidden|404 not found|i\/o timeout|hash sum mismatch/i

/** The path of a program on PATH; undefined when there is none. */
export async function findTool(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  const places = isAbsolute(name)
    ? [name]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((place) => join(place, name))
  for (const place of places) {
    try {
      await access(place, constants.X_OK)
      return place
    } catch {
      // Not there: the next one.
    }
  }
  return undefined
}

/** Which of the typed failures a tool's complaint is. */
export function reasonOf(complaint: string, usual: ImageErrorReason): ImageErrorReason {
  if (NO_SPACE.test(complaint)) return 'no-space'
  if (NO_NETWORK.test(complaint)) return 'index-unreachable'
  return usual
}

/** What was asked of the system failed: a full disk is told as that. */
export function fileFailure(what: string, error: unknown): ImageError {
  const { code, message } = error as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new ImageError({ reason: full ? 'no-space' : 'tool-failed', what: `${what}: ${message}`, cause: error })
}

/** Runs a program to its end and gives what it wrote to its standard output. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { signal } = options
  if (signal?.aborted === true) throw new AbortError({ op: 'image.build' })
  const what = [program.split('/').at(-1), ...args].join(' ').slice(0, 160)
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  })
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  for (const name of ['stdout', 'stderr'] as const) {
    let size = 0
    child[name].on('data', (bytes: Buffer) => {
      size += bytes.length
      if (size <= MAX_OUTPUT) written[name].push(bytes)
    })
  }
  const end = await new Promise<{ code?: number | null; name?: string | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ error }))
    child.once('close', (code, name) => resolve({ code, name }))
  })
  if (end.error?.name === 'AbortError') throw new AbortError({ op: 'image.build' })
  if (end.error !== undefined) throw fileFailure(what, end.error)
  if (end.code === 0) return Buffer.concat(written.stdout).toString('utf8')
  const complaint = Buffer.concat(written.stderr).toString('utf8')
  const shown = complaint
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('W: '))
    .slice(-SHOWN_LINES)
    .join(' | ')
  const reason = reasonOf(complaint, options.reason ?? 'tool-failed')
  const how = end.name === null ? `exit code ${String(end.code)}` : String(end.name)
  throw new ImageError({ reason, what: `${what}: ${how}: ${shown.slice(0, 1000)}`, help: HELP[reason] ?? options.help })
}

/** What helps against a failure that has the same cure wherever it is met. */
const HELP: Partial<Record<ImageErrorReason, string>> = {
  'no-space': 'make room, or set cacheDirectory to a larger disk',
  'index-unreachable': 'run: apt-get update (and see that the configured package sources can be reached)',
}
