// execInUVM: one command in the utility VM, its stdio relayed, its exit code the answer.

import type { Readable, Writable } from 'node:stream'
import {
  BridgeClosedError,
  GuestRPCError,
  InvalidConfigError,
  InvalidStateError,
  OperationTimeoutError,
  UVMError,
  withHint,
} from '../../../errors.js'
import { BOOLEAN, row, secret, STRING, STRINGS } from '../../../options/rows.js'
import { checkPresent, optionTable } from '../../../options/table.js'
import { isRecord, kindOf } from '../../../protocol/json.js'
import type { ProcessParameters } from '../../../protocol/schema/index.js'
import type { CallOptions, CallSubject } from '../../mailbox/contract.js'
import { ofWhole, within } from '../../mailbox/within.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { isBlankCommand } from '../../../protocol/lcow-hazards.js'
import type { ExecRequest, GuestProcessHandle } from '../managers.js'
import { readArgument } from '../../arguments.js'
import { startProcess, type ProcessHost } from './process-start.js'
import { pump } from './pump.js'
import { StdioReadable } from './stdio-streams.js'

const LINUX_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const WINDOWS_SYSTEM_USER = 'NT AUTHORITY\\SYSTEM'

const WRITABLE = row('a Writable', (value) => canDo(value, 'write'))

/** Guest.execInUVM. What runs, and with what, is nobody's business but the caller's. */
export const EXEC_REQUEST = optionTable<ExecRequest>('request', {
  args: secret(STRINGS),
  commandLine: secret(STRING),
  workingDirectory: STRING,
  env: secret(
    row('strings', (value) => {
      return (
        isRecord(value) && kindOf(value) === undefined && Object.values(value).every((text) => typeof text === 'string')
      )
    }),
  ),
  user: STRING,
  terminal: BOOLEAN,
  stdin: secret(
    row('a Readable, a string or a Uint8Array', (value) => {
      return typeof value === 'string' || value instanceof Uint8Array || canDo(value, 'pipe')
    }),
  ),
  stdout: WRITABLE,
  stderr: WRITABLE,
})

/**
 * The process parameters of a request, with the defaults of the reference implementation's diagnostic exec: Linux runs in `/` with the
 * usual PATH, Windows in `C:\` as SYSTEM.
 *
 * @throws {InvalidConfigError} neither `args` nor `commandLine`, stderr together with a terminal, or a wrong type
 */
