// Runs what was read: lists, pipelines and commands of a script, each with its streams, in the shell or in a subshell.

import { FileError } from '../../file-error.js'
import { Killed, NO_INPUT, Pipe } from '../../stdio.js'
import type { LinuxContext } from '../programs/context.js'
import { breathe } from '../programs/files.js'
import { BUILTINS, type ScriptRunner } from './builtins.js'
import { ExpansionError, Expander } from './expand.js'
import { LineInput } from '../line-input.js'
import { parseScript } from './parser.js'
import { redirected } from './redirect.js'
import type { Flow, Shell } from './state.js'
import { ScriptError, unsupported, type Chain, type Command, type List, type Pipeline } from './syntax.js'

export const SCRIPT_ERROR = 2
const INTERRUPTED_BASE = 128
const SIGPIPE = 13
/** Most that a command substitution may bring, bytes. */
const MAX_SUBSTITUTION_BYTES = 1024 * 1024

/** How a shell starts a program; it is given, since a program may be a shell again. */
export type RunProgram = (context: LinuxContext) => Promise<number>

export class Executor implements ScriptRunner {
  constructor(readonly runProgram: RunProgram) {}

  /** Runs a text as a script. A mistake in it is told in one line, and nothing of it runs. */
  script(context: LinuxContext, shell: Shell, text: string): Promise<number> {
    return this.#told(context, shell, () => this.list(context, shell, parseScript(text), false))
  }

