// Programs that tell of the system: mount, uname, ip, free, ps, id, stty and their like.

import type { Interface } from '../../kernel.js'
import { writeLines } from '../../program.js'
import { fail, type LinuxContext, type LinuxProgram } from './context.js'

const RELEASE = '6.6.0-uvm'
const BYTES_PER_MB = 1024 * 1024

const mount: LinuxProgram = async ({ view, stdout }) => {
  await writeLines(
    stdout,
    view
      .mounts()
      .map(({ source, target, filesystem, options }) => `${source} on ${target} type ${filesystem} (${options})\n`),
  )
  return 0
}

const uname: LinuxProgram = async ({ view, stdout, args }) => {
  const all = `Linux ${view.hostname()} ${RELEASE} #1 SMP x86_64 GNU/Linux\n`
  const words: Record<string, string> = {
    '-a': all,
    '-r': `${RELEASE}\n`,
    '-n': `${view.hostname()}\n`,
    '-m': 'x86_64\n',
  }
  await stdout.write(words[args[1] ?? ''] ?? 'Linux\n')
  return 0
}

const ip: LinuxProgram = async (context) => {
  const what = context.args.find((arg, index) => index > 0 && !arg.startsWith('-')) ?? 'addr'
  if ('route'.startsWith(what)) {
    await writeLines(context.stdout, routes(context.view.interfaces()))
    return 0
  }
  if (!'address'.startsWith(what) && !'link'.startsWith(what)) return fail(context, `object "${what}" is unknown`)
  await writeLines(context.stdout, addresses(context))
  return 0
}

function routes(interfaces: readonly Interface[]): string[] {
  return interfaces.flatMap(({ routes }, index) =>
    routes.map(({ destination, nextHop }) => {
      const target = destination === '0.0.0.0/0' || destination === '' ? 'default' : destination
      return `${target} via ${nextHop} dev eth${index}\n`
    }),
  )
}

function addresses({ view }: LinuxContext): string[] {
  const interfaces = view.interfaces()
  const lines = ['1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n']
  interfaces.forEach(({ macAddress, addresses: own, mtu }, index) => {
    const name = `eth${index}`
    const mac = macAddress.replaceAll('-', ':').toLowerCase() || '00:00:00:00:00:00'
    lines.push(`${index + 2}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu ${mtu}\n    link/ether ${mac}\n`)
    lines.push(...own.map((address) => `    inet ${address} scope global ${name}\n`))
  })
  view.bareAdapters().forEach((_adapter, index) => {
    const number = interfaces.length + index
    lines.push(`${number + 2}: eth${number}: <BROADCAST,MULTICAST> mtu 1500 state DOWN\n`)
  })
  return lines
}

const free: LinuxProgram = async ({ view, stdout }) => {
  const total = Math.floor(view.memoryBytes() / BYTES_PER_MB)
  const used = Math.ceil(total / 10)
  await stdout.write(`              total        used        free\nMem:  ${total}  ${used}  ${total - used}\n`)
  return 0
}

const ps: LinuxProgram = async ({ view, stdout }) => {
  const running = view.processes().filter(({ exitCode }) => exitCode === undefined)
  await writeLines(stdout, [
    '  PID CMD\n',
    ...running.map(({ pid, command }) => `${String(pid).padStart(5)} ${command}\n`),
  ])
  return 0
}

const id: LinuxProgram = async ({ args, user, stdout }) => {
  const uid = /^\d+$/.test(user) ? user : user === 'root' ? '0' : '1000'
  const option = args.slice(1).join('').replaceAll('-', '')
  if (/^[ug]n?$|^n[ug]$/.test(option)) {
    await stdout.write(`${option.includes('n') ? user : uid}\n`)
    return 0
  }
  await stdout.write(`uid=${uid}(${user}) gid=${uid}(${user})\n`)
  return 0
}

const stty: LinuxProgram = async (context) => {
  const { terminal } = context.process
  if (terminal === undefined) return fail(context, 'standard input: Inappropriate ioctl for device')
  const { rows, columns } = terminal.size
  await context.stdout.write(
    context.args[1] === 'size' ? `${rows} ${columns}\n` : `rows ${rows}; columns ${columns};\n`,
  )
  return 0
}

const lsblk: LinuxProgram = async ({ view, stdout }) => {
  await writeLines(
    stdout,
    view.kernel
      .disks()
      .map(
        ({ name, controller, lun, readOnly }) => `${name} ${controller}:0:0:${lun} ${readOnly ? 'ro' : 'rw'} disk\n`,
      ),
  )
  return 0
}

const lspci: LinuxProgram = async ({ view, stdout }) => {
  await writeLines(
    stdout,
    view.kernel.machine.pci().map((guid) => `${guid} Hyper-V PCI device\n`),
  )
  return 0
}

const simple =
  (text: (context: LinuxContext) => string): LinuxProgram =>
  async (context) => {
    await context.stdout.write(text(context))
    return 0
  }

export const SYSTEM_PROGRAMS: readonly (readonly [string, LinuxProgram])[] = [
  ['mount', mount],
  ['uname', uname],
  ['ip', ip],
  ['free', free],
  ['ps', ps],
  ['id', id],
  ['stty', stty],
  ['lsblk', lsblk],
  ['lspci', lspci],
  ['hostname', simple(({ view }) => `${view.hostname()}\n`)],
  ['nproc', simple(({ view }) => `${view.kernel.machine.processors()}\n`)],
  ['pwd', simple(({ cwd }) => `${cwd}\n`)],
  ['whoami', simple(({ user }) => `${user}\n`)],
  ['date', simple(({ view }) => `${view.kernel.now().toUTCString()}\n`)],
]
