// `cmd /c` of a Windows guest and its programs. Lines end with CR LF.

import type { Interface } from '../kernel.js'
import { NO_OUTPUT } from '../stdio.js'
import { writeLines, type Program, type ProgramContext } from './program.js'

const NOT_RECOGNISED = 9009
const WINDOWS_BUILD = '10.0.26100.1'

const lines = (context: ProgramContext, ...text: string[]): Promise<void> =>
  writeLines(
    context.stdout,
    text.map((line) => `${line}\r\n`),
  )

const echo: Program = async (context) => {
  await lines(context, context.args.slice(1).join(' '))
  return 0
}

/** `set` lists, `set NAME=VALUE` assigns. */
const set: Program = async (context) => {
  const assignment = context.args.slice(1).join(' ')
  const equals = assignment.indexOf('=')
  if (equals > 0) context.env.set(assignment.slice(0, equals), assignment.slice(equals + 1))
  else await lines(context, ...[...context.env].map(([name, value]) => `${name}=${value}`))
  return 0
}

const ver: Program = async (context) => {
  await lines(context, '', `Microsoft Windows [Version ${WINDOWS_BUILD}]`)
  return 0
}

/** `type` with a file; without one it copies stdin, as `more` does. */
const type: Program = async (context) => {
  const path = context.args[1]
  if (path === undefined || path.toLowerCase() === 'con') {
    for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
      await context.stdout.write(chunk)
    }
    return 0
  }
  if (/\\drivers\\etc\\hosts$/i.test(path)) {
    await lines(context, '127.0.0.1 localhost')
    return 0
  }
  await context.stderr.write('The system cannot find the file specified.\r\n')
  return 1
}

const dir: Program = async (context) => {
  const path = (context.args[1] ?? context.cwd).replace(/(.)\\$/, '$1')
  const key = path.toLowerCase()
  const mount = context.kernel.mounts.get(key)
  const below = [...context.kernel.mounts.keys()].filter((target) =>
    target.startsWith(key === 'c:' ? 'c:\\' : `${key}\\`),
  )
  const names = new Set(below.map((target) => target.slice(key.length + 1).split('\\')[0] ?? ''))
  if (key === 'c:') for (const name of ['Program Files', 'Users', 'Windows']) names.add(name)
  if (mount === undefined && names.size === 0) {
    await context.stderr.write('File Not Found\r\n')
    return 1
  }
  if (mount !== undefined) await lines(context, ` Volume is ${mount.source} (${mount.filesystem})`)
  await lines(context, ` Directory of ${path}`, '', ...[...names].sort().map((name) => `<DIR>          ${name}`))
  return 0
}

const ipconfig: Program = async (context) => {
  await lines(context, '', 'Windows IP Configuration')
  let number = 0
  for (const adapter of context.kernel.interfaces.values()) {
    number++
    await lines(context, '', `Ethernet adapter vEthernet (${number}):`, '', ...adapterLines(adapter))
  }
  return 0
}

function adapterLines(adapter: Interface): string[] {
  return [
    ...(adapter.macAddress === '' ? [] : [`   Physical Address. . . : ${adapter.macAddress}`]),
    ...adapter.addresses.map((address) => `   IPv4 Address. . . . . : ${address.split('/')[0]}`),
    ...adapter.routes.map(({ nextHop }) => `   Default Gateway . . . : ${nextHop}`),
  ]
}

/** `timeout /t SECONDS`. */
const timeout: Program = async (context) => {
  const seconds = Number(context.args.find((arg) => /^\d+$/.test(arg)))
  if (!(seconds >= 0)) {
    await context.stderr.write('ERROR: Invalid syntax.\r\n')
    return 1
  }
  await context.kill.race(context.kernel.sleep(seconds * 1000))
  return 0
}

const hostname: Program = async (context) => {
  await lines(
    context,
    context.kernel.machine.id
      .replace(/[^\w-]/g, '-')
      .slice(0, 15)
      .toUpperCase(),
  )
  return 0
}

const PROGRAMS: ReadonlyMap<string, Program> = new Map([
  ['echo', echo],
  ['set', set],
  ['ver', ver],
  ['type', type],
  ['more', type],
  ['dir', dir],
  ['ipconfig', ipconfig],
  ['timeout', timeout],
  ['hostname', hostname],
])

/** Runs a Windows command line. Answers its exit code, unsigned. */
export async function runWindows(context: ProgramContext, commandLine: string): Promise<number> {
  const shell = /^"?(?:[^"\s]*\\)?cmd(?:\.exe)?"?\s+\/c\s+(.*)$/is.exec(commandLine.trim())
  return shell === null ? command(context, commandLine) : script(context, unquote(shell[1] ?? ''))
}

function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.indexOf('"', 1) === text.length - 1
    ? text.slice(1, -1)
    : text
}

async function script(context: ProgramContext, text: string): Promise<number> {
  let code = 0
  // The separators stay in the list: `&&` goes on only after success.
  const parts = text.split(/\s*(&&|\|\||&)\s*/)
  for (let index = 0; index < parts.length; index += 2) {
    const join = index === 0 ? '&' : parts[index - 1]
    if ((join === '&&' && code !== 0) || (join === '||' && code === 0)) continue
    const line = parts[index]!.trim()
    const exit = /^exit(?:\s+\/b)?(?:\s+(-?\d+))?$/i.exec(line)
    if (exit !== null) return Number(exit[1] ?? code) >>> 0
    code = await command(context, line)
  }
  return code
}

async function command(context: ProgramContext, line: string): Promise<number> {
  const quiet = /\s*>\s*nul$/i
  const expanded = line.replace(quiet, '').replace(/%(\w+)%/g, (text, name: string) => lookUp(context, name) ?? text)
  const args = (expanded.match(/"[^"]*"|\S+/g) ?? []).map((word) => unquote(word))
  const name =
    (args[0] ?? '')
      .toLowerCase()
      .split('\\')
      .at(-1)
      ?.replace(/\.exe$/, '') ?? ''
  const program = PROGRAMS.get(name)
  if (program !== undefined) return program({ ...context, args, ...(quiet.test(line) ? { stdout: NO_OUTPUT } : {}) })
  await context.stderr.write(`'${args[0] ?? ''}' is not recognized as an internal or external command.\r\n`)
  return NOT_RECOGNISED
}

/** Variables are found whatever their case. */
function lookUp(context: ProgramContext, name: string): string | undefined {
  for (const [key, value] of context.env) if (key.toLowerCase() === name.toLowerCase()) return value
  return undefined
}
