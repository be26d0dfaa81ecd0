// A command in a VM or one of its containers, on an upgraded connection: its streams in frames, its exit as the last message. When the other
// end goes away the command is killed, where the guest allows it.

import { Writable, type Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execParameters, windowsCommandLine } from '../actors/gcs/process/exec.js'
import type { GuestProcessHandle } from '../actors/gcs/managers.js'
import type { Guest } from '../actors/gcs/proxy.js'
import { isRecord } from '../protocol/json.js'
import type { LcowProcessParameters, ProcessParameters } from '../protocol/schema/index.js'
import { ControlRequestError, failureOf } from './failure.js'
import type { StdioFrameError } from './frames.js'
import { CHANNEL, encodeFrames, encodeMessage, FrameReader, type Channel, type StdioFrame } from './frames.js'
import type { ExecStart, ExecStarted } from './messages.js'

const LINUX_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** How long a command whose reader went away is waited for, once it was killed, milliseconds. */
const KILL_TIMEOUT_MS = 10_000

/** Serves one command. Never rejects; the socket is ended. */
export async function serveExec(guest: Guest, socket: Duplex, head: Buffer): Promise<void> {
  const frames = new Frames(socket, head)
  try {
    const first = await frames.first()
    const start = readStart(first)
    const { process, release } = await startCommand(guest, start)
    try {
      await relay(process, socket, frames)
    } finally {
      await process.close()
      await release()
    }
  } catch (error) {
    if (!socket.destroyed) socket.write(encodeMessage(CHANNEL.end, failureOf(error)))
  } finally {
    frames.close()
    socket.end()
  }
}

function readStart({ channel, payload }: StdioFrame): ExecStart {
  const start = channel === CHANNEL.control ? readJson(payload) : undefined
  if (!isRecord(start)) throw new ControlRequestError(400, 'expected what to run, as the first message')
  return start as ExecStart
}

function readJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The first frame by itself, all others in order to whoever takes them then; `paused` while a reader is behind. */
class Frames {
  readonly #reader = new FrameReader()
  readonly #waiting: StdioFrame[] = []
  #take: ((frame: StdioFrame) => void) | undefined
  #fail: ((error: Error) => void) | undefined
  #error: Error | undefined

  constructor(
    readonly socket: Duplex,
    head: Buffer,
  ) {
    socket.on('data', this.#onData)
    socket.on('error', this.#onGone)
    socket.on('close', this.#onGone)
    socket.on('end', this.#onGone)
    if (head.byteLength > 0) this.#onData(head)
    socket.resume()
  }

  readonly #onGone = (): void => this.#ended(new Error('whoever ran the command went away'))

  readonly #onData = (chunk: Buffer): void => {
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#take === undefined) this.#waiting.push(frame)
        else this.#take(frame)
      }
    } catch (error) {
      this.socket.destroy()
      this.#ended(error as StdioFrameError)
    }
  }

  #ended(error: Error): void {
    this.#error ??= error
    this.#fail?.(this.#error)
  }

  first(): Promise<StdioFrame> {
    return new Promise((resolve, reject) => {
      this.each((frame) => {
        this.#take = undefined
        resolve(frame)
      }, reject)
    })
  }

