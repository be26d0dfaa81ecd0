// The programs of a Windows guest. Lines end with CR LF.

import type { Interface } from '../kernel.js'
import { copy, writeLines, type Program, type ProgramContext } from '../program.js'
import { windowsPath } from './paths.js'
import type { WindowsView } from './view.js'

export type WindowsContext = ProgramContext<WindowsView>
type WindowsProgram = Program<WindowsView>

const WINDOWS_BUILD = '10.0.26100.1'

const lines = (context: WindowsContext, ...text: string[]): Promise<void> =>
  writeLines(
    context.stdout,
    text.map((line) => `${line}\r\n`),
  )

const echo: WindowsProgram = async (context) => {
  await lines(context, context.args.slice(1).join(' '))
  return 0
}

/** `set` lists, `set NAME=VALUE` assigns. */
const set: WindowsProgram = async (context) => {
  const assignment = context.args.slice(1).join(' ')
  const equals = assignment.indexOf('=')
  if (equals > 0) context.env.set(assignment.slice(0, equals), assignment.slice(equals + 1))
  else await lines(context, ...[...context.env].map(([name, value]) => `${name}=${value}`))
  return 0
}

const ver: WindowsProgram = async (context) => {
  await lines(context, '', `Microsoft Windows [Version ${WINDOWS_BUILD}]`)
  return 0
}

/** `type` with a file; without one it copies stdin, as `more` does. */
const type: WindowsProgram = async (context) => {
  const path = context.args[1]
  if (path === undefined || path.toLowerCase() === 'con') {
    await copy(context.stdin, context.stdout)
    return 0
  }
  const content = await context.view.read(windowsPath(context.cwd, path))
  if (content === undefined) {
    await context.stderr.write('The system cannot find the file specified.\r\n')
    return 1
  }
  await context.stdout.write(content)
  return 0
}

const dir: WindowsProgram = async (context) => {
  const given = (context.args[1] ?? context.cwd).replace(/(.)\\$/, '$1')
  const path = windowsPath(context.cwd, given)
  const names = await context.view.list(path)
  if (names === undefined) {
    await context.stderr.write('File Not Found\r\n')
    return 1
  }
  const mount = context.view.container === undefined ? context.view.kernel.mounts.get(path) : undefined
  if (mount !== undefined) await lines(context, ` Volume is ${mount.source} (${mount.filesystem})`)
  await lines(context, ` Directory of ${given}`, '')
  for (const name of names) {
    const isDirectory = (await context.view.list(`${path}\\${name.toLowerCase()}`)) !== undefined || path === 'c:'
    await lines(context, `${isDirectory ? '<DIR>         ' : '              '} ${name}`)
  }
  return 0
}

const ipconfig: WindowsProgram = async (context) => {
  await lines(context, '', 'Windows IP Configuration')
  let number = 0
  for (const adapter of context.view.interfaces()) {
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
    ...adapter.dnsServers.map((server) => `   DNS Servers . . . . . : ${server}`),
  ]
}

/** `timeout /t SECONDS`, and `ping -n COUNT`, which people use to wait. */
const timeout: WindowsProgram = async (context) => {
  const seconds = Number(context.args.find((arg) => /^\d+$/.test(arg)))
  if (!(seconds >= 0)) {
    await context.stderr.write('ERROR: Invalid syntax.\r\n')
    return 1
  }
  const { kill, view } = context
  await kill.race(view.kernel.sleep(seconds * 1000))
  return 0
}

const systeminfo: WindowsProgram = async (context) => {
  const { view } = context
  await lines(
    context,
    `Host Name:              ${view.hostname()}`,
    `OS Version:             ${WINDOWS_BUILD}`,
    `Processor(s):           ${view.processors()}`,
    `Total Physical Memory:  ${view.memoryMB()} MB`,
  )
  return 0
}

const tasklist: WindowsProgram = async (context) => {
  const running = context.view.processes().filter(({ exitCode }) => exitCode === undefined)
  await lines(context, ...running.map(({ pid, command }) => `${String(pid).padStart(8)} ${command}`))
  return 0
}

const simple =
  (text: (context: WindowsContext) => string): WindowsProgram =>
  async (context) => {
    await lines(context, text(context))
    return 0
  }

/** By name, lower case. */
export const WINDOWS_PROGRAMS: ReadonlyMap<string, WindowsProgram> = new Map([
  ['echo', echo],
  ['set', set],
  ['ver', ver],
  ['type', type],
  ['more', type],
  ['dir', dir],
  ['ipconfig', ipconfig],
  ['timeout', timeout],
  ['ping', timeout],
  ['systeminfo', systeminfo],
  ['tasklist', tasklist],
  ['hostname', simple(({ view }) => view.hostname())],
  ['whoami', simple(({ user }) => user.toLowerCase())],
  ['cd', simple(({ cwd }) => cwd)],
  ['tzutil', simple(({ view }) => view.kernel.timeZone)],
])
