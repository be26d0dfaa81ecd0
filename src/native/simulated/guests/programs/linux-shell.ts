// `sh -c` of a Linux guest: commands joined by `;`, `&&`, `||` and `|`, quotes, variables, output thrown away with `> /dev/null`.

import { parse } from 'shell-quote'
import { NO_OUTPUT, Pipe } from '../stdio.js'
import { LINUX_PROGRAMS } from './linux.js'
import type { ProgramContext } from './program.js'

const COMMAND_NOT_FOUND = 127
const SYNTAX_ERROR = 2

interface Command {
  args: string[]
  quietOutput: boolean
  quietErrors: boolean
}

/** Commands of one pipe, and what joins it to what came before. */
interface Pipeline {
  join: ';' | '&&' | '||'
  commands: Command[]
}

/** Splits a command line as a shell does. */
export function splitCommandLine(line: string): string[] {
  return parse(line).filter((word): word is string => typeof word === 'string')
}

/** Runs a program by name, or a shell with `-c`. Answers its exit code. */
export async function runLinux(context: ProgramContext): Promise<number> {
  const name = (context.args[0] ?? '').split('/').at(-1) ?? ''
  if (name === 'sh' || name === 'bash') {
    if (context.args[1] !== '-c') return interactive(context)
    return script(context, context.args[2] ?? '')
  }
  const program = LINUX_PROGRAMS.get(name)
  if (program !== undefined) return program(context)
  await context.stderr.write(`sh: ${context.args[0] ?? ''}: not found\n`)
  return COMMAND_NOT_FOUND
}

/** A shell that reads its script from stdin. */
async function interactive(context: ProgramContext): Promise<number> {
  let text = ''
  for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
    text += Buffer.from(chunk).toString()
  }
  return script(context, text.replaceAll('\n', ';'))
}

async function script(context: ProgramContext, text: string): Promise<number> {
  const pipelines = readScript(context, text)
  if (pipelines === undefined) {
    await context.stderr.write('sh: syntax error\n')
    return SYNTAX_ERROR
  }
  let code = 0
  for (const { join, commands } of pipelines) {
    if ((join === '&&' && code !== 0) || (join === '||' && code === 0)) continue
    const [only] = commands
    if (commands.length === 1 && only?.args[0] === 'exit') return (Number(only.args[1] ?? code) | 0) & 0xff
    code = await runPipeline(context, commands)
  }
  return code
}

function readScript(context: ProgramContext, text: string): Pipeline[] | undefined {
  const words = parse(text, (name) => context.env.get(name) ?? '')
  const pipelines: Pipeline[] = []
  let pipeline: Pipeline = { join: ';', commands: [] }
  let command: Command = { args: [], quietOutput: false, quietErrors: false }
  const endCommand = (): void => {
    if (command.args.length > 0) pipeline.commands.push(command)
    command = { args: [], quietOutput: false, quietErrors: false }
  }
  const endPipeline = (join: Pipeline['join']): void => {
    endCommand()
    if (pipeline.commands.length > 0) pipelines.push(pipeline)
    pipeline = { join, commands: [] }
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (typeof word === 'string') command.args.push(word)
    else if ('comment' in word) continue
    else if (word.op === 'glob') command.args.push('pattern' in word ? word.pattern : '')
    else if (word.op === ';' || word.op === '&&' || word.op === '||') endPipeline(word.op)
    else if (word.op === '|') endCommand()
    else if (word.op === '>' || word.op === '>>') {
      const target = words[++index]
      if (target !== '/dev/null') return undefined
      // `2>` reaches us as the word 2 and the operator.
      if (command.args.at(-1) === '2') {
        command.args.pop()
        command.quietErrors = true
      } else command.quietOutput = true
    } else return undefined
  }
  endPipeline(';')
  return pipelines
}

async function runPipeline(context: ProgramContext, commands: Command[]): Promise<number> {
  let stdin = context.stdin
  let source: Pipe | undefined
  const runs = commands.map((command, index) => {
    const pipe = index < commands.length - 1 ? new Pipe(context.kill) : undefined
    const own: ProgramContext = {
      ...context,
      args: command.args,
      stdin,
      stdout: pipe ?? (command.quietOutput ? NO_OUTPUT : context.stdout),
      stderr: command.quietErrors ? NO_OUTPUT : context.stderr,
    }
    const from = source
    source = pipe
    if (pipe !== undefined) stdin = pipe
    return runLinux(own).finally(() => {
      pipe?.endWriter()
      from?.endReader()
    })
  })
  // All but the last may end early because nobody reads them any more.
  const results = await Promise.allSettled(runs)
  context.kill.check()
  const last = results.at(-1)
  if (last?.status === 'rejected') throw last.reason
  return last?.value ?? 0
}
