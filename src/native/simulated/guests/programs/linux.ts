// The programs of a Linux guest.

import { hostname, listDirectory, mountLines, readFile, resolvePath } from './linux-files.js'
import { writeLines, type Program, type ProgramContext } from './program.js'

const say = (context: ProgramContext, text: string): Promise<void> => context.stdout.write(text)

async function fail(context: ProgramContext, name: string, text: string, code = 1): Promise<number> {
  await context.stderr.write(`${name}: ${text}\n`)
  return code
}

const echo: Program = async (context) => {
  const bare = context.args[1] === '-n'
  await say(context, context.args.slice(bare ? 2 : 1).join(' ') + (bare ? '' : '\n'))
  return 0
}

const cat: Program = async (context) => {
  const paths = context.args.slice(1)
  let code = 0
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') {
      for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
        await context.stdout.write(chunk)
      }
      continue
    }
    const text = readFile(context.kernel, resolvePath(context.cwd, path))
    if (text === undefined) code = await fail(context, 'cat', `${path}: No such file or directory`)
    else await say(context, text)
  }
  return code
}

const sleep: Program = async (context) => {
  const seconds = Number(context.args[1])
  if (!(seconds >= 0)) return fail(context, 'sleep', `invalid time interval '${context.args[1] ?? ''}'`)
  await context.kill.race(context.kernel.sleep(seconds * 1000))
  return 0
}

const env: Program = async (context) => {
  await writeLines(
    context.stdout,
    [...context.env].map(([name, value]) => `${name}=${value}\n`),
  )
  return 0
}

const ls: Program = async (context) => {
  const paths = context.args.slice(1).filter((arg) => !arg.startsWith('-'))
  let code = 0
  for (const path of paths.length === 0 ? ['.'] : paths) {
    const full = resolvePath(context.cwd, path)
    const names = listDirectory(context.kernel, full)
    if (names !== undefined)
      await writeLines(
        context.stdout,
        names.map((name) => `${name}\n`),
      )
    else if (readFile(context.kernel, full) !== undefined) await say(context, `${path}\n`)
    else code = await fail(context, 'ls', `${path}: No such file or directory`, 2)
  }
  return code
}

const mount: Program = async (context) => {
  const lines = mountLines(context.kernel).map(
    ({ source, target, filesystem, options }) => `${source} on ${target} type ${filesystem} (${options})\n`,
  )
  await writeLines(context.stdout, lines)
  return 0
}

const uname: Program = async (context) => {
  const all = `Linux ${hostname(context.kernel)} 6.6.0-uvm #1 SMP x86_64 GNU/Linux\n`
  await say(context, context.args[1] === '-a' ? all : context.args[1] === '-r' ? '6.6.0-uvm\n' : 'Linux\n')
  return 0
}

const ip: Program = async (context) => {
  const what = context.args.find((arg, index) => index > 0 && !arg.startsWith('-')) ?? 'addr'
  const interfaces = [...context.kernel.interfaces.values()]
  if ('route'.startsWith(what)) {
    const lines = interfaces.flatMap(({ routes }, index) =>
      routes.map(({ destination, nextHop }) => {
        const target = destination === '0.0.0.0/0' || destination === '' ? 'default' : destination
        return `${target} via ${nextHop} dev eth${index}\n`
      }),
    )
    await writeLines(context.stdout, lines)
    return 0
  }
  if (!'address'.startsWith(what) && !'link'.startsWith(what)) {
    return fail(context, 'ip', `object "${what}" is unknown`)
  }
  const configured = new Set(interfaces.map(({ adapterId }) => adapterId.toLowerCase()))
  const rest = context.kernel.machine.adapters().filter(({ id }) => !configured.has(id.toLowerCase()))
  const lines = ['1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n']
  interfaces.forEach(({ macAddress, addresses }, index) => {
    const name = `eth${index}`
    const mac = macAddress.replaceAll('-', ':').toLowerCase() || '00:00:00:00:00:00'
    lines.push(`${index + 2}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether ${mac}\n`)
    lines.push(...addresses.map((address) => `    inet ${address} scope global ${name}\n`))
  })
  rest.forEach((_adapter, index) => {
    const number = interfaces.length + index
    lines.push(`${number + 2}: eth${number}: <BROADCAST,MULTICAST> mtu 1500 state DOWN\n`)
  })
  await writeLines(context.stdout, lines)
  return 0
}

