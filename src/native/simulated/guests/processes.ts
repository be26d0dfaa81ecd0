// The processes of the utility VM itself: starting with their streams connected, waiting, signals, and how long an exit is remembered.

import type { Duplex } from 'node:stream'
import { NULL_GUID } from '../../../protocol/guid.js'
import { vsockServiceId } from '../../../protocol/hvsocket.js'
import { isRecord, member } from '../../../protocol/json.js'
import { decodeNested, flagOf, integerOf, objectOf, optionalObject, textOf, textsOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { runLinux, splitCommandLine } from './programs/linux-shell.js'
import type { ProgramContext } from './programs/program.js'
import { runWindows } from './programs/windows.js'
import { Killed, KillSwitch, NO_INPUT, NO_OUTPUT, streamInput, streamOutput } from './stdio.js'

/** What a Linux UVM process that was ended by a signal reports. */
const KILLED_LINUX = 0xffff_ffff
/** STATUS_CONTROL_C_EXIT, what console events end a Windows process with. */
const KILLED_BY_CONSOLE = 0xc000_013a
const KILLED_WINDOWS = 1
const WAIT_FOREVER = 0xffff_ffff
const U16 = 0xffff

const CONSOLE_EVENTS: ReadonlySet<string> = new Set(['CtrlC', 'CtrlBreak', 'CtrlClose', 'CtrlLogOff', 'CtrlShutdown'])

interface Process {
  readonly pid: number
  /** ProcessParameters it was started with. */
  readonly parameters: Document
  readonly kill: KillSwitch
  readonly terminal: boolean
  exitCode: number | undefined
  readonly waiters: Set<(code: number) => void>
}

/** The processes as plain data, for a machine that moves to another host. */
export interface ProcessState {
  nextPid: number
  processes: { pid: number; parameters: Document; exitCode: number | undefined }[]
}

interface Streams {
  stdin?: Duplex
  stdout?: Duplex
  stderr?: Duplex
}

export class ProcessTable {
  readonly #kernel: GuestKernel
  readonly #processes = new Map<number, Process>()
  readonly #sockets = new Set<Duplex>()
  #nextPid: number

  constructor(kernel: GuestKernel) {
    this.#kernel = kernel
    this.#nextPid = 400 + Math.floor(kernel.random() * 100)
  }

  /** ExecuteProcess: the requested streams are connected before the process starts. @throws {GuestFault} */
  async execute(request: Document): Promise<Document> {
    const settings = objectOf(request, 'Settings')
    const parameters = decodeNested(settings, 'ProcessParameters')
    this.#requireUvm(request)
    const command = this.#command(parameters)
    const relay = optionalObject(
      settings,
      this.#kernel.os === 'linux' ? 'VsockStdioRelaySettings' : 'StdioRelaySettings',
    )
    const streams = await this.#connect(parameters, relay ?? {})
    const process = this.#add(this.#nextPid++, parameters)
    void this.#run(process, command, streams)
    return { ProcessId: process.pid }
  }

  #add(pid: number, parameters: Document): Process {
    const process: Process = {
      pid,
      parameters,
      kill: new KillSwitch(),
      terminal: flagOf(parameters, 'EmulateConsole'),
      exitCode: undefined,
      waiters: new Set(),
    }
    this.#processes.set(pid, process)
    return process
  }

  capture(): ProcessState {
    const processes = [...this.#processes.values()]
    return {
      nextPid: this.#nextPid,
      processes: processes.map(({ pid, parameters, exitCode }) => ({ pid, parameters, exitCode })),
    }
  }

  /**
   * The processes of a machine that moved here. One that was running starts over under its pid: its program is code, which does not
   * move. It has no stdio, as on a real guest, where the streams of the old host are not connected again.
   */
  restore({ nextPid, processes }: ProcessState): void {
    this.#nextPid = nextPid
    for (const { pid, parameters, exitCode } of processes) {
      const process = this.#add(pid, parameters)
      if (exitCode === undefined) void this.#run(process, this.#command(parameters), {})
      else process.exitCode = exitCode
    }
  }

  #requireUvm(request: Document): void {
    const containerId = textOf(request, 'ContainerId')
    if (containerId !== NULL_GUID) throw new GuestFault(GUEST.systemNotFound, `there is no container ${containerId}`)
  }

  #command(parameters: Document): { args: string[]; line: string } {
    const line = textOf(parameters, 'CommandLine')
    const args = textsOf(parameters, 'CommandArgs')
    if (line === '' && args.length === 0) throw new GuestFault(GUEST.failed, 'neither CommandLine nor CommandArgs')
    return { args: args.length > 0 ? args : splitCommandLine(line), line: line || args.join(' ') }
  }

  /** Dials what was asked for, in the order stdin, stdout, stderr; all or nothing. */
  async #connect(parameters: Document, relay: Document): Promise<Streams> {
    const streams: Streams = {}
    const wanted = [
      ['stdin', 'CreateStdInPipe', 'StdIn'],
      ['stdout', 'CreateStdOutPipe', 'StdOut'],
      ['stderr', 'CreateStdErrPipe', 'StdErr'],
    ] as const
    try {
      for (const [stream, flag, name] of wanted) {
        if (flagOf(parameters, flag)) streams[stream] = await this.#dial(this.#address(relay, name))
      }
      return streams
    } catch (error) {
      for (const socket of Object.values(streams) as Duplex[]) socket.destroy()
      if (error instanceof GuestFault) throw error
      throw new GuestFault(GUEST.failed, `a stdio stream cannot be connected: ${(error as Error).message}`)
    }
  }

  #address(relay: Document, name: string): string {
    return this.#kernel.os === 'linux' ? vsockServiceId(integerOf(relay, name)) : textOf(relay, name).toLowerCase()
  }

  async #dial(serviceId: string): Promise<Duplex> {
    const socket = await this.#kernel.machine.dial(serviceId)
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#kernel.stopped) socket.destroy()
    return socket
  }

  async #run(process: Process, command: { args: string[]; line: string }, streams: Streams): Promise<void> {
    const { kill, parameters } = process
    const { stdin, stdout, stderr } = streams
    const output = stdout === undefined ? NO_OUTPUT : streamOutput(stdout, kill)
    const context: ProgramContext = {
      kernel: this.#kernel,
      args: command.args,
      env: environmentOf(parameters),
      cwd: textOf(parameters, 'WorkingDirectory') || (this.#kernel.os === 'linux' ? '/' : 'C:\\'),
      stdin: stdin === undefined ? NO_INPUT : streamInput(stdin, kill),
      stdout: output,
      // A terminal is one stream.
      stderr: process.terminal ? output : stderr === undefined ? NO_OUTPUT : streamOutput(stderr, kill),
      kill,
    }
    let code: number
    try {
      code = this.#kernel.os === 'linux' ? await runLinux(context) : await runWindows(context, command.line)
    } catch (error) {
      code = error instanceof Killed ? error.exitCode : KILLED_WINDOWS
    }
    await this.#kernel.gate.pass()
    stdin?.destroy()
    for (const socket of [stdout, stderr]) finish(socket)
    this.#exited(process, code >>> 0)
  }

  #exited(process: Process, code: number): void {
    process.exitCode = code
    if (process.waiters.size === 0) return
    // The first wait that obtained the code ends the memory of it; waits that run already still get it.
    for (const waiter of process.waiters) waiter(code)
    this.#processes.delete(process.pid)
  }

  /** @throws {GuestFault} unknown process, or the time ran out */
  async wait(request: Document): Promise<Document> {
    const timeoutMs = integerOf(request, 'TimeoutInMs')
    const process = this.#find(request)
    if (process.exitCode !== undefined) {
      this.#processes.delete(process.pid)
      return { ExitCode: process.exitCode }
    }
    const code = await new Promise<number | undefined>((resolve) => {
      let cancel = (): void => undefined
      const waiter = (exit: number): void => {
        cancel()
        resolve(exit)
      }
      process.waiters.add(waiter)
      if (timeoutMs !== WAIT_FOREVER) {
        cancel = this.#kernel.after(timeoutMs, () => {
          process.waiters.delete(waiter)
          resolve(undefined)
        })
      }
    })
    if (code === undefined) throw new GuestFault(GUEST.timeout)
    return { ExitCode: code }
  }

  #find(request: Document): Process {
    const pid = integerOf(request, 'ProcessId')
    this.#requireUvm(request)
    const process = this.#processes.get(pid)
    if (process === undefined) throw new GuestFault(GUEST.notFound, `there is no process ${pid}`)
    return process
  }

  /** A Linux guest does not signal processes of the UVM itself. @throws {GuestFault} */
  signal(request: Document): Document {
    const options = optionalObject(request, 'Options')
    integerOf(request, 'ProcessId')
    if (this.#kernel.os === 'linux') throw new GuestFault(GUEST.systemNotFound, 'the utility VM is no container')
    const event = options === undefined ? undefined : member(options, 'Signal')
    if (event !== undefined && !(typeof event === 'string' && CONSOLE_EVENTS.has(event))) {
      throw new GuestFault(GUEST.invalidJson, 'cannot decode Signal')
    }
    const process = this.#find(request)
    if (process.exitCode !== undefined) throw new GuestFault(GUEST.notFound, `process ${process.pid} has exited`)
    process.kill.kill(event === undefined ? KILLED_WINDOWS : KILLED_BY_CONSOLE)
    return {}
  }

  /** @throws {GuestFault} */
  resize(request: Document): Document {
    integerOf(request, 'Height', U16)
    integerOf(request, 'Width', U16)
    if (this.#kernel.os === 'linux') throw new GuestFault(GUEST.systemNotFound, 'the utility VM is no container')
    const process = this.#find(request)
    if (!process.terminal) throw new GuestFault(GUEST.failed, `process ${process.pid} has no terminal`)
    return {}
  }

  /** What a stack dump says: one entry a process. */
  dump(): string {
    const entries = [...this.#processes.values()].map(({ pid, exitCode }) => {
      const state = exitCode === undefined ? 'running' : `exited ${exitCode}`
      return `process ${pid} [${state}]\n`
    })
    return `goroutine 1 [running]:\nmain.main()\n${entries.join('')}`
  }

  stop(): void {
    for (const { kill } of this.#processes.values()) kill.kill(KILLED_LINUX)
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }
}

function environmentOf(parameters: Document): Map<string, string> {
  const environment = optionalObject(parameters, 'Environment')
  const entries = isRecord(environment) ? Object.entries(environment) : []
  if (!entries.every(([, value]) => typeof value === 'string'))
    throw new GuestFault(GUEST.invalidJson, 'cannot decode Environment')
  return new Map(entries as [string, string][])
}

/** End of the stream for the reader, then away with it once the reader has closed its end too. */
function finish(socket: Duplex | undefined): void {
  if (socket === undefined || socket.destroyed) return
  socket.end()
  socket.resume()
  socket.once('end', () => socket.destroy())
}
