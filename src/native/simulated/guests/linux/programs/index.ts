// The programs of a Linux guest.

import { writeLines } from '../../program.js'
import { fail, type LinuxProgram } from './context.js'
import { breathe, FILE_PROGRAMS } from './files.js'
import { SYSTEM_PROGRAMS } from './system.js'
import { TEXT_PROGRAMS } from './text.js'

const echo: LinuxProgram = async ({ args, stdout }) => {
  const bare = args[1] === '-n'
  await stdout.write(args.slice(bare ? 2 : 1).join(' ') + (bare ? '' : '\n'))
  return 0
}

const sleep: LinuxProgram = async (context) => {
  const { args, view, kill } = context
  const seconds = args[1] === 'infinity' ? Infinity : Number(args[1])
  if (!(seconds >= 0)) return fail(context, `invalid time interval '${args[1] ?? ''}'`)
  await kill.race(view.kernel.sleep(seconds * 1000))
  return 0
}

const env: LinuxProgram = async (context) => {
  await writeLines(
    context.stdout,
    [...context.env].map(([name, value]) => `${name}=${value}\n`),
  )
  return 0
}

const seq: LinuxProgram = async (context) => {
  const numbers = context.args.slice(1).map(Number)
  const [first, step, last] =
    numbers.length === 1 ? [1, 1, numbers[0]!] : numbers.length === 2 ? [numbers[0]!, 1, numbers[1]!] : numbers
  const isGiven = (value: number | undefined): value is number => Number.isFinite(value)
  if (!isGiven(first) || !isGiven(step) || !isGiven(last) || step === 0) return fail(context, 'invalid argument')
  function* count([from, by, to]: readonly [number, number, number]): Generator<string> {
    for (let value = from; by > 0 ? value <= to : value >= to; value += by) yield `${value}\n`
  }
  await writeLines(context.stdout, count([first, step, last]))
  return 0
}

const yes: LinuxProgram = async (context) => {
  const block = `${context.args.slice(1).join(' ') || 'y'}\n`.repeat(4096)
  for (;;) {
    await context.stdout.write(block)
    await breathe(context)
  }
}

/** By name; the shell itself is not among them. */
export const LINUX_PROGRAMS: ReadonlyMap<string, LinuxProgram> = new Map<string, LinuxProgram>([
  ['echo', echo],
  ['sleep', sleep],
  ['env', env],
  ['seq', seq],
  ['yes', yes],
  ['true', () => Promise.resolve(0)],
  ['false', () => Promise.resolve(1)],
  ...FILE_PROGRAMS,
  ...SYSTEM_PROGRAMS,
  ...TEXT_PROGRAMS,
])
