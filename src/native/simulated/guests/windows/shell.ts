// `cmd /c` of a Windows guest: commands joined by `&`, `&&` and `||`, `%variables%`, `>` and `>>`.

import { FileError } from '../file-error.js'
import { NO_OUTPUT, type Output } from '../stdio.js'
import { windowsPath } from './paths.js'
import { WINDOWS_PROGRAMS, type WindowsContext } from './programs.js'

const NOT_RECOGNISED = 9009

/** Runs a Windows command line. Answers its exit code, unsigned. */
export async function runWindows(context: WindowsContext, commandLine: string): Promise<number> {
  const shell = /^"?(?:[^"\s]*\\)?cmd(?:\.exe)?"?(?:\s+(\/[ck])\s*(.*))?$/is.exec(commandLine.trim())
  if (shell === null) return command(context, commandLine)
  return shell[1] === undefined ? interactive(context) : script(context, unquote(shell[2] ?? ''))
}

/** A shell that reads commands from stdin, a line at a time. */
async function interactive(context: WindowsContext): Promise<number> {
  let text = ''
  let code = 0
  for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
    text += Buffer.from(chunk).toString()
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) {
      if (/^\s*exit\b/i.test(line)) return script(context, line.trim())
      code = await script(context, line.trim())
    }
  }
  return text.trim() === '' ? code : script(context, text.trim())
}

function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.indexOf('"', 1) === text.length - 1
    ? text.slice(1, -1)
    : text
}

async function script(context: WindowsContext, text: string): Promise<number> {
  let code = 0
  // The separators stay in the list: `&&` goes on only after success.
  const parts = text.split(/\s*(&&|\|\||&)\s*/)
  for (let index = 0; index < parts.length; index += 2) {
    const join = index === 0 ? '&' : parts[index - 1]
    if ((join === '&&' && code !== 0) || (join === '||' && code === 0)) continue
    const line = parts[index]!.trim()
    if (line === '') continue
    const exit = /^exit(?:\s+\/b)?(?:\s+(-?\d+))?$/i.exec(line)
    if (exit !== null) return Number(exit[1] ?? code) >>> 0
    code = await command(context, line)
  }
  return code
}

const REDIRECTION = /\s*(>>?)\s*("[^"]*"|[^\s>]+)\s*$/

async function command(context: WindowsContext, line: string): Promise<number> {
  const filled = line.replace(/%(\w+)%/g, (text, name: string) => lookUp(context, name) ?? text)
  const redirection = REDIRECTION.exec(filled)
  const words = (redirection === null ? filled : filled.slice(0, redirection.index)).match(/"[^"]*"|\S+/g) ?? []
  const args = words.map((word) => unquote(word))
  const name =
    (args[0] ?? '')
      .toLowerCase()
      .split('\\')
      .at(-1)
      ?.replace(/\.exe$/, '') ?? ''
  const program = WINDOWS_PROGRAMS.get(name)
  try {
    const stdout =
      redirection === null ? context.stdout : await fileOutput(context, redirection[1]!, unquote(redirection[2]!))
    if (program !== undefined) return await program({ ...context, args, stdout })
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    await context.stderr.write(`${error.message}\r\n`)
    return 1
  }
  await context.stderr.write(`'${args[0] ?? ''}' is not recognized as an internal or external command.\r\n`)
  return NOT_RECOGNISED
}

async function fileOutput(context: WindowsContext, operator: string, target: string): Promise<Output> {
  if (target.toLowerCase() === 'nul') return NO_OUTPUT
  const path = windowsPath(context.cwd, target)
  const write = async (data: Uint8Array, append: boolean): Promise<void> => {
    if (!(await context.view.write(path, data, append))) throw new FileError('Access is denied.')
  }
  await write(new Uint8Array(0), operator === '>>')
  return { write: (data) => write(typeof data === 'string' ? Buffer.from(data) : data, true) }
}

/** Variables are found whatever their case. */
function lookUp(context: WindowsContext, name: string): string | undefined {
  for (const [key, value] of context.env) if (key.toLowerCase() === name.toLowerCase()) return value
  return undefined
}