  each(take: (frame: StdioFrame) => void, fail: (error: Error) => void): void {
    this.#fail = fail
    if (this.#error !== undefined) return fail(this.#error)
    this.#take = take
    while (this.#waiting.length > 0 && this.#take === take) take(this.#waiting.shift()!)
  }

  close(): void {
    this.#fail = undefined
    this.#take = () => undefined
    // Its 'error' stays heard: nobody's program ends for a client that went away.
    this.socket.on('error', () => undefined)
    for (const event of ['close', 'end']) this.socket.off(event, this.#onGone)
  }
}

interface Command {
  process: GuestProcessHandle
  /** Gives up what was opened for it. */
  release(): Promise<void>
}

async function startCommand(guest: Guest, start: ExecStart): Promise<Command> {
  const { container: id, terminal, stdin = true } = start
  const subject = { op: 'control.exec', id: '' }
  const pipes = {
    ...(stdin ? { stdin: '' } : {}),
    stdout: NOWHERE,
    ...(terminal === undefined ? { stderr: NOWHERE } : {}),
  }
  const { args, commandLine, workingDirectory, env, user } = start
  const request = {
    ...defined({ args, commandLine, workingDirectory, env, user }),
    ...pipes,
    ...(terminal === undefined ? {} : { terminal: true }),
  }
  const parameters = execParameters(request, guest.guestOS, subject)
  if (terminal !== undefined) parameters.ConsoleSize = [terminal.height, terminal.width]
  if (id === undefined) return { process: await guest.createProcess(parameters), release: () => Promise.resolve() }
  const container = await guest.openContainer(id)
  try {
    const process = await container.createProcess(inContainer(guest, start, parameters))
    return { process, release: () => container.close() }
  } catch (error) {
    await container.close()
    throw error
  }
}

const NOWHERE = new Writable()

function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never
}

/** A Linux container takes what runs in it as OCI has it. */
function inContainer(
  guest: Guest,
  { args, commandLine, workingDirectory, env }: ExecStart,
  parameters: ProcessParameters,
): ProcessParameters | LcowProcessParameters {
  if (guest.guestOS === 'windows') {
    return { ...parameters, CommandLine: commandLine ?? windowsCommandLine(args ?? []) }
  }
  const { CreateStdInPipe, CreateStdOutPipe, CreateStdErrPipe, EmulateConsole, ConsoleSize } = parameters
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`)
  return {
    ...defined({ CreateStdInPipe, CreateStdOutPipe, CreateStdErrPipe, EmulateConsole, ConsoleSize }),
    OciProcess: {
      args: args ?? ['sh', '-c', commandLine ?? ''],
      cwd: workingDirectory ?? '/',
      user: { uid: 0, gid: 0 },
      env: env?.['PATH'] === undefined ? [LINUX_PATH, ...variables] : variables,
      ...(EmulateConsole === true ? { terminal: true } : {}),
    },
  }
}

/** Until the command has exited and its output is through. */
async function relay(process: GuestProcessHandle, socket: Duplex, frames: Frames): Promise<void> {
  const started: ExecStarted = { pid: process.pid }
  socket.write(encodeMessage(CHANNEL.control, started))
  const exit = process.wait()
  const gone = new Promise<never>((_resolve, reject) => {
    frames.each((frame) => void take(process, frame, socket), reject)
  })
  const output = [copy(process.stdout, CHANNEL.stdout, socket), copy(process.stderr, CHANNEL.stderr, socket)]
  exit.catch(() => undefined)
  const through = Promise.all([exit, ...output]).then(([end]) => end)
  through.catch(() => undefined)
  try {
    const { exitCode, known } = await Promise.race([through, gone])
    socket.write(encodeMessage(CHANNEL.end, { exitCode, known }))
  } catch (error) {
    if (socket.destroyed || socket.readableEnded) {
      await process.kill({ timeoutMs: KILL_TIMEOUT_MS }).catch(() => undefined)
    }
    throw error
  }
}

/** What the other end says: input, the end of it, a size, a signal. What the guest refuses of it is no failure of the command. */
async function take(process: GuestProcessHandle, { channel, payload }: StdioFrame, socket: Duplex): Promise<void> {
  const { stdin } = process
  if (channel === CHANNEL.stdin) {
    if (stdin === null || stdin.destroyed || stdin.writableEnded) return
    if (payload.byteLength === 0) stdin.end()
    else if (!stdin.write(payload)) {
      // The command is behind: so is whoever feeds it.
      socket.pause()
      const go = (): void => {
        for (const event of ['drain', 'close']) stdin.off(event, go)
        socket.resume()
      }
      for (const event of ['drain', 'close']) stdin.once(event, go)
    }
    return
  }
  const said = channel === CHANNEL.control ? readJson(payload) : undefined
  if (!isRecord(said)) return
  const { resize, signal } = said as Partial<Record<'resize' | 'signal', unknown>>
  const asked = isRecord(resize)
    ? process.resizeConsole(Number(resize['width']), Number(resize['height']))
    : typeof signal === 'string' || typeof signal === 'number'
      ? process.signal({ Signal: signal })
      : undefined
  await asked?.catch(() => undefined)
}

async function copy(from: Readable | null, channel: Channel, socket: Duplex): Promise<void> {
  if (from === null) return
  const frames = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.destroyed) return done(new Error('whoever ran the command went away'))
      if (socket.write(encodeFrames(channel, chunk))) return done()
      const go = (): void => {
        for (const event of ['drain', 'close']) socket.off(event, go)
        done()
      }
      for (const event of ['drain', 'close']) socket.once(event, go)
    },
  })
  await pipeline(from, frames)
}
