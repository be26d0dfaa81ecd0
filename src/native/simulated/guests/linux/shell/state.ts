// What a shell keeps while its script runs: variables, arguments, directory, last exit code, background jobs, traps.

import type { SimulatedProcess } from '../../process.js'
import { Killed, KillSwitch } from '../../stdio.js'
import type { LinuxContext } from '../programs/context.js'

/** Why what comes next in the script does not run. */
export type Flow = { readonly kind: 'exit' } | { readonly kind: 'break' | 'continue'; readonly levels: number }

/** A command in the background. */
export interface Job {
  readonly pid: number
  readonly kill: KillSwitch
  readonly ended: Promise<number>
}

/** What a shell does at a signal, and at its own end. */
export class Traps {
  readonly actions = new Map<number | 'EXIT', string>()
  readonly #pending: number[] = []
  #wake: () => void = () => undefined

  constructor(readonly process: SimulatedProcess) {}

  /** An empty action ignores the signal. */
  set(signal: number | 'EXIT', action: string): void {
    this.actions.set(signal, action)
    if (signal === 'EXIT') return
    if (action === '') this.process.ignored.add(signal)
    else {
      this.process.ignored.delete(signal)
      this.process.handlers.set(signal, () => {
        this.#pending.push(signal)
        this.#wake()
      })
    }
  }

  reset(signal: number | 'EXIT'): void {
    this.actions.delete(signal)
    if (signal === 'EXIT') return
    this.process.ignored.delete(signal)
    this.process.handlers.delete(signal)
  }

  /** The action of a signal that has come. */
  next(): string | undefined {
    const signal = this.#pending.shift()
    return signal === undefined ? undefined : this.actions.get(signal)
  }

  /** Resolves when a trapped signal has come. */
  signalled(): Promise<void> {
    return this.#pending.length > 0 ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve))
  }
}

export class Shell {
  cwd: string
  code = 0
  /** Set by `exit`, `break` and `continue`; whoever it concerns takes it away. */
  flow: Flow | undefined
  /** A mistake in the script, told already, has ended it. */
  wasMistaken = false
  /** `set -e`. */
  exitsOnError = false
  args: readonly string[]
  readonly name: string
  readonly variables: Map<string, string>
  readonly exported: Set<string>
  /** Undefined in a subshell, which handles no signals. */
  readonly traps: Traps | undefined
  readonly jobs: Job[] = []
  lastJob: number | undefined

  constructor(context: LinuxContext, name: string, args: readonly string[], parent?: Shell) {
    this.cwd = parent?.cwd ?? context.cwd
    this.code = parent?.code ?? 0
    this.exitsOnError = parent?.exitsOnError ?? false
    this.name = name
    this.args = args
    this.variables = new Map(parent?.variables ?? context.env)
    this.exported = new Set(parent?.exported ?? context.env.keys())
    this.traps = parent === undefined ? new Traps(context.process) : undefined
    this.lastJob = parent?.lastJob
  }

  /** A shell of the same state, whose changes stay its own. */
  subshell(context: LinuxContext): Shell {
    return new Shell(context, this.name, this.args, this)
  }

  /** What a program that it starts has in its environment. */
  environment(): Map<string, string> {
    return new Map([...this.variables].filter(([name]) => this.exported.has(name)))
  }

  /** Runs work that nobody waits for, under a number of its own. */
  startJob(context: LinuxContext, run: (context: LinuxContext) => Promise<number>): void {
    const kill = new KillSwitch()
    const guarded = (output: LinuxContext['stdout']): LinuxContext['stdout'] => ({
      write: (data) => kill.race(output.write(data)),
    })
    const own: LinuxContext = {
      ...context,
      kill,
      life: { ...context.life, kill },
      stdout: guarded(context.stdout),
      stderr: guarded(context.stderr),
    }
    const ended = run(own).catch((error: unknown) => {
      if (error instanceof Killed) return error.exitCode
      throw error
    })
    // What ends the process ends its jobs.
    context.kill.race(ended).catch((error: unknown) => {
      if (error instanceof Killed) kill.kill(error.exitCode)
    })
    this.lastJob = context.view.kernel.nextPid()
    this.jobs.push({ pid: this.lastJob, kill, ended })
  }

  /** Ends what still runs in the background, as the end of a process group does. */
  async endJobs(code: number): Promise<void> {
    for (const { kill } of this.jobs) kill.kill(code)
    await Promise.allSettled(this.jobs.map(({ ended }) => ended))
  }
}
