// `sh -c` of a Linux guest: commands joined by `;`, `&&`, `||` and `|`, quotes, variables, `<`, `>` and `>>`, `cd`, `export`, `trap`.

import { parse } from 'shell-quote'
import { FileError } from '../file-error.js'
import type { ProgramContext } from '../program.js'
import { NO_OUTPUT, Pipe, type Input, type Output } from '../stdio.js'
import { resolvePath } from './paths.js'
import { LINUX_PROGRAMS } from './programs/index.js'
import { openFile } from './programs/files.js'
import type { LinuxContext } from './programs/context.js'
import { signalNumber } from './signals.js'

const COMMAND_NOT_FOUND = 127
const SYNTAX_ERROR = 2

interface Redirect {
  readonly kind: '<' | '>' | '>>'
  readonly stream: 'stdin' | 'stdout' | 'stderr'
  readonly target: string
}

interface Command {
  readonly words: string[]
  readonly redirects: Redirect[]
}

/** Commands of one pipe, and what joins it to what came before. */
interface Pipeline {
  join: ';' | '&&' | '||'
  commands: Command[]
}

/** A shell's own state: it changes as the script goes. */
interface Shell {
  cwd: string
  code: number
}

/** Splits a command line as a shell does. */
export function splitCommandLine(line: string): string[] {
  return parse(line).filter((word): word is string => typeof word === 'string')
}

/** Runs a program by name, or a shell with `-c`. Answers its exit code. */
export async function runLinux(context: LinuxContext): Promise<number> {
  const name = (context.args[0] ?? '').split('/').at(-1) ?? ''
  if (name === 'sh' || name === 'bash' || name === 'ash') {
    if (context.args[1] === '-c') return script(context, context.args[2] ?? '')
    return interactive(context)
  }
  const program = LINUX_PROGRAMS.get(name)
  if (program !== undefined) return program(context)
  await context.stderr.write(`sh: ${context.args[0] ?? ''}: not found\n`)
  return COMMAND_NOT_FOUND
}

/** A shell that reads its script from stdin, line by line on a terminal. */
async function interactive(context: LinuxContext): Promise<number> {
  const shell: Shell = { cwd: context.cwd, code: 0 }
  if (context.process.terminal === undefined) {
    let text = ''
    for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
      text += Buffer.from(chunk).toString()
    }
    return (await lines(context, shell, text)).code
  }
  for (;;) {
    await context.stdout.write('# ')
    const line = await context.stdin.read()
    if (line === undefined) return shell.code
    const { hasExited } = await lines(context, shell, Buffer.from(line).toString())
    if (hasExited) return shell.code
  }
}

async function script(context: LinuxContext, text: string): Promise<number> {
  return (await lines(context, { cwd: context.cwd, code: 0 }, text)).code
}

async function lines(context: LinuxContext, shell: Shell, text: string): Promise<{ code: number; hasExited: boolean }> {
  const pipelines = readScript(text.replaceAll('\n', ';'))
  if (pipelines === undefined) {
    await context.stderr.write('sh: syntax error\n')
    shell.code = SYNTAX_ERROR
    return { code: shell.code, hasExited: false }
  }
  for (const { join, commands } of pipelines) {
    if ((join === '&&' && shell.code !== 0) || (join === '||' && shell.code === 0)) continue
    const expanded = commands.map((command) => expand(context, shell, command))
    const [only] = expanded
    if (commands.length === 1 && only?.words[0] === 'exit') {
      shell.code = (Number(only.words[1] ?? shell.code) | 0) & 0xff
      return { code: shell.code, hasExited: true }
    }
    shell.code = await runPipeline({ ...context, cwd: shell.cwd }, shell, expanded)
  }
  return { code: shell.code, hasExited: false }
}

// Variables are marked when the script is read and replaced when a command runs: what was assigned before counts.
const MARK = String.fromCharCode(1)
const MARKED = new RegExp(`${MARK}([^${MARK}]*)${MARK}`, 'g')

// `2>` loses what joins the digit to the operator when it is split into words, so it is marked before.
const ERRORS = String.fromCharCode(2)

function readScript(text: string): Pipeline[] | undefined {
  const marked = text.replace(/(^|[\s;&|])2(?=>)/g, `$1${ERRORS} `)
  const words = parse(marked, (name) => `${MARK}${name}${MARK}`).map((word) =>
    typeof word === 'string' && word !== ERRORS ? word.replaceAll(`${ERRORS} `, '2') : word,
  )
  const pipelines: Pipeline[] = []
  let pipeline: Pipeline = { join: ';', commands: [] }
  let command: Command = { words: [], redirects: [] }
  const endCommand = (): void => {
    if (command.words.length > 0) pipeline.commands.push(command)
    command = { words: [], redirects: [] }
  }
  const endPipeline = (join: Pipeline['join']): void => {
    endCommand()
    if (pipeline.commands.length > 0) pipelines.push(pipeline)
    pipeline = { join, commands: [] }
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (typeof word === 'string') command.words.push(word)
    else if ('comment' in word) continue
    else if (word.op === 'glob') command.words.push('pattern' in word ? word.pattern : '')
    else if (word.op === ';' || word.op === '&&' || word.op === '||') endPipeline(word.op)
    else if (word.op === '|') endCommand()
    else if (word.op === '>' || word.op === '>>' || word.op === '<') {
      const target = words[++index]
      if (typeof target !== 'string') return undefined
      const isErrors = word.op !== '<' && command.words.at(-1) === ERRORS
      if (isErrors) command.words.pop()
      const stream = word.op === '<' ? 'stdin' : isErrors ? 'stderr' : 'stdout'
      command.redirects.push({ kind: word.op, stream, target })
    } else return undefined
  }
  endPipeline(';')
  return pipelines
}

