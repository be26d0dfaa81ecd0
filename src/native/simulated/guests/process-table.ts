// The processes of the utility VM itself, of either system: how long an exit is remembered. The first wait that has the code ends the
// memory of it; waits that run already still get it.

import { integerOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { SimulatedProcess } from './process.js'
import type { RunOptions } from './process.js'

/** One process as plain data, for a machine that moves to another host. */
export interface SavedProcess {
  pid: number
  exitCode: number | undefined
  parameters: Document
}

export interface Launch {
  /** ProcessParameters it was started with. */
  readonly parameters: Document
  readonly command: string
  readonly hasTerminal: boolean
  readonly terminalSize?: { rows: number; columns: number } | undefined
  run(process: SimulatedProcess): Omit<RunOptions, 'streams'>
}

export class ProcessTable {
  readonly #kernel: GuestKernel
  readonly #signalCode: (signal: number) => number
  readonly #processes = new Map<number, { process: SimulatedProcess; parameters: Document }>()

  constructor(kernel: GuestKernel, signalCode: (signal: number) => number) {
    this.#kernel = kernel
    this.#signalCode = signalCode
  }

  /** Starts a process whose streams are connected. */
  start(launch: Launch, streams: RunOptions['streams'], pid = this.#kernel.nextPid()): SimulatedProcess {
    const process = this.#add(pid, launch)
    void process.run(this.#kernel, { streams, ...launch.run(process) })
    return process
  }

  #add(pid: number, { parameters, command, hasTerminal, terminalSize }: Omit<Launch, 'run'>): SimulatedProcess {
    const onObtained = (): void => void this.#processes.delete(pid)
    const signalCode = this.#signalCode
    const process = new SimulatedProcess({ pid, command, hasTerminal, terminalSize, signalCode, onObtained })
    this.#processes.set(pid, { process, parameters })
    return process
  }

  /** The process that a request names. @throws {GuestFault} there is none */
  find(request: Document): SimulatedProcess {
    const pid = integerOf(request, 'ProcessId')
    const found = this.#processes.get(pid)
    if (found === undefined) throw new GuestFault(GUEST.notFound, `there is no process ${pid}`)
    return found.process
  }

  all(): SimulatedProcess[] {
    return [...this.#processes.values()].map(({ process }) => process)
  }

  capture(): SavedProcess[] {
    return [...this.#processes.values()].map(({ process: { pid, exitCode }, parameters }) => ({
      pid,
      exitCode,
      parameters,
    }))
  }

  /** The processes of a machine that moved here. One that was running starts over, without its streams: a program is code, which does not move. */
  restore(saved: SavedProcess[], launchOf: (parameters: Document) => Launch): void {
    for (const { pid, exitCode, parameters } of saved) {
      if (exitCode === undefined) this.start(launchOf(parameters), {}, pid)
      else this.#add(pid, { parameters, command: '', hasTerminal: false }).exited(exitCode)
    }
  }
}