  /** What this shell cannot do ends the script in one line on stderr, never in wrong output. */
  async #told(context: LinuxContext, shell: Shell, run: () => Promise<number>): Promise<number> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof ScriptError) && !(error instanceof ExpansionError)) throw error
      await context.stderr.write(`sh: ${error.message}\n`)
      shell.flow = { kind: 'exit' }
      shell.wasMistaken = true
      return (shell.code = SCRIPT_ERROR)
    }
  }

  /** `tested`: its exit code decides something, so that `set -e` does not apply. */
  async list(context: LinuxContext, shell: Shell, list: List, tested: boolean): Promise<number> {
    for (const chain of list) {
      if (shell.flow !== undefined) break
      if (chain.inBackground) this.#background(context, shell, chain)
      else await this.#chain(context, shell, chain, tested)
      await this.#runTraps(context, shell)
    }
    return shell.code
  }

  /** Ends a shell: its exit trap, then what it left in the background. */
  async end(context: LinuxContext, shell: Shell): Promise<number> {
    const action = shell.traps?.actions.get('EXIT')
    shell.traps?.actions.delete('EXIT')
    if (action !== undefined && action !== '') {
      const { code } = shell
      // Unless the trap itself said how to end.
      if ((await this.#trap(context, shell, action)) === undefined) shell.code = code
    }
    await shell.endJobs(INTERRUPTED_BASE + 1)
    return shell.code
  }

  async #runTraps(context: LinuxContext, shell: Shell): Promise<void> {
    for (let action = shell.traps?.next(); action !== undefined; action = shell.traps?.next()) {
      if (shell.flow?.kind === 'exit') return
      const { code, flow } = shell
      if ((await this.#trap(context, shell, action)) !== undefined) continue
      shell.code = code
      shell.flow = flow
    }
  }

  /** What the action of a trap says itself of how to go on. */
  async #trap(context: LinuxContext, shell: Shell, action: string): Promise<Shell['flow']> {
    shell.flow = undefined
    await this.script(context, shell, action)
    return shell.flow
  }

  #background(context: LinuxContext, shell: Shell, chain: Chain): void {
    const job = shell.subshell(context)
    shell.startJob({ ...context, stdin: LineInput.of(NO_INPUT) }, (own) =>
      this.#told(own, job, () => this.#subshell(own, job, [{ ...chain, inBackground: false }])),
    )
    shell.code = 0
  }

  async #chain(context: LinuxContext, shell: Shell, { first, rest }: Chain, tested: boolean): Promise<void> {
    await this.#pipeline(context, shell, first, tested || rest.length > 0)
    for (const [index, { join, pipeline }] of rest.entries()) {
      if (shell.flow !== undefined) return
      if ((join === '&&') !== (shell.code === 0)) continue
      await this.#pipeline(context, shell, pipeline, tested || index < rest.length - 1)
    }
  }

  async #pipeline(context: LinuxContext, shell: Shell, pipeline: Pipeline, tested: boolean): Promise<void> {
    const { negated, commands } = pipeline
    const isTested = tested || negated
    const [only] = commands
    const code =
      commands.length === 1 && only !== undefined
        ? await this.#command(context, shell, only, isTested)
        : await this.#piped(context, shell, commands, isTested)
    shell.code = negated ? Number(code === 0) : code
    if (shell.exitsOnError && !isTested && shell.code !== 0) shell.flow ??= { kind: 'exit' }
  }

  /** Every command of a pipe of several runs in a subshell of its own, all at once. */
  async #piped(context: LinuxContext, shell: Shell, commands: readonly Command[], tested: boolean): Promise<number> {
    let stdin = context.stdin
    let source: Pipe | undefined
    const runs = commands.map(async (command, index) => {
      const pipe = index < commands.length - 1 ? new Pipe() : undefined
      const [from, input] = [source, stdin]
      source = pipe
      if (pipe !== undefined) stdin = LineInput.of(pipe.input(context.kill))
      try {
        const stdout = pipe?.output(context.life) ?? context.stdout
        const own = { ...context, stdin: input, stdout }
        const subshell = shell.subshell(own)
        const code = await this.#command(own, subshell, command, tested)
        return subshell.flow?.kind === 'exit' ? subshell.code : code
      } finally {
        pipe?.endWriter()
        from?.endReader()
      }
    })
    // All but the last may end early because nobody reads them any more.
    const results = await Promise.allSettled(runs)
    context.kill.check()
    for (const result of results) {
      if (result.status === 'rejected' && !(result.reason instanceof Killed)) throw result.reason
    }
    const last = results.at(-1)
    return last?.status === 'fulfilled' ? last.value : INTERRUPTED_BASE + SIGPIPE
  }

  async #subshell(context: LinuxContext, subshell: Shell, body: List): Promise<number> {
    await this.list(context, subshell, body, false)
    await subshell.endJobs(INTERRUPTED_BASE + 1)
    return subshell.code
  }

  // ------------------------------------------------------------------------------------------------------------ commands

  async #command(context: LinuxContext, shell: Shell, command: Command, tested: boolean): Promise<number> {
    context.kill.check()
    if (command.kind === 'simple') return this.#simple(context, shell, command)
    const own = await redirected(context, command.redirects, this.#expander(context, shell))
    if (own === undefined) return 1
    switch (command.kind) {
      case 'subshell': {
        const subshell = shell.subshell(own)
        return this.#subshell(own, subshell, command.body)
      }
      case 'group':
        return this.list(own, shell, command.body, tested)
      case 'if':
        return this.#if(own, shell, command, tested)
      case 'for':
        return this.#for(own, shell, command, tested)
      case 'while':
        return this.#while(own, shell, command, tested)
    }
  }

  async #if(context: LinuxContext, shell: Shell, command: Command & { kind: 'if' }, tested: boolean): Promise<number> {
    for (const { test, body } of command.branches) {
      const code = await this.list(context, shell, test, true)
      if (shell.flow !== undefined) return code
      if (code === 0) return this.list(context, shell, body, tested)
    }
    if (command.otherwise !== undefined) return this.list(context, shell, command.otherwise, tested)
    return 0
  }

  async #for(
    context: LinuxContext,
    shell: Shell,
    command: Command & { kind: 'for' },
    tested: boolean,
  ): Promise<number> {
    const { name, words, body } = command
    const values = words === undefined ? shell.args : await this.#expander(context, shell).fields(words)
    let code = 0
    for (const value of values) {
      await breathe(context)
      shell.variables.set(name, value)
      code = await this.list(context, shell, body, tested)
      if (this.#leavesLoop(shell)) break
    }
    return code
  }

  async #while(
    context: LinuxContext,
    shell: Shell,
    { test, body, until }: Command & { kind: 'while' },
    tested: boolean,
  ): Promise<number> {
    let code = 0
    for (;;) {
      // A loop of nothing but the shell's own commands must leave the other programs their time.
      await breathe(context)
      const outcome = await this.list(context, shell, test, true)
      if (this.#leavesLoop(shell)) return shell.flow === undefined ? code : outcome
      if ((outcome === 0) === until) return code
      code = await this.list(context, shell, body, tested)
      if (this.#leavesLoop(shell)) return code
    }
  }

  /** Takes away one level of `break` and `continue`. */
  #leavesLoop(shell: Shell): boolean {
    const flow: Flow | undefined = shell.flow
    if (flow === undefined) return false
    if (flow.kind === 'exit') return true
    if (flow.levels > 1) {
      shell.flow = { kind: flow.kind, levels: flow.levels - 1 }
      return true
    }
    shell.flow = undefined
    return flow.kind === 'break'
  }

  /** Assignments, what the shell does itself, or a program. */
  async #simple(context: LinuxContext, shell: Shell, command: Command & { kind: 'simple' }): Promise<number> {
    const expander = this.#expander(context, shell)
    const args = await expander.fields(command.words)
    const own = await redirected(context, command.redirects, expander)
    if (own === undefined) return 1
    const assigned = new Map<string, string>()
    for (const { name, value } of command.assignments) {
      if (name === 'IFS') throw unsupported('another IFS')
      const text = await expander.text(value)
      // Without a command they are the shell's own; each sees the one before.
      if (args.length === 0) shell.variables.set(name, text)
      else assigned.set(name, text)
    }
    const [name] = args
    if (name === undefined) return expander.substituted ?? 0
    const builtin = BUILTINS.get(name)
    try {
      if (builtin !== undefined) {
        for (const [variable, value] of assigned) shell.variables.set(variable, value)
        return await builtin({ context: { ...own, args, cwd: shell.cwd }, shell, runner: this })
      }
      return await this.program(own, shell, args, assigned)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      await context.stderr.write(`${name}: ${error.message}\n`)
      return 1
    }
  }

  /** A program as a child of the shell. */
  async program(
    context: LinuxContext,
    shell: Shell,
    args: readonly string[],
    assigned: ReadonlyMap<string, string> = new Map(),
  ): Promise<number> {
    const env = new Map([...shell.environment(), ...assigned])
    try {
      return await this.runProgram({ ...context, args, env, cwd: shell.cwd })
    } catch (error) {
      // It wrote to a pipe that nobody reads: that ends the program, not the shell.
      if (!(error instanceof Killed)) throw error
      context.kill.check()
      return INTERRUPTED_BASE + SIGPIPE
    }
  }

  #expander(context: LinuxContext, shell: Shell): Expander {
    return new Expander(context, shell, (...call) => this.#substitute(...call))
  }

  async #substitute(context: LinuxContext, shell: Shell, body: List): Promise<{ text: string; code: number }> {
    const chunks: Uint8Array[] = []
    let size = 0
    const stdout = {
      write: (data: string | Uint8Array): Promise<void> => {
        const chunk = typeof data === 'string' ? Buffer.from(data) : data
        size += chunk.byteLength
        if (size > MAX_SUBSTITUTION_BYTES) return Promise.reject(new ExpansionError('$( ) brings too much'))
        chunks.push(chunk)
        return Promise.resolve()
      },
    }
    const own = { ...context, stdout }
    const code = await this.#subshell(own, shell.subshell(own), body)
    const text = Buffer.concat(chunks).toString().replaceAll('\0', '')
    return { text: text.replace(/\n+$/, ''), code }
  }
}
