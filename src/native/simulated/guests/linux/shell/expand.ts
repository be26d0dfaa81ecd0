// What becomes of a word when its command runs: variables, conditions, command substitution, splitting at blanks, path names.

import { hasPattern, matchPaths, type FieldChar } from './glob.js'
import type { Shell } from './state.js'
import type { Condition, List, Word, WordPart } from './syntax.js'
import type { LinuxContext } from '../programs/context.js'

/** A word that cannot be expanded ends the script: `${name?message}`. */
export class ExpansionError extends Error {}

/** Runs a list in a subshell and answers its exit code and what it wrote, line feeds at the end left out. */
export type Substitute = (
  context: LinuxContext,
  shell: Shell,
  body: List,
) => Promise<{ readonly text: string; readonly code: number }>

/** Text of a part: quoted text is neither split nor a pattern; a break begins a new field. */
type Piece = { text: string; quoted: boolean } | 'break'

export class Expander {
  /** Exit code of the last command substitution. */
  substituted: number | undefined

  constructor(
    readonly context: LinuxContext,
    readonly shell: Shell,
    readonly substitute: Substitute,
  ) {}

  /** The fields of the words of a command. @throws {ExpansionError} */
  async fields(words: readonly Word[]): Promise<string[]> {
    const fields: string[] = []
    for (const word of words) {
      if (this.shell.args.length === 0 && isArguments(word)) continue
      for (const field of split(await this.#pieces(word))) {
        const matches = hasPattern(field) ? await matchPaths(this.context.view, this.shell.cwd, field) : undefined
        fields.push(...(matches ?? [field.map(({ char }) => char).join('')]))
      }
    }
    return fields
  }

  /** One text: the value of an assignment, the target of a redirection. @throws {ExpansionError} */
  async text(word: Word): Promise<string> {
    const pieces = await this.#pieces(word)
    return pieces.map((piece) => (piece === 'break' ? ' ' : piece.text)).join('')
  }

  async #pieces(word: Word): Promise<Piece[]> {
    const pieces: Piece[] = []
    for (const part of word) pieces.push(...(await this.#piecesOf(part)))
    return pieces
  }

  async #piecesOf(part: WordPart): Promise<Piece[]> {
    const { quoted } = part
    switch (part.kind) {
      case 'text':
        return [{ text: part.text, quoted: part.quoted }]
      case 'length':
        return [{ text: String([...(this.#value(part.name) ?? '')].length), quoted }]
      case 'command': {
        const { text, code } = await this.substitute(this.context, this.shell, part.body)
        this.substituted = code
        return [{ text, quoted }]
      }
      case 'variable':
        return part.condition === undefined
          ? this.#variable(part.name, quoted)
          : this.#conditional(part, part.condition)
    }
  }

  #variable(name: string, quoted: boolean): Piece[] {
    if (name === '@' || (name === '*' && !quoted)) {
      return this.shell.args.flatMap((text, index): Piece[] => [
        ...(index > 0 ? ['break' as const] : []),
        { text, quoted },
      ])
    }
    return [{ text: this.#value(name) ?? '', quoted }]
  }

  async #conditional({ name, quoted }: { name: string; quoted: boolean }, condition: Condition): Promise<Piece[]> {
    const { kind, emptyCounts, word } = condition
    const value = this.#value(name)
    const isSet = value !== undefined && !(emptyCounts && value === '')
    if (kind === '+') return isSet ? this.#pieces(word) : [{ text: '', quoted: false }]
    if (isSet) return this.#variable(name, quoted)
    if (kind === '-') return this.#pieces(word)
    const text = await this.text(word)
    if (kind === '?') throw new ExpansionError(`${name}: ${text || 'parameter not set'}`)
    if (!/^[A-Za-z_]/.test(name)) throw new ExpansionError(`${name}: cannot be assigned`)
    this.shell.variables.set(name, text)
    return [{ text, quoted }]
  }

  /** Undefined when it is not set. */
  #value(name: string): string | undefined {
    const { shell } = this
    switch (name) {
      case '?':
        return String(shell.code)
      case '$':
        return String(this.context.process.pid)
      case '!':
        return shell.lastJob === undefined ? undefined : String(shell.lastJob)
      case '#':
        return String(shell.args.length)
      case '0':
        return shell.name
      case '@':
      case '*':
        return shell.args.length === 0 ? undefined : shell.args.join(' ')
      case 'PWD':
        return shell.cwd
      default:
        return /^\d+$/.test(name) ? shell.args[Number(name) - 1] : shell.variables.get(name)
    }
  }
}

/** `"$@"` of no arguments is no field, although it is quoted. */
function isArguments(word: Word): boolean {
  return (
    word.some((part) => part.kind === 'variable' && part.name === '@' && part.condition === undefined) &&
    word.every((part) => (part.kind === 'text' && part.text === '') || (part.kind === 'variable' && part.name === '@'))
  )
}

/** Cuts pieces into fields at blanks that are not quoted. */
function split(pieces: readonly Piece[]): FieldChar[][] {
  const fields: FieldChar[][] = []
  let field: FieldChar[] | undefined
  const end = (): void => {
    if (field !== undefined) fields.push(field)
    field = undefined
  }
  for (const piece of pieces) {
    if (piece === 'break') {
      end()
      continue
    }
    // A quoted empty text is a field of its own.
    if (piece.quoted) field ??= []
    for (const char of piece.text) {
      if (!piece.quoted && (char === ' ' || char === '\t' || char === '\n')) end()
      else (field ??= []).push({ char, literal: piece.quoted })
    }
  }
  end()
  return fields
}
