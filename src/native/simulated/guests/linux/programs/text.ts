// Programs that look at text: grep, printf, tty, test.

import { FileError } from '../../file-error.js'
import type { Input } from '../../stdio.js'
import { resolvePath } from '../paths.js'
import { LineInput } from '../line-input.js'
import { fail, type LinuxContext, type LinuxProgram } from './context.js'
import { openFile } from './files.js'

/** Longest line that is looked at, bytes. */
const MAX_LINE_BYTES = 1024 * 1024
const GREP_OPTIONS = /^-[qcvinFE]+$/

/** `grep [-qcvinFE] PATTERN [FILE…]`. A pattern is plain text, or an expression as JavaScript reads it. */
const grep: LinuxProgram = async (context) => {
  const words = context.args.slice(1)
  const letters = new Set<string>()
  for (let word = words[0]; word?.startsWith('-') === true && word !== '-'; word = words[0]) {
    if (!GREP_OPTIONS.test(word)) return fail(context, `unsupported option ${word}`, 2)
    for (const letter of word.slice(1)) letters.add(letter)
    words.shift()
  }
  const pattern = words.shift()
  if (pattern === undefined) return fail(context, 'expected a pattern', 2)
  const matches = matcher(pattern, letters)
  if (matches === undefined) return fail(context, `unsupported pattern ${pattern}`, 2)
  const sources = words.length === 0 ? ['-'] : words
  let found = 0
  let code = 1
  for (const path of sources) {
    let input: Input
    try {
      input = path === '-' ? context.stdin : await openFile(context, path)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      code = await fail(context, `${path}: ${error.message}`, 2)
      continue
    }
    const lines = LineInput.of(input)
    let count = 0
    for (let number = 1; ; number++) {
      const line = await lines.readLine(MAX_LINE_BYTES)
      if (line === undefined) break
      if (matches(line.text) === letters.has('v')) continue
      count++
      if (letters.has('q')) return 0
      if (letters.has('c')) continue
      const head = `${sources.length > 1 ? `${path}:` : ''}${letters.has('n') ? `${number}:` : ''}`
      await context.stdout.write(`${head}${line.text}\n`)
    }
    if (letters.has('c')) await context.stdout.write(`${sources.length > 1 ? `${path}:` : ''}${count}\n`)
    found += count
  }
  return code === 2 ? 2 : found > 0 ? 0 : 1
}

/** Only what a basic and a JavaScript expression mean alike; undefined for the rest, which must not match something else. */
function matcher(pattern: string, letters: ReadonlySet<string>): ((line: string) => boolean) | undefined {
  const flags = letters.has('i') ? 'i' : ''
  const isPlain = letters.has('F') || !/[\\^$.*+?()[\]{}|]/.test(pattern)
  if (isPlain) {
    const wanted = flags === '' ? pattern : pattern.toLowerCase()
    return (line) => (flags === '' ? line : line.toLowerCase()).includes(wanted)
  }
  // Anchors, any character, sets and single repetition: nothing that backtracks without end.
  if (!/^\^?(?:[^\\^$.*+?()[\]{}|]|\.|\[\^?\]?[^\]\\]*\]|\.\*|[^\\^$.*+?()[\]{}|]\*)*\$?$/.test(pattern))
    return undefined
  return (line) => new RegExp(pattern, flags).test(line)
}

/** `printf FORMAT [ARGUMENT…]` with %s, %d, %% and the usual escapes; the format repeats while there are arguments. */
const printf: LinuxProgram = async (context) => {
  const [format, ...words] = context.args.slice(1)
  if (format === undefined) return fail(context, 'expected a format', 2)
  if (/%[^sd%]/.test(format)) return fail(context, `unsupported format ${format}`, 2)
  let text = ''
  do {
    const before = words.length
    text += format.replace(/\\([\\nrt"])|%([sd%])/g, (_all, escape: string | undefined, kind: string) => {
      if (escape !== undefined) return ESCAPES[escape] ?? escape
      if (kind === '%') return '%'
      const word = words.shift() ?? ''
      return kind === 's' ? word : String(Number.parseInt(word, 10) || 0)
    })
    if (words.length === before) break
  } while (words.length > 0)
  await context.stdout.write(text)
  return 0
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

const tty: LinuxProgram = async (context) => {
  if (context.process.terminal === undefined) {
    await context.stdout.write('not a tty\n')
    return 1
  }
  await context.stdout.write('/dev/pts/0\n')
  return 0
}

const COMPARISONS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '-eq': (left, right) => left === right,
  '-ne': (left, right) => left !== right,
  '-lt': (left, right) => left < right,
  '-le': (left, right) => left <= right,
  '-gt': (left, right) => left > right,
  '-ge': (left, right) => left >= right,
}

/** `test EXPRESSION`, `[ EXPRESSION ]`: one of -e -f -d -s -z -n, a comparison of texts or numbers, each with `!` before it. */
const test: LinuxProgram = async (context) => {
  const words = context.args.slice(1)
  if (context.args[0] === '[' && words.pop() !== ']') return fail(context, 'missing ]', 2)
  const isNegated = words.length > 1 && words[0] === '!'
  if (isNegated) words.shift()
  const outcome = await evaluate(context, words)
  if (outcome === undefined) return fail(context, `unsupported expression: ${words.join(' ')}`, 2)
  return outcome === isNegated ? 1 : 0
}

/** Undefined for what this `test` does not know. */
async function evaluate(context: LinuxContext, words: readonly string[]): Promise<boolean | undefined> {
  const [first = '', second = '', third = ''] = words
  switch (words.length) {
    case 0:
      return false
    case 1:
      return first !== ''
    case 2:
      if (first === '-z' || first === '-n') return (second === '') === (first === '-z')
      return testFile(context, first, second)
    case 3: {
      if (second === '=' || second === '!=') return (first === third) === (second === '=')
      const compare = COMPARISONS[second]
      const [left, right] = [first, third].map((word) => (/^-?\d+$/.test(word) ? Number(word) : undefined))
      return compare === undefined || left === undefined || right === undefined ? undefined : compare(left, right)
    }
    default:
      return undefined
  }
}

async function testFile({ view, cwd }: LinuxContext, option: string, path: string): Promise<boolean | undefined> {
  if (!['-e', '-f', '-d', '-s'].includes(option)) return undefined
  const full = resolvePath(cwd, path)
  if ((await view.list(full)) !== undefined) return option !== '-f'
  if (option === '-d') return false
  const content = await view.read(full)
  return content !== undefined && (option !== '-s' || content.byteLength > 0)
}

export const TEXT_PROGRAMS: readonly (readonly [string, LinuxProgram])[] = [
  ['grep', grep],
  ['printf', printf],
  ['tty', tty],
  ['test', test],
  ['[', test],
]
