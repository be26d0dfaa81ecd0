// Programs that look at files: cat, ls, head, wc, touch, mkdir, rm.

import { FileError } from '../../file-error.js'
import { copy, writeLines } from '../../program.js'
import type { Input } from '../../stdio.js'
import { resolvePath } from '../paths.js'
import { fail, type LinuxContext, type LinuxProgram } from './context.js'

const ZEROS = new Uint8Array(64 * 1024)

/** A file as input. @throws {FileError} it cannot be read */
export async function openFile(context: LinuxContext, path: string): Promise<Input> {
  const full = resolvePath(context.cwd, path)
  if (full === '/dev/stdin') return context.stdin
  if (full === '/dev/zero') return { read: () => breathe(context).then(() => ZEROS) }
  let content = await context.view.read(full)
  if (content === undefined) {
    throw new FileError((await context.view.list(full)) === undefined ? 'No such file or directory' : 'Is a directory')
  }
  return {
    read: () => {
      const chunk = content?.byteLength === 0 ? undefined : content
      content = undefined
      return Promise.resolve(chunk)
    },
  }
}

/** An endless program must not keep the guest's others from running. */
export function breathe({ kill, view }: LinuxContext): Promise<void> {
  return kill.race(view.kernel.breathe())
}

/** Options apart from operands. */
function operands(context: LinuxContext): string[] {
  return context.args.slice(1).filter((arg) => arg === '-' || !arg.startsWith('-'))
}

/** Runs for each path; the worst exit code counts. A path that cannot be used is told and left. */
async function each(
  context: LinuxContext,
  paths: string[],
  run: (path: string) => Promise<void>,
  code = 1,
): Promise<number> {
  let worst = 0
  for (const path of paths) {
    try {
      await run(path)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      worst = await fail(context, `${path}: ${error.message}`, code)
    }
  }
  return worst
}

const cat: LinuxProgram = (context) => {
  const paths = operands(context)
  return each(context, paths.length === 0 ? ['-'] : paths, async (path) =>
    copy(path === '-' ? context.stdin : await openFile(context, path), context.stdout),
  )
}

const ls: LinuxProgram = (context) => {
  const paths = operands(context)
  return each(
    context,
    paths.length === 0 ? ['.'] : paths,
    async (path) => {
      const full = resolvePath(context.cwd, path)
      const names = await context.view.list(full)
      if (names !== undefined) {
        await writeLines(
          context.stdout,
          names.map((name) => `${name}\n`),
        )
      } else if ((await context.view.read(full)) !== undefined) await context.stdout.write(`${path}\n`)
      else throw new FileError('No such file or directory')
    },
    2,
  )
}

const head: LinuxProgram = async (context) => {
  const words = context.args.slice(1)
  let count = 10
  let byBytes = false
  const paths: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    const option = /^-([nc]?)(\d*)$/.exec(word)
    if (option === null) paths.push(word)
    else {
      byBytes = option[1] === 'c'
      count = Number(option[2] || words[++index] || NaN)
    }
  }
  if (!Number.isInteger(count) || count < 0) return fail(context, 'invalid number')
  return each(context, paths.length === 0 ? ['-'] : paths, async (path) => {
    const input = path === '-' ? context.stdin : await openFile(context, path)
    let left = count
    while (left > 0) {
      const chunk = await input.read()
      if (chunk === undefined) return
      const taken = byBytes ? chunk.subarray(0, left) : firstLines(chunk, left)
      await context.stdout.write(taken)
      left -= byBytes ? taken.byteLength : countLines(taken)
    }
  })
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

const wc: LinuxProgram = (context) => {
  const paths = operands(context)
  return each(context, paths.length === 0 ? ['-'] : paths, async (path) => {
    const input = path === '-' ? context.stdin : await openFile(context, path)
    let [lines, bytes] = [0, 0]
    for (let chunk = await input.read(); chunk !== undefined; chunk = await input.read()) {
      lines += countLines(chunk)
      bytes += chunk.byteLength
    }
    const option = context.args[1]
    const text = option === '-l' ? `${lines}` : option === '-c' ? `${bytes}` : `${lines} ${bytes}`
    await context.stdout.write(`${text}\n`)
  })
}

const touch: LinuxProgram = (context) =>
  each(context, operands(context), (path) =>
    context.view.write(resolvePath(context.cwd, path), new Uint8Array(0), true),
  )

const mkdir: LinuxProgram = (context) =>
  each(context, operands(context), async (path) => {
    const full = resolvePath(context.cwd, path)
    const parts = full.split('/').slice(1)
    const first = context.args.includes('-p') ? 1 : parts.length
    for (let count = first; count <= parts.length; count++) {
      const directory = `/${parts.slice(0, count).join('/')}`
      if ((await context.view.list(directory)) === undefined) await context.view.makeDirectory(directory)
      else if (first === parts.length) throw new FileError('File exists')
    }
  })

const rm: LinuxProgram = (context) =>
  each(context, operands(context), (path) => {
    try {
      context.view.remove(resolvePath(context.cwd, path))
    } catch (error) {
      if (!context.args.some((arg) => /^-\w*f/.test(arg))) throw error
    }
    return Promise.resolve()
  })

export const FILE_PROGRAMS: readonly (readonly [string, LinuxProgram])[] = [
  ['cat', cat],
  ['ls', ls],
  ['head', head],
  ['wc', wc],
  ['touch', touch],
  ['mkdir', mkdir],
  ['rm', rm],
]