function expand(context: LinuxContext, shell: Shell, { words, redirects }: Command): Command {
  const fill = (text: string): string => text.replace(MARKED, (_all, name: string) => variable(context, shell, name))
  return {
    words: words.map(fill),
    redirects: redirects.map((redirect) => ({ ...redirect, target: fill(redirect.target) })),
  }
}

function variable(context: LinuxContext, shell: Shell, name: string): string {
  if (name === '?') return String(shell.code)
  if (name === '$') return String(context.process.pid)
  if (name === 'PWD') return shell.cwd
  return context.env.get(name) ?? ''
}

async function runPipeline(context: LinuxContext, shell: Shell, commands: Command[]): Promise<number> {
  let stdin = context.stdin
  let source: Pipe | undefined
  const runs = commands.map(async (command, index) => {
    const pipe = index < commands.length - 1 ? new Pipe() : undefined
    const [from, input] = [source, stdin]
    source = pipe
    if (pipe !== undefined) stdin = pipe.input(context.kill)
    try {
      const stdout = pipe?.output(context.life) ?? context.stdout
      const own = await redirected({ ...context, args: command.words, stdin: input, stdout }, command.redirects)
      return own === undefined ? 1 : await runCommand(own, shell, commands.length === 1)
    } finally {
      pipe?.endWriter()
      from?.endReader()
    }
  })
  // All but the last may end early because nobody reads them any more.
  const results = await Promise.allSettled(runs)
  context.kill.check()
  const last = results.at(-1)
  if (last?.status === 'rejected') throw last.reason
  return last?.value ?? 0
}

/** The context with its streams where the redirections say; undefined when one cannot be opened. */
async function redirected(context: LinuxContext, redirects: readonly Redirect[]): Promise<LinuxContext | undefined> {
  const streams: { stdin?: Input; stdout?: Output; stderr?: Output } = {}
  for (const { kind, stream, target } of redirects) {
    try {
      if (kind === '<') streams.stdin = await openFile(context, target)
      else streams[stream as 'stdout' | 'stderr'] = await fileOutput(context, target, kind === '>>')
    } catch (error) {
      await context.stderr.write(`sh: ${target}: ${(error as Error).message}\n`)
      return undefined
    }
  }
  return { ...context, ...streams }
}

async function fileOutput(context: LinuxContext, target: string, append: boolean): Promise<Output> {
  const path = resolvePath(context.cwd, target)
  if (path === '/dev/null') return NO_OUTPUT
  if (path === '/dev/stdout' || path === '/dev/stderr') return path === '/dev/stdout' ? context.stdout : context.stderr
  await context.view.write(path, new Uint8Array(0), append)
  return { write: (data) => context.view.write(path, typeof data === 'string' ? Buffer.from(data) : data, true) }
}

/** One command: assignments, what the shell does itself, or a program. */
async function runCommand(context: LinuxContext, shell: Shell, isAlone: boolean): Promise<number> {
  const env = new Map(context.env)
  const args = [...context.args]
  const assigned: [string, string][] = []
  for (let found = ASSIGNMENT.exec(args[0] ?? ''); found !== null; found = ASSIGNMENT.exec(args[0] ?? '')) {
    assigned.push([found[1]!, found[2]!])
    args.shift()
  }
  // Without a command they are the shell's own.
  for (const [name, value] of assigned) (args.length === 0 && isAlone ? context.env : env).set(name, value)
  const [name, first = ''] = args
  switch (name) {
    case undefined:
      return 0
    case 'cd': {
      const target = resolvePath(context.cwd, first || '/')
      if ((await context.view.list(target)) === undefined) {
        await context.stderr.write(`sh: cd: ${first}: No such file or directory\n`)
        return 1
      }
      if (isAlone) shell.cwd = target
      return 0
    }
    case 'export':
      for (const word of args.slice(1)) {
        const found = ASSIGNMENT.exec(word)
        if (found !== null && isAlone) context.env.set(found[1]!, found[2]!)
      }
      return 0
    case 'trap':
      return trap(context, args.slice(1))
    case 'exec':
      return runLinux({ ...context, env, args: args.slice(1) })
    default:
      return fileErrors(context, name, () => runLinux({ ...context, env, args }))
  }
}

const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s

/** `trap '' TERM` ignores a signal; other traps are not known. */
async function trap(context: LinuxContext, [action, ...names]: string[]): Promise<number> {
  if (action !== '') {
    await context.stderr.write('sh: trap: only the empty action is known\n')
    return 1
  }
  for (const name of names) {
    const signal = signalNumber(name)
    if (signal !== undefined) context.process.ignored.add(signal)
  }
  return 0
}

async function fileErrors(context: ProgramContext<unknown>, name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    await context.stderr.write(`${name}: ${error.message}\n`)
    return 1
  }
}