export function execParameters(request: ExecRequest, guestOS: GuestOS, subject: CallSubject): ProcessParameters {
  checkPresent(subject, request, EXEC_REQUEST)
  const { args, commandLine, env, terminal = false } = request
  if (!commandLine && !args?.length) {
    throw new InvalidConfigError({ ...subject, path: 'args', reason: 'expected args or a commandLine' })
  }
  if (commandLine && (guestOS === 'windows' ? commandLine.trim() === '' : isBlankCommand(commandLine))) {
    throw new InvalidConfigError({ ...subject, path: 'commandLine', secret: commandLine, reason: 'expected a command' })
  }
  if (terminal && request.stderr !== undefined) {
    throw new InvalidConfigError({ ...subject, path: 'stderr', reason: 'a terminal has no stderr of its own' })
  }

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

/** Listeners for one event that an exec has on a stream at most: it may be both stdout and stderr. */
const LISTENERS = 4

/**
 * Keeps a stream of the caller that fails before the relay listens from ending the program: the relay finds it broken. Makes room for the
 * listeners of many commands on one stream. The returned function ends that.
 */
function guardStreams({ stdin, stdout, stderr }: ExecRequest): () => void {
  const streams = [stdin, stdout, stderr].filter((stream) => typeof stream === 'object' && 'on' in stream)
  const hear = (): void => undefined
  for (const stream of streams) {
    makeRoom(stream, LISTENERS)
    stream.on('error', hear)
  }
  return () => {
    for (const stream of streams) {
      stream.off('error', hear)
      makeRoom(stream, -LISTENERS)
    }
  }
}

/** No limit, which is 0, stays none. Streams that are none of ours may have no limits. */
function makeRoom(
  stream: { getMaxListeners?(): number; setMaxListeners?(limit: number): unknown },
  more: number,
): void {
  const limit = stream.getMaxListeners?.() ?? 0
  if (limit > 0) stream.setMaxListeners?.(Math.max(1, limit + more))
}

/** What a command is run on. */
export interface ExecHost extends ProcessHost {
  readonly subject: CallSubject
  /** @throws {GuestConnectionUnavailableError} */
  ready(): void
  /** Ends what runs when the connection breaks. */
  guard<T>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** A program that was given up goes on in the guest. */
  onLeft(error: Error): void
}

/** Starts the command and relays its stdio until it has exited. @returns the exit code */
export async function runInUVM(
  host: ExecHost,
  request: ExecRequest,
  options: CallOptions | undefined,
): Promise<number> {
  const { subject, guestOS } = host
  const { clock } = host.mailbox
  const startedMs = clock.now()
  const parameters = readArgument(subject, 'request', () => execParameters(request, guestOS, subject))
  const release = guardStreams(request)
  try {
    host.ready()
    const process = await startProcess(host, undefined, parameters, subject, options)
    // The caller's time counts from the call: what the start took is gone.
    const timeoutMs = options?.timeoutMs
    const left = timeoutMs === undefined ? undefined : Math.max(timeoutMs - (clock.now() - startedMs), Number.MIN_VALUE)
    return await relay(process, request, host, { signal: options?.signal, timeoutMs: left })
  } catch (error) {
    throw ofWhole(error, options)
  } finally {
    release()
  }
}

/** How long a failed exec waits for the guest to take the kill, milliseconds. */
const KILL_TIMEOUT_MS = 10_000

/**
 * Relays stdio until the process has exited and its output is through.
 *
 * @returns the exit code
 * @throws what a stream of the caller failed with, what `wait` of the process rejects with, or the caller's signal or time; the process is
 *   killed then where the guest allows it
 * @throws {BridgeClosedError} the output was cut, also when the exit had been told before
 */
async function relay(
  process: GuestProcessHandle,
  request: ExecRequest,
  host: ExecHost,
  options: CallOptions,
): Promise<number> {
  const exit = process.wait()
  const whenCut = (error: BridgeClosedError): Promise<never> => cutOff(error, exit, host)
  const output = [copy(process.stdout, request.stdout, whenCut), copy(process.stderr, request.stderr, whenCut)]
  const input = feed(process.stdin, request.stdin)
  const through = Promise.all([exit, ...output.map(({ done }) => done)]).then(([{ exitCode }]) => exitCode)
  // Input that nobody reads does not hold the exit up; only its failure ends the command.
  const failed = input.done.then(() => new Promise<never>(() => undefined))
  const state = { isOver: false }
  exit.then(
    () => (state.isOver = true),
    () => (state.isOver = true),
  )
  try {
    const work = Promise.race([through, failed])
    return await host.guard(options.signal, (signal) =>
      within(work, host.subject, { ...options, signal }, host.mailbox.clock),
    )
  } catch (error) {
    if (state.isOver) throw error
    void giveUp(process, host)
    const hint = `the program may go on in the guest, as process ${process.pid}`
    throw error instanceof UVMError ? withHint(error, hint) : error
  } finally {
    for (const { stop } of [...output, input]) stop()
    await process.close()
  }
}

/** Kills a program that nobody waits for; where the guest does not allow that, it says so. */
async function giveUp(process: GuestProcessHandle, { subject, onLeft }: ExecHost): Promise<void> {
  try {
    await process.kill({ timeoutMs: KILL_TIMEOUT_MS })
  } catch (cause) {
    // Without a connection there is nobody to tell of it: its end was told.
    if (!(cause instanceof GuestRPCError) && !(cause instanceof OperationTimeoutError)) return
    const reason = `process ${process.pid} was given up and goes on in the guest, which did not end it: ${cause.message}`
    onLeft(new InvalidStateError({ ...subject, state: 'left-running', reason, cause }))
  }
}

/**
 * Rejects. A port closes before the loss of its thread, or a break, is heard of here: whoever waits for the process, and the guard of the
 * command, know the reason better and are let go first.
 */
async function cutOff(
  cause: BridgeClosedError,
  exit: Promise<unknown>,
  { mailbox, subject }: ExecHost,
): Promise<never> {
  const isThere = await mailbox.call('negotiated', {}, subject).then(
    () => true,
    () => false,
  )
  if (!isThere) await exit
  throw new BridgeClosedError({ ...subject, reason: 'the output of the command was cut', cause })
}

interface Relay {
  readonly done: Promise<void>
  readonly stop: () => void
}

const NOTHING: Relay = { done: Promise.resolve(), stop: () => undefined }

/** Copies without ending the caller's stream. `done` rejects when that fails, and when the output was cut: the exit may be known by then. */
function copy(
  from: Readable | null,
  to: Writable | undefined,
  whenCut: (error: BridgeClosedError) => Promise<never>,
): Relay {
  if (from === null || to === undefined) return NOTHING
  const { done, stop } = pump(from, to)
  const copied = done.then(({ side, error }) => {
    if (side === 'sink') throw error ?? new Error('the stream for the output was ended')
    const cut = from instanceof StdioReadable ? from.cut : undefined
    return cut === undefined ? undefined : whenCut(cut)
  })
  return { done: copied, stop }
}

/**
 * Writes the caller's input and then half-closes. `done` rejects with what the caller's stream failed with. The caller's stream is neither
 * destroyed nor read further once the process no longer takes input.
 */
function feed(to: Writable | null, from: ExecRequest['stdin']): Relay {
  if (to === null || from === undefined) return NOTHING
  if (typeof from === 'string' || from instanceof Uint8Array) {
    to.end(from)
    return NOTHING
  }
  const { done, stop } = pump(from, to)
  const fed = done.then(({ side, error, thrown }) => {
    if (side === 'sink' && thrown !== true) return
    if (error !== undefined) throw error
    to.end()
  })
  return { done: fed, stop }
}
