// What a shell does itself, because it changes the shell: cd, export, set, read, trap, wait, kill and their like.

import { resolvePath } from '../paths.js'
import type { LinuxContext } from '../programs/context.js'
import { isSignal, signalNumber, SIGTERM } from '../signals.js'
import { LineInput } from '../line-input.js'
import type { Shell } from './state.js'
import { unsupported } from './syntax.js'

/** What runs scripts and programs. */
export interface ScriptRunner {
  script(context: LinuxContext, shell: Shell, text: string): Promise<number>
  program(context: LinuxContext, shell: Shell, args: readonly string[]): Promise<number>
}

export interface BuiltinCall {
  readonly context: LinuxContext
  readonly shell: Shell
  readonly runner: ScriptRunner
}

type Builtin = (call: BuiltinCall) => Promise<number>

const ASSIGNMENT = /^([A-Za-z_]\w*)(?:=(.*))?$/s
const COMMAND_NOT_FOUND = 127
const INTERRUPTED_BASE = 128
/** Longest line that `read` takes, bytes. */
const MAX_LINE_BYTES = 1024 * 1024

async function complain({ context }: BuiltinCall, text: string, code = 1): Promise<number> {
  await context.stderr.write(`sh: ${context.args[0] ?? ''}: ${text}\n`)
  return code
}

const cd: Builtin = async (call) => {
  const { context, shell } = call
  const first = context.args[1] ?? shell.variables.get('HOME') ?? '/'
  const target = resolvePath(shell.cwd, first === '-' ? (shell.variables.get('OLDPWD') ?? '.') : first)
  if ((await context.view.list(target)) === undefined) return complain(call, `${first}: No such file or directory`)
  shell.variables.set('OLDPWD', shell.cwd)
  shell.cwd = target
  // A subshell has no traps, and a process of its own.
  const { kernel, container } = context.view
  if (shell.traps !== undefined && container === undefined) kernel.workplaces.set(context.process.pid, target)
  if (first === '-') await context.stdout.write(`${target}\n`)
  return 0
}

const exportNames: Builtin = async (call) => {
  const { context, shell } = call
  for (const word of context.args.slice(1)) {
    const found = ASSIGNMENT.exec(word)
    if (found?.[1] === undefined) return complain(call, `${word}: bad variable name`, 2)
    shell.exported.add(found[1])
    if (found[2] !== undefined) shell.variables.set(found[1], found[2])
  }
  return 0
}

const unset: Builtin = ({ context, shell }) => {
  for (const name of context.args.slice(1)) {
    shell.variables.delete(name)
    shell.exported.delete(name)
  }
  return Promise.resolve(0)
}

const exit: Builtin = async (call) => {
  const { context, shell } = call
  const [, word] = context.args
  if (word !== undefined && !/^-?\d+$/.test(word)) return complain(call, `Illegal number: ${word}`, 2)
  shell.code = word === undefined ? shell.code : (Number(word) | 0) & 0xff
  shell.flow = { kind: 'exit' }
  return shell.code
}

const leaveLoop =
  (kind: 'break' | 'continue'): Builtin =>
  async (call) => {
    const levels = Number(call.context.args[1] ?? 1)
    if (!Number.isInteger(levels) || levels < 1) return complain(call, `Illegal number: ${call.context.args[1]}`, 2)
    call.shell.flow = { kind, levels }
    return 0
  }

/** With a command it takes the place of the shell; without one its redirections would stay, which this shell cannot. */
const exec: Builtin = async ({ context, shell, runner }) => {
  const args = context.args.slice(1)
  if (args.length === 0) throw unsupported('exec without a command')
  shell.traps?.actions.delete('EXIT')
  shell.code = await runner.program(context, shell, args)
  shell.flow = { kind: 'exit' }
  return shell.code
}

const set: Builtin = ({ context, shell }) => {
  const words = context.args.slice(1)
  for (let word = words[0]; word !== undefined; word = words[0]) {
    if (word === '-e' || word === '+e') shell.exitsOnError = word === '-e'
    else if (word === '--') {
      shell.args = words.slice(1)
      return Promise.resolve(0)
    } else if (/^[-+]/.test(word)) throw unsupported(`set ${word}`)
    else {
      shell.args = words
      return Promise.resolve(0)
    }
    words.shift()
  }
  return Promise.resolve(0)
}

const shift: Builtin = async (call) => {
  const { context, shell } = call
  const count = Number(context.args[1] ?? 1)
  if (!(count >= 0 && count <= shell.args.length)) return complain(call, "can't shift that many")
  shell.args = shell.args.slice(count)
  return 0
}

