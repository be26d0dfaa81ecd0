// execInUVM: one command in the utility VM, its stdio relayed, its exit code the answer.

import { PassThrough, Readable, type Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { InvalidConfigError } from '../../errors.js'
import type { ProcessParameters } from '../../protocol/schema/index.js'
import type { CallOptions } from '../mailbox/contract.js'
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
  if (args !== undefined && (!Array.isArray(args) || args.some((arg) => typeof arg !== 'string'))) {
    refuse('args', args, 'expected an array of strings')
  }
  if (commandLine !== undefined && typeof commandLine !== 'string')
    refuse('commandLine', commandLine, 'expected a string')
  if (!commandLine && !args?.length) refuse('args', args, 'expected args or a commandLine')
  if (env !== undefined && Object.values(env).some((value) => typeof value !== 'string')) {
    refuse('env', env, 'expected strings')
  }
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

/**
 * Relays stdio until the process has exited and its output is through.
 *
 * @returns the exit code
 * @throws what the caller's own stream failed with, or what `wait` of the process rejects with; the process is killed where the guest allows it
 */
export async function relay(process: GuestProcessHandle, request: ExecRequest, options?: CallOptions): Promise<number> {
  const output = [copy(process.stdout, request.stdout), copy(process.stderr, request.stderr)]
  const input = feed(process.stdin, request.stdin)
  try {
    // A relay that fails ends the command; one that succeeds only says that this stream is through.
    const [exit] = await Promise.all([process.wait(options), ...output, input])
    return exit.exitCode
  } catch (error) {
    process.kill({ timeoutMs: KILL_TIMEOUT_MS }).catch(() => undefined)
    throw error
  } finally {
    await process.close()
    await Promise.allSettled([...output, input])
  }
}

/** How long a failed exec waits for the guest to take the kill, milliseconds. */
const KILL_TIMEOUT_MS = 10_000

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

async function feed(to: Writable | null, from: ExecRequest['stdin']): Promise<void> {
  if (to === null || from === undefined) return
  const source = from instanceof Readable ? from : Readable.from([from], { objectMode: false })
  // The process may exit without reading: that is no error. The caller's stream is not destroyed for it.
  const middle = new PassThrough()
  const ours = finished(to, { readable: false }).catch(() => undefined)
  const failure = new Promise<never>((_resolve, reject) => source.once('error', reject))
  failure.catch(() => middle.destroy())
  source.pipe(middle).pipe(to)
  try {
    await Promise.race([ours, failure])
  } finally {
    source.unpipe(middle)
    middle.destroy()
  }
}