const seq: Program = async (context) => {
  const numbers = context.args.slice(1).map(Number)
  const [first, step, last] =
    numbers.length === 1 ? [1, 1, numbers[0]!] : numbers.length === 2 ? [numbers[0]!, 1, numbers[1]!] : numbers
  if (
    first === undefined ||
    step === undefined ||
    last === undefined ||
    ![first, step, last].every(Number.isFinite) ||
    step === 0
  ) {
    return fail(context, 'seq', 'invalid argument')
  }
  const [from, by, to] = [first, step, last]
  function* count(): Generator<string> {
    for (let value = from; by > 0 ? value <= to : value >= to; value += by) yield `${value}\n`
  }
  await writeLines(context.stdout, count())
  return 0
}

const yes: Program = async (context) => {
  const block = `${context.args.slice(1).join(' ') || 'y'}\n`.repeat(4096)
  for (;;) {
    await context.stdout.write(block)
    // A reader that keeps up must not keep the guest's other programs from running.
    await context.kill.race(new Promise<void>((resolve) => setImmediate(resolve)))
  }
}

const head: Program = async (context) => {
  const option = context.args[1] ?? '-n'
  const count = Number(context.args[2] ?? option.replace(/^-[nc]?/, '') ?? 10)
  if (!Number.isInteger(count) || count < 0) return fail(context, 'head', `invalid number '${context.args[2] ?? ''}'`)
  const byBytes = option.startsWith('-c')
  let left = count
  while (left > 0) {
    const chunk = await context.stdin.read()
    if (chunk === undefined) break
    const taken = byBytes ? chunk.subarray(0, left) : firstLines(chunk, left)
    await context.stdout.write(taken)
    left -= byBytes ? taken.byteLength : countLines(taken)
  }
  return 0
}

function countLines(chunk: Uint8Array): number {
  let lines = 0
  for (const byte of chunk) if (byte === 10) lines++
  return lines
}

function firstLines(chunk: Uint8Array, count: number): Uint8Array {
  let seen = 0
  for (let index = 0; index < chunk.byteLength; index++) {
    if (chunk[index] === 10 && ++seen === count) return chunk.subarray(0, index + 1)
  }
  return chunk
}

const wc: Program = async (context) => {
  let [lines, bytes] = [0, 0]
  for (let chunk = await context.stdin.read(); chunk !== undefined; chunk = await context.stdin.read()) {
    lines += countLines(chunk)
    bytes += chunk.byteLength
  }
  const option = context.args[1]
  await say(context, option === '-l' ? `${lines}\n` : option === '-c' ? `${bytes}\n` : `${lines} ${bytes}\n`)
  return 0
}

const free: Program = async (context) => {
  const total = context.kernel.machine.memoryMB()
  const used = Math.ceil(total / 10)
  await say(context, `              total        used        free\nMem:  ${total}  ${used}  ${total - used}\n`)
  return 0
}

const simple =
  (text: (context: ProgramContext) => string, code = 0): Program =>
  async (context) => {
    const line = text(context)
    if (line !== '') await say(context, line)
    return code
  }

/** By name; the shell itself is not among them. */
export const LINUX_PROGRAMS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['echo', echo],
  ['cat', cat],
  ['sleep', sleep],
  ['env', env],
  ['ls', ls],
  ['mount', mount],
  ['uname', uname],
  ['ip', ip],
  ['seq', seq],
  ['yes', yes],
  ['head', head],
  ['wc', wc],
  ['free', free],
  ['true', simple(() => '')],
  ['false', simple(() => '', 1)],
  ['hostname', simple(({ kernel }) => `${hostname(kernel)}\n`)],
  ['nproc', simple(({ kernel }) => `${kernel.machine.processors()}\n`)],
  ['pwd', simple(({ cwd }) => `${cwd}\n`)],
  ['date', simple(({ kernel }) => `${kernel.now().toUTCString()}\n`)],
])