/** `read [-r] NAME…`: one line, its words by name, the last one takes the rest. */
const read: Builtin = async ({ context, shell }) => {
  const isRaw = context.args[1] === '-r'
  const names = context.args.slice(isRaw ? 2 : 1)
  if (names.some((name) => name.startsWith('-'))) throw unsupported(`read ${names.join(' ')}`)
  const line = await LineInput.of(context.stdin).readLine(MAX_LINE_BYTES)
  const text = (line?.text ?? '').replace(/\r$/, '')
  let rest = (isRaw ? text : text.replace(/\\(.)/g, '$1')).replace(/^[ \t]+|[ \t]+$/g, '')
  for (const [index, name] of names.entries()) {
    const blank = index === names.length - 1 ? null : /[ \t]+/.exec(rest)
    shell.variables.set(name, blank === null ? rest : rest.slice(0, blank.index))
    rest = blank === null ? '' : rest.slice(blank.index + blank[0].length)
  }
  return line?.hasEnd === true ? 0 : 1
}

/** `trap ACTION SIGNAL…`: an empty action ignores the signal, `-` gives it back its own effect. */
const trap: Builtin = async (call) => {
  const { context, shell } = call
  const [action, ...names] = context.args.slice(1)
  if (action === undefined) return 0
  for (const name of names) {
    const signal = name === '0' || name === 'EXIT' ? 'EXIT' : signalNumber(name)
    if (signal === undefined || (signal !== 'EXIT' && !isSignal(signal))) return complain(call, `${name}: bad trap`)
    if (action === '-') shell.traps?.reset(signal)
    else shell.traps?.set(signal, action)
  }
  return 0
}

/** Waits for background jobs; a signal that is trapped ends the waiting. */
const wait: Builtin = async ({ context, shell }) => {
  const pids = context.args.slice(1)
  const jobs = pids.length === 0 ? shell.jobs : pids.map((pid) => shell.jobs.find((job) => String(job.pid) === pid))
  const ended = Promise.all(jobs.map((job) => job?.ended ?? Promise.resolve(COMMAND_NOT_FOUND)))
  const signalled = shell.traps?.signalled().then(() => undefined)
  const codes = await context.kill.race(signalled === undefined ? ended : Promise.race([ended, signalled]))
  if (codes === undefined) return INTERRUPTED_BASE + SIGTERM
  return pids.length === 0 ? 0 : (codes.at(-1) ?? 0)
}

/** `kill [-SIGNAL] PID…`; signal 0 only looks whether the process is there. */
const kill: Builtin = async (call) => {
  const { context, shell } = call
  const words = context.args.slice(1)
  let signal: number | undefined = SIGTERM
  if (words[0] === '-s') {
    signal = signalNumber(words[1] ?? '')
    words.splice(0, 2)
  } else if (words[0]?.startsWith('-') === true) signal = signalNumber(words.shift()!.slice(1))
  if (signal === undefined || (signal !== 0 && !isSignal(signal))) return complain(call, 'bad signal', 2)
  if (words.length === 0) return complain(call, 'expected a pid', 2)
  let worst = 0
  for (const word of words) {
    const job = shell.jobs.find(({ pid }) => String(pid) === word)
    const process =
      word === String(context.process.pid)
        ? context.process
        : context.view.processes().find(({ pid }) => String(pid) === word)
    if (job === undefined && process?.exitCode !== undefined) worst = await complain(call, `(${word}): No such process`)
    else if (job !== undefined) {
      if (signal !== 0) job.kill.kill(INTERRUPTED_BASE + signal)
    } else if (process === undefined) worst = await complain(call, `(${word}): No such process`)
    else if (signal !== 0) process.signal(signal, true)
  }
  // One that killed itself goes no further.
  context.kill.check()
  return worst
}

const evaluate: Builtin = ({ context, shell, runner }) => runner.script(context, shell, context.args.slice(1).join(' '))

const refused = (name: string): Builtin => {
  return () => Promise.reject(unsupported(name))
}

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => Promise.resolve(0)],
  ['cd', cd],
  ['export', exportNames],
  ['unset', unset],
  ['exit', exit],
  ['break', leaveLoop('break')],
  ['continue', leaveLoop('continue')],
  ['exec', exec],
  ['set', set],
  ['shift', shift],
  ['read', read],
  ['trap', trap],
  ['wait', wait],
  ['kill', kill],
  ['eval', evaluate],
  // Known to a real shell, and not to this one: they must not look like a missing program.
  ...'. source alias bg command fg getopts hash jobs local readonly return times type ulimit umask'
    .split(' ')
    .map((name): [string, Builtin] => [name, refused(name)]),
])
