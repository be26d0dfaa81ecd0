// One process of a guest: its streams, its program, its end, and who waits for that.

import type { Duplex } from 'node:stream'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { relayOutput, type Redial } from './relay.js'
import {
  Killed,
  KillSwitch,
  NO_INPUT,
  NO_OUTPUT,
  Pipe,
  socketInput,
  socketOutput,
  type Input,
  type Output,
  type StreamLife,
} from './stdio.js'
import type { Streams } from './stdio-sockets.js'
import { Terminal } from './terminal.js'

const SIGINT = 2
const SIGKILL = 9
const SIGPIPE = 13
/** WaitForProcess without a time limit. */
const WAIT_FOREVER = 0xffff_ffff
/** Of a terminal that nobody gave one. */
const DEFAULT_SIZE = { rows: 0, columns: 0 }

/** The streams a program gets. */
export interface ProcessIo {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly life: StreamLife
}

export interface ProcessOptions {
  readonly pid: number
  /** As a process list shows it. */
  readonly command: string
  readonly hasTerminal: boolean
  readonly terminalSize?: { rows: number; columns: number } | undefined
  /** Process 1 of a process name space (Linux). */
  readonly isFirst?: boolean
  /** Exit code of a process that this signal ended. */
  signalCode(signal: number): number
  /** A wait has the exit code, and none is outstanding. */
  onObtained(): void
}

export interface RunOptions {
  readonly streams: Streams
  /**
   * `direct`: the program writes to the sockets themselves. `relayed`: through pipes, as in a Linux container; the exit is told only
   * after the host has closed its end of the output.
   */
  readonly output: 'direct' | 'relayed'
  /** For the init process of a Linux container: how its output comes back to a host that went away. */
  readonly redial?: { stdout?: Redial; stderr?: Redial } | undefined
  /** The program has ended; its exit may not be told yet. */
  onExit?(): void
  program(io: ProcessIo): Promise<number>
}

export class SimulatedProcess {
  readonly pid: number
  readonly command: string
  readonly kill = new KillSwitch()
  /** Signals that the program does not want to hear. */
  readonly ignored = new Set<number>()
  /** What the program does itself at a signal, in place of ending. */
  readonly handlers = new Map<number, () => void>()
  readonly hasTerminal: boolean
  terminal: Terminal | undefined
  /** Once the program has ended. */
  exitCode: number | undefined
  #isTold = false
  readonly #waits = new Set<(code: number) => void>()
  readonly #options: ProcessOptions

  constructor(options: ProcessOptions) {
    this.#options = options
    this.pid = options.pid
    this.command = options.command
    this.hasTerminal = options.hasTerminal
  }

  /**
   * Ends it as a signal does, unless it ignores that one. The first process of a container hears only what it has a handler for, and from
   * inside the container not even SIGKILL.
   */
  signal(signal: number, isFromInside = false): void {
    const isFirst = this.#options.isFirst === true
    if (signal !== SIGKILL) {
      if (this.ignored.has(signal)) return
      const handler = this.handlers.get(signal)
      if (handler !== undefined) return handler()
    }
    if (isFirst && (signal !== SIGKILL || isFromInside)) return
    this.kill.kill(this.#options.signalCode(signal))
  }

  /** Runs the program to its end. Never rejects. */
  async run(kernel: GuestKernel, options: RunOptions): Promise<void> {
    const { streams, redial } = options
    const brokenPipe = this.#options.signalCode(SIGPIPE)
    const life: StreamLife = { gate: kernel.gate, kill: this.kill, brokenPipe }
    const relays: Promise<void>[] = []
    const pipes: Pipe[] = []
    const outputOf = (socket: Duplex | undefined, again: Redial | undefined): Output => {
      if (socket === undefined && again === undefined) return NO_OUTPUT
      if (options.output === 'direct' || this.hasTerminal) {
        return socket === undefined ? NO_OUTPUT : socketOutput(socket, life)
      }
      const pipe = new Pipe()
      pipes.push(pipe)
      relays.push(
        relayOutput({ kernel, pipe, socket, redial: again }).then(() => {
          pipe.endReader()
        }),
      )
      return pipe.output(life)
    }
    const stdout = outputOf(streams.stdout, redial?.stdout)
    const stdin = streams.stdin === undefined ? NO_INPUT : socketInput(streams.stdin, life)
    const io = this.hasTerminal
      ? this.#openTerminal(stdin, stdout, life)
      : { stdin, stdout, stderr: outputOf(streams.stderr, redial?.stderr), life }
    const code = await this.#end(options.program(io))
    await kernel.gate.pass()
    this.exitCode = code
    options.onExit?.()
    streams.stdin?.destroy()
    for (const pipe of pipes) pipe.endWriter()
    await Promise.all(relays)
    // What was not relayed ends with the process.
    for (const socket of [streams.stdout, streams.stderr]) {
      if (socket !== undefined && !socket.destroyed) socket.end(() => socket.destroy())
    }
    this.tell()
  }

  #openTerminal(input: Input, output: Output, life: StreamLife): ProcessIo {
    const onInterrupt = (): void => this.signal(SIGINT)
    const terminal = new Terminal({ input, output, size: this.#options.terminalSize ?? DEFAULT_SIZE, onInterrupt })
    this.terminal = terminal
    // A terminal is one stream.
    return { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output, life }
  }

  async #end(running: Promise<number>): Promise<number> {
    try {
      return (await running) >>> 0
    } catch (error) {
      return (error instanceof Killed ? error.exitCode : 1) >>> 0
    }
  }

  /** Ends a process that never ran, or ran on another machine. */
  exited(code: number): void {
    this.exitCode = code
    this.tell()
  }

  /** Its exit may be known now: waits are answered. */
  tell(): void {
    if (this.#isTold || this.exitCode === undefined) return
    this.#isTold = true
    if (this.#waits.size === 0) return
    for (const wait of this.#waits) wait(this.exitCode)
    this.#waits.clear()
    this.#options.onObtained()
  }

  /** The exit code. @throws {GuestFault} the time ran out */
  async wait(kernel: GuestKernel, timeoutMs: number): Promise<number> {
    if (this.#isTold && this.exitCode !== undefined) {
      if (this.#waits.size === 0) this.#options.onObtained()
      return this.exitCode
    }
    const code = await new Promise<number | undefined>((resolve) => {
      let cancel = (): void => undefined
      const wait = (exit: number): void => {
        cancel()
        resolve(exit)
      }
      this.#waits.add(wait)
      if (timeoutMs === WAIT_FOREVER) return
      cancel = kernel.after(timeoutMs, () => {
        this.#waits.delete(wait)
        resolve(undefined)
      })
    })
    if (code === undefined) throw new GuestFault(GUEST.timeout)
    return code
  }
}
