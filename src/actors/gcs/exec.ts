// execInUVM: one command in the utility VM, its stdio relayed, its exit code the answer.

import { finished, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InvalidConfigError } from '../../errors.js'
import type { ProcessParameters } from '../../protocol/schema/index.js'
import type { CallOptions, CallSubject } from '../mailbox/contract.js'
import { within } from '../mailbox/within.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { ExecRequest, GuestProcessHandle } from './managers.js'

const LINUX_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const WINDOWS_SYSTEM_USER = 'NT AUTHORITY\\SYSTEM'

/**
 * The process parameters of a request, with the defaults of the reference implementation's diagnostic exec: Linux runs in `/` with the
 * usual PATH, Windows in `C:\` as SYSTEM.
 *
 * @throws {InvalidConfigError} neither `args` nor `commandLine`, stderr together with a terminal, or a wrong type
 */
export function execParameters(request: ExecRequest, guestOS: GuestOS, vmId: string): ProcessParameters {
  const refuse = (path: string, value: unknown, reason: string): never => {
    throw new InvalidConfigError({ op: 'guest.execInUVM', id: vmId, path, value, reason })
  }
  if (typeof request !== 'object' || (request as unknown) === null)
    return refuse('request', request, 'expected an object')
  const { args, commandLine, env, terminal = false } = request
  checkKinds(request, refuse)
  if (args !== undefined && (!Array.isArray(args) || args.some((arg) => typeof arg !== 'string'))) {
    refuse('args', args, 'expected an array of strings')
  }
  if (commandLine !== undefined && typeof commandLine !== 'string')
    refuse('commandLine', commandLine, 'expected a string')
  if (!commandLine && !args?.length) refuse('args', args, 'expected args or a commandLine')
  if (env !== undefined && Object.values(env).some((value) => typeof value !== 'string')) {
    refuse('env', env, 'expected strings')
  }
  if (typeof terminal !== 'boolean') refuse('terminal', terminal, 'expected a boolean')
  if (terminal && request.stderr !== undefined) refuse('stderr', '[stream]', 'a terminal has no stderr of its own')

  const command: ProcessParameters =
    guestOS === 'windows'
      ? { CommandLine: commandLine || windowsCommandLine(args ?? []), User: request.user ?? WINDOWS_SYSTEM_USER }
      : commandLine
        ? { CommandLine: commandLine }
        : { CommandArgs: [...(args ?? [])] }
  // Entries with an empty value are dropped, as the reference host does.
  const variables = Object.entries(env ?? {}).filter(([, value]) => value !== '')
  if (guestOS === 'linux' && env?.['PATH'] === undefined) variables.unshift(['PATH', LINUX_PATH])
  return {
    ...command,
    WorkingDirectory: request.workingDirectory ?? (guestOS === 'windows' ? 'C:\\' : '/'),
    ...(variables.length > 0 ? { Environment: Object.fromEntries(variables) } : {}),
    ...(terminal ? { EmulateConsole: true } : {}),
    ...(request.stdin === undefined ? {} : { CreateStdInPipe: true }),
    ...(request.stdout === undefined ? {} : { CreateStdOutPipe: true }),
    ...(request.stderr === undefined ? {} : { CreateStdErrPipe: true }),
  }
}

function checkKinds(request: ExecRequest, refuse: (path: string, value: unknown, reason: string) => never): void {
  for (const path of ['workingDirectory', 'user'] as const) {
    const value: unknown = request[path]
    if (value !== undefined && typeof value !== 'string') refuse(path, value, 'expected a string')
  }
  const { stdin } = request
  const isBytes = typeof stdin === 'string' || stdin instanceof Uint8Array
  if (stdin !== undefined && !isBytes && !canDo(stdin, 'pipe')) {
    refuse('stdin', stdin, 'expected a Readable, a string or a Uint8Array')
  }
  for (const path of ['stdout', 'stderr'] as const) {
    const stream = request[path]
    if (stream !== undefined && !canDo(stream, 'write')) refuse(path, stream, 'expected a Writable')
  }
}

