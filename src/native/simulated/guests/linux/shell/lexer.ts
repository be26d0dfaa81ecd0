// Splits a script into words and operators as a POSIX shell does: quotes, escapes, comments, line continuation, expansions within words.

import { ScriptError, unsupported, type Condition, type List, type Word, type WordPart } from './syntax.js'

export type Operator = ';' | '&' | '&&' | '||' | '|' | '(' | ')'

export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'redirect'; readonly stream: number; readonly redirect: '<' | '>' | '>>' | 'dup' }
  | { readonly kind: 'newline' }
  | { readonly kind: 'end' }

/** Reads the body of `$(` up to the parenthesis that closes it, or that of backquotes up to the end of their text. */
export type ReadBody = (lexer: Lexer, end: ')' | 'end') => List

/** Nested expansions and compound commands: a script is read by recursion. */
const MAX_DEPTH = 100

const NAME = /[A-Za-z_]\w*/y
/** Parameters that have no name: arguments, their number, the last exit code, pids. */
const SPECIAL = /[0-9@*#?$!]/y
const OPERATORS = /&&|\|\||[;&|()]/y
const REDIRECTION = /(\d*)(>>|>&|<&|>\||<<|<>|>|<)/y
/** What ends a word that is not quoted. */
const METACHARACTER = /[\s;&|()<>]/

export class Lexer {
  #at = 0

  constructor(
    readonly text: string,
    readonly readBody: ReadBody,
    /** Expansions and compound commands that this place stands in. */
    private depth = 0,
  ) {}

  /** Reads something nested. @throws {ScriptError} too deep */
  nested<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new ScriptError(`syntax error: nested deeper than ${MAX_DEPTH}`)
    try {
      return read()
    } finally {
      this.depth--
    }
  }

  next(): Token {
    this.#skipBlanks()
    const { text } = this
    const char = text[this.#at]
    if (char === undefined) return { kind: 'end' }
    if (char === '\n') {
      this.#at++
      return { kind: 'newline' }
    }
    const redirection = this.#match(REDIRECTION)
    if (redirection !== undefined) return redirectToken(redirection)
    if (text.startsWith(';;', this.#at)) throw unsupported('case')
    const operator = this.#match(OPERATORS)
    if (operator !== undefined) return { kind: 'operator', operator: operator[0] as Operator }
    return { kind: 'word', word: this.#word() }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.text[this.#at]
      if (char === ' ' || char === '\t' || char === '\r') this.#at++
      else if (char === '\\' && this.text[this.#at + 1] === '\n') this.#at += 2
      else if (char === '#') while (this.#at < this.text.length && this.text[this.#at] !== '\n') this.#at++
      else return
    }
  }

  /** A word up to what ends it. */
  #word(): Word {
    const parts = new Parts()
    for (;;) {
      const char = this.text[this.#at]
      if (char === undefined || METACHARACTER.test(char)) return parts.done()
      this.#part(parts, char, METACHARACTER)
    }
  }

  /** One quotation, escape, expansion or run of plain text outside quotes. */
  #part(parts: Parts, char: string, end: RegExp): void {
    if (char === "'") this.#singleQuoted(parts)
    else if (char === '"') this.#doubleQuoted(parts)
    else if (char === '\\') this.#escaped(parts)
    else if (char === '$') parts.add(this.#dollar(false))
    else if (char === '`') parts.add(this.#backquoted(false))
    else if (char === '~' && parts.isEmpty) parts.add(this.#tilde(end))
    else {
      parts.text(char, false)
      this.#at++
    }
  }

  #escaped(parts: Parts): void {
    const next = this.text[this.#at + 1]
    this.#at += 2
    // At the end of the text it stands for itself; before a line feed it joins the lines.
    if (next === undefined) parts.text('\\', true)
    else if (next !== '\n') parts.text(next, true)
  }

  #singleQuoted(parts: Parts): void {
    const end = this.text.indexOf("'", this.#at + 1)
    if (end === -1) throw unterminated('quoted string')
    parts.text(this.text.slice(this.#at + 1, end), true)
    this.#at = end + 1
  }

  #doubleQuoted(parts: Parts): void {
    this.#at++
    parts.text('', true)
    for (;;) {
      const char = this.text[this.#at]
      if (char === undefined) throw unterminated('quoted string')
      if (char === '"') break
      this.#quotedPart(parts, char)
    }
    this.#at++
  }

  /** Within double quotes. */
  #quotedPart(parts: Parts, char: string): void {
    const next = this.text[this.#at + 1]
    if (char === '$') parts.add(this.#dollar(true))
    else if (char === '`') parts.add(this.#backquoted(true))
    else if (char === '\\' && next !== undefined && '$`"\\\n'.includes(next)) {
      if (next !== '\n') parts.text(next, true)
      this.#at += 2
    } else {
      parts.text(char, true)
      this.#at++
    }
  }

  #tilde(end: RegExp): WordPart {
    const next = this.text[this.#at + 1]
    if (next !== undefined && next !== '/' && !end.test(next)) throw unsupported('~user')
    this.#at++
    return { kind: 'variable', name: 'HOME', quoted: true }
  }

  #dollar(quoted: boolean): WordPart {
    this.#at++
    if (this.text.startsWith('((', this.#at)) throw unsupported('arithmetic')
    if (this.text[this.#at] === '(') {
      this.#at++
      return { kind: 'command', body: this.nested(() => this.readBody(this, ')')), quoted }
    }
    if (this.text[this.#at] === '{') {
      this.#at++
      return this.#braced(quoted)
    }
    const name = (this.#match(NAME) ?? this.#match(SPECIAL))?.[0]
    return name === undefined ? { kind: 'text', text: '$', quoted } : { kind: 'variable', name, quoted }
  }

  /** After `${`. */
  #braced(quoted: boolean): WordPart {
    const length = /#(?=[A-Za-z_0-9])/y
    const isLength = this.#match(length) !== undefined
    const name = (this.#match(NAME) ?? this.#match(/\d+|[@*#?$!]/y))?.[0]
    if (name === undefined) throw this.text[this.#at] === undefined ? unterminated('${') : badSubstitution()
    if (this.text[this.#at] === '}') {
      this.#at++
      return isLength ? { kind: 'length', name, quoted } : { kind: 'variable', name, quoted }
    }
    if (this.text[this.#at] === undefined) throw unterminated('${')
    const operator = this.#match(/(:?)([-+=?])/y)
    if (operator === undefined || isLength) throw badSubstitution()
    const condition: Condition = {
      kind: operator[2] as Condition['kind'],
      emptyCounts: operator[1] === ':',
      word: this.#conditionWord(quoted),
    }
    return { kind: 'variable', name, quoted, condition }
  }

  /** The word of a condition, up to the closing brace. */
  #conditionWord(quoted: boolean): Word {
    const parts = new Parts()
    for (;;) {
      const char = this.text[this.#at]
      if (char === undefined) throw unterminated('${')
      if (char === '}') break
      if (quoted) this.#quotedPart(parts, char)
      else this.#part(parts, char, /[\s}]/)
    }
    this.#at++
    return parts.done()
  }

  #backquoted(quoted: boolean): WordPart {
    let text = ''
    for (this.#at++; ; this.#at++) {
      const char = this.text[this.#at]
      if (char === undefined) throw unterminated('`')
      if (char === '`') break
      const next = this.text[this.#at + 1]
      const isEscape = char === '\\' && next !== undefined && ('`\\$'.includes(next) || (quoted && next === '"'))
      text += isEscape ? this.text[++this.#at] : char
    }
    this.#at++
    const body = this.nested(() => this.readBody(new Lexer(text, this.readBody, this.depth), 'end'))
    return { kind: 'command', body, quoted }
  }
}

function redirectToken([, digits = '', operator = '']: RegExpExecArray): Token {
  const redirect = { '<': '<', '>': '>', '>|': '>', '>>': '>>', '>&': 'dup', '<&': 'dup' }[operator]
  if (redirect === undefined) throw unsupported(operator === '<<' ? 'here-documents' : operator)
  const stream = digits === '' ? (operator.startsWith('<') ? 0 : 1) : Number(digits)
  if (stream > 2) throw unsupported(`file descriptor ${digits}`)
  return { kind: 'redirect', stream, redirect: redirect as '<' | '>' | '>>' | 'dup' }
}

function unterminated(what: string): ScriptError {
  return new ScriptError(`syntax error: unterminated ${what}`, true)
}

function badSubstitution(): ScriptError {
  return unsupported('this kind of ${…}')
}

/** Gathers the parts of a word; neighbouring text of one kind is one part. */
class Parts {
  readonly #parts: WordPart[] = []

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  add(part: WordPart): void {
    this.#parts.push(part)
  }

  text(text: string, quoted: boolean): void {
    const last = this.#parts.at(-1)
    if (last?.kind === 'text' && last.quoted === quoted) {
      this.#parts[this.#parts.length - 1] = { ...last, text: last.text + text }
    } else this.#parts.push({ kind: 'text', text, quoted })
  }

  done(): Word {
    return this.#parts
  }
}
