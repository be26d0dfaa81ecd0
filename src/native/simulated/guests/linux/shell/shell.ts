// The shell of a Linux guest, and how any program of it is started by name. The shell knows lists, pipes, redirections, quotes, variables,
// `$( )`, `if`, `for`, `while`, `until`, `( )`, `{ }`, `&` and traps; what it does not know ends the script with exit code 2 and one line.

import type { LinuxContext } from '../programs/context.js'
import { DEFAULT_PATH, findExecutable } from '../executables.js'
import { Executor, SCRIPT_ERROR } from './execute.js'
import { LineInput } from '../line-input.js'
import { parseScript } from './parser.js'
import { Shell } from './state.js'
import { ScriptError } from './syntax.js'

const COMMAND_NOT_FOUND = 127
const CANNOT_EXECUTE = 126

/** Runs a program by name or path, or a shell. Answers its exit code. */
export async function runLinux(context: LinuxContext): Promise<number> {
  const [path = '', ...args] = context.args
  const { view, cwd, env } = context
  const found = await findExecutable({ view, cwd, path: env.get('PATH') ?? DEFAULT_PATH }, path)
  if (found === 'shell') {
    return runShell({ ...context, stdin: LineInput.of(context.stdin) }, path.split('/').at(-1) ?? '', args)
  }
  if (typeof found === 'function') return found(context)
  await context.stderr.write(`sh: ${path}: ${found}\n`)
  return found === 'not found' ? COMMAND_NOT_FOUND : CANNOT_EXECUTE
}

async function runShell(context: LinuxContext, name: string, args: readonly string[]): Promise<number> {
  const executor = new Executor(runLinux)
  const words = [...args]
  const options = takeOptions(words)
  if (options === undefined) {
    await context.stderr.write(`sh: unsupported: ${words[0]}\n`)
    return SCRIPT_ERROR
  }
  const text = options.has('c') ? words.shift() : undefined
  const shell = new Shell(context, text === undefined ? name : (words.shift() ?? name), words)
  shell.exitsOnError = options.has('e')
  if (options.has('c') && text === undefined) {
    await context.stderr.write('sh: -c requires an argument\n')
    return SCRIPT_ERROR
  }
  if (text !== undefined) await executor.script(context, shell, text)
  else if (words.length > 0) return runFile(context, executor, words)
  else if (context.process.terminal === undefined) await executor.script(context, shell, await everything(context))
  else await interactive(context, executor, shell)
  return executor.end(context, shell)
}

/** `-c`, `-e` and those that change nothing here. Undefined for any other. */
function takeOptions(words: string[]): ReadonlySet<string> | undefined {
  const options = new Set<string>()
  for (let word = words[0]; word?.startsWith('-') === true; word = words[0]) {
    if (!/^-[ceils]+$/.test(word)) return undefined
    for (const letter of word.slice(1)) options.add(letter)
    words.shift()
  }
  return options
}

async function runFile(context: LinuxContext, executor: Executor, [path = '', ...args]: string[]): Promise<number> {
  const full = path.startsWith('/') ? path : `${context.cwd === '/' ? '' : context.cwd}/${path}`
  const content = await context.view.read(full)
  if (content === undefined) {
    await context.stderr.write(`sh: can't open '${path}': No such file or directory\n`)
    return COMMAND_NOT_FOUND
  }
  const shell = new Shell(context, path, args)
  await executor.script(context, shell, Buffer.from(content).toString())
  return executor.end(context, shell)
}

async function everything({ stdin }: LinuxContext): Promise<string> {
  const chunks: Uint8Array[] = []
  for (let chunk = await stdin.read(); chunk !== undefined; chunk = await stdin.read()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Line by line on a terminal; a line that is not whole yet asks for the next. */
async function interactive(context: LinuxContext, executor: Executor, shell: Shell): Promise<void> {
  let text = ''
  while (shell.flow === undefined) {
    await context.stdout.write(text === '' ? '# ' : '> ')
    const line = await context.stdin.read()
    if (line === undefined) return
    text += Buffer.from(line).toString()
    if (isIncomplete(text)) continue
    await executor.script(context, shell, text)
    // A mistake ends a script, not somebody's session.
    if (shell.wasMistaken) shell.flow = undefined
    shell.wasMistaken = false
    text = ''
  }
}

function isIncomplete(text: string): boolean {
  try {
    parseScript(text)
    return false
  } catch (error) {
    if (error instanceof ScriptError) return error.isIncomplete
    throw error
  }
}