/** Streams are told by what they do: there are Readables that are no instance of ours. */
function canDo(stream: unknown, method: 'pipe' | 'write'): boolean {
  return typeof stream === 'object' && stream !== null && typeof (stream as never)[method] === 'function'
}

/**
 * Arguments joined so that the Microsoft C runtime splits them again as given: quotes around what is empty or has a space, tab or quote,
 * a backslash before each quote, and backslashes doubled where a quote follows.
 */
export function windowsCommandLine(args: readonly string[]): string {
  return args.map(quoteWindowsArgument).join(' ')
}

function quoteWindowsArgument(arg: string): string {
  if (arg !== '' && !/[\s"]/.test(arg)) return arg
  return `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}

/** How long a failed exec waits for the guest to take the kill, milliseconds. */
const KILL_TIMEOUT_MS = 10_000

/**
 * Relays stdio until the process has exited and its output is through.
 *
 * @returns the exit code
 * @throws what a stream of the caller failed with, what `wait` of the process rejects with, or the caller's signal or time; the process is
 *   killed then where the guest allows it
 */
export async function relay(
  process: GuestProcessHandle,
  request: ExecRequest,
  subject: CallSubject,
  options?: CallOptions,
): Promise<number> {
  const output = [copy(process.stdout, request.stdout), copy(process.stderr, request.stderr)]
  const input = feed(process.stdin, request.stdin)
  const through = Promise.all([process.wait(), ...output]).then(([exit]) => exit.exitCode)
  // Input that nobody reads does not hold the exit up; only its failure ends the command.
  const failed = input.done.then(() => new Promise<never>(() => undefined))
  try {
    return await within(Promise.race([through, failed]), subject, options)
  } catch (error) {
    process.kill({ timeoutMs: KILL_TIMEOUT_MS }).catch(() => undefined)
    throw error
  } finally {
    input.stop()
    await process.close()
    await Promise.allSettled(output)
  }
}

/** Copies without ending the caller's stream: it may be process.stdout. */
async function copy(from: Readable | null, to: Writable | undefined): Promise<void> {
  if (from === null || to === undefined) return
  try {
    await pipeline(from, to, { end: false })
  } catch (error) {
    // The guest's end going away is told by wait(); only the caller's own failure is an error of the relay.
    if (to.errored !== null || to.destroyed) throw error
  }
}

/**
 * Writes the caller's input and then half-closes. `done` rejects with what the caller's stream failed with. The caller's stream is neither
 * destroyed nor read further once the process no longer takes input.
 */
function feed(to: Writable | null, from: ExecRequest['stdin']): { done: Promise<void>; stop: () => void } {
  if (to === null || from === undefined) return { done: Promise.resolve(), stop: () => undefined }
  if (typeof from === 'string' || from instanceof Uint8Array) {
    to.end(from)
    return { done: Promise.resolve(), stop: () => undefined }
  }
  let stop = (): void => undefined
  const done = new Promise<void>((resolve, reject) => {
    const take = (chunk: unknown): void => {
      try {
        if (!to.write(chunk)) from.pause()
      } catch (error) {
        // Not bytes, from a stream of objects.
        reject(error as Error)
      }
    }
    const more = (): void => void from.resume()
    const forget = finished(from, { writable: false }, (error) => {
      stop()
      if (error) reject(error)
      else {
        to.end()
        resolve()
      }
    })
    stop = (): void => {
      forget()
      from.off('data', take)
      to.off('drain', more)
      to.off('close', gone)
      from.pause()
    }
    const gone = (): void => {
      stop()
      resolve()
    }
    to.on('drain', more)
    to.once('close', gone)
    from.on('data', take)
  })
  return { done, stop: () => stop() }
}
