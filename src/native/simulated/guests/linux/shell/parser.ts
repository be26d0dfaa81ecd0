// Reads a script as a whole before any of it runs: lists, pipelines, `if`, `for`, `while`, `until`, `( )` and `{ }`. What this shell does
// not have (functions, `case`, arithmetic, here-documents) is an error, so that a script never half works.

import { Lexer, type Operator, type Token } from './lexer.js'
import {
  ScriptError,
  unsupported,
  type Assignment,
  type Branch,
  type Chain,
  type Command,
  type List,
  type Pipeline,
  type Redirect,
  type Word,
} from './syntax.js'

/** Words that mean something where a command begins. */
const RESERVED: ReadonlySet<string> = new Set(
  'if then elif else fi for in while until do done { } ! case esac function'.split(' '),
)

/** @throws {ScriptError} */
export function parseScript(text: string): List {
  return new Parser(new Lexer(text, readBody)).script()
}

function readBody(lexer: Lexer, end: ')' | 'end'): List {
  return new Parser(lexer).script(end)
}

class Parser {
  readonly #lexer: Lexer
  #token: Token

  constructor(lexer: Lexer) {
    this.#lexer = lexer
    this.#token = lexer.next()
  }

  /** Up to its end, which is read and not read beyond. */
  script(end: ')' | 'end' = 'end'): List {
    const list = this.#list([])
    const isEnd = end === 'end' ? this.#token.kind === 'end' : this.#isOperator(end)
    if (!isEnd) throw this.#unexpected()
    return list
  }

  // -------------------------------------------------------------------------------------------------------------- tokens

  #advance(): void {
    this.#token = this.#lexer.next()
  }

  #isOperator(operator: Operator): boolean {
    return this.#token.kind === 'operator' && this.#token.operator === operator
  }

  /** The reserved word that stands here, if any. */
  #reserved(): string | undefined {
    if (this.#token.kind !== 'word') return undefined
    const text = plainText(this.#token.word)
    return text !== undefined && RESERVED.has(text) ? text : undefined
  }

  #take(word: string): boolean {
    if (this.#reserved() !== word) return false
    this.#advance()
    return true
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw this.#unexpected(word)
  }

  #skipNewlines(): void {
    while (this.#token.kind === 'newline') this.#advance()
  }

  #unexpected(expected?: string): ScriptError {
    const wanted = expected === undefined ? '' : ` (expected ${expected})`
    const isEnd = this.#token.kind === 'end'
    return new ScriptError(`syntax error: unexpected ${nameOf(this.#token)}${wanted}`, isEnd)
  }

  // --------------------------------------------------------------------------------------------------------------- lists

  /** Chains up to a reserved word of `ends`, a closing parenthesis, or the end. */
  #list(ends: readonly string[]): List {
    const chains: Chain[] = []
    for (;;) {
      this.#skipNewlines()
      if (this.#token.kind === 'end' || this.#isOperator(')')) return chains
      const reserved = this.#reserved()
      if (reserved !== undefined && ends.includes(reserved)) return chains
      const chain = this.#chain()
      const inBackground = this.#isOperator('&')
      chains.push({ ...chain, inBackground })
      if (inBackground || this.#isOperator(';')) this.#advance()
      else if (this.#token.kind !== 'newline') return chains
    }
  }

  #filledList(...ends: string[]): List {
    const list = this.#list(ends)
    if (list.length === 0) throw this.#unexpected()
    return list
  }

  #chain(): Omit<Chain, 'inBackground'> {
    const first = this.#pipeline()
    const rest: { join: '&&' | '||'; pipeline: Pipeline }[] = []
    for (;;) {
      const join = this.#isOperator('&&') ? '&&' : this.#isOperator('||') ? '||' : undefined
      if (join === undefined) return { first, rest }
      this.#advance()
      this.#skipNewlines()
      rest.push({ join, pipeline: this.#pipeline() })
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#take('!')
    const commands = [this.#command()]
    while (this.#isOperator('|')) {
      this.#advance()
      this.#skipNewlines()
      commands.push(this.#command())
    }
    return { negated, commands }
  }

  // ------------------------------------------------------------------------------------------------------------ commands

  #command(): Command {
    return this.#lexer.nested(() => {
      const compound = this.#compound()
      return compound === undefined ? this.#simple() : { ...compound, redirects: this.#redirects() }
    })
  }

  #compound() {
    if (this.#isOperator('(')) {
      this.#advance()
      const body = this.#filledList()
      if (!this.#isOperator(')')) throw this.#unexpected(')')
      this.#advance()
      return { kind: 'subshell', body } as const
    }
    switch (this.#reserved()) {
      case 'if':
        return this.#if()
      case 'for':
        return this.#for()
      case 'while':
        return this.#while(false)
      case 'until':
        return this.#while(true)
      case '{': {
        this.#advance()
        const body = this.#filledList('}')
        this.#expect('}')
        return { kind: 'group', body } as const
      }
      case 'case':
        throw unsupported('case')
      case 'function':
        throw unsupported('functions')
      case undefined:
        return undefined
      default:
        throw this.#unexpected()
    }
  }

  #if() {
    const branches: Branch[] = []
    do {
      this.#advance()
      const test = this.#filledList('then')
      this.#expect('then')
      branches.push({ test, body: this.#filledList('elif', 'else', 'fi') })
    } while (this.#reserved() === 'elif')
    const otherwise = this.#take('else') ? this.#filledList('fi') : undefined
    this.#expect('fi')
    return { kind: 'if', branches, otherwise } as const
  }

  #for() {
    this.#advance()
    const name = this.#token.kind === 'word' ? plainText(this.#token.word) : undefined
    if (name === undefined || !/^[A-Za-z_]\w*$/.test(name)) throw this.#unexpected('a name')
    this.#advance()
    this.#skipNewlines()
    let words: Word[] | undefined
    if (this.#take('in')) {
      words = []
      for (; this.#token.kind === 'word'; this.#advance()) words.push(this.#token.word)
    }
    if (this.#isOperator(';')) this.#advance()
    this.#skipNewlines()
    return { kind: 'for', name, words, body: this.#doGroup() } as const
  }

  #while(until: boolean) {
    this.#advance()
    const test = this.#filledList('do')
    return { kind: 'while', until, test, body: this.#doGroup() } as const
  }

  #doGroup(): List {
    this.#expect('do')
    const body = this.#filledList('done')
    this.#expect('done')
    return body
  }

  #simple(): Command {
    const assignments: Assignment[] = []
    const words: Word[] = []
    const redirects: Redirect[] = []
    for (;;) {
      if (this.#token.kind === 'redirect') redirects.push(this.#redirect())
      else if (this.#token.kind === 'word') {
        const { word } = this.#token
        const assignment = words.length === 0 ? assignmentOf(word) : undefined
        if (assignment === undefined) words.push(word)
        else assignments.push(assignment)
        this.#advance()
      } else break
    }
    if (this.#isOperator('(')) throw words.length === 1 ? unsupported('functions') : this.#unexpected()
    if (words.length + assignments.length + redirects.length === 0) throw this.#unexpected()
    return { kind: 'simple', assignments, words, redirects }
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = []
    while (this.#token.kind === 'redirect') redirects.push(this.#redirect())
    return redirects
  }

  #redirect(): Redirect {
    const { stream, redirect: kind } = this.#token as Token & { kind: 'redirect' }
    this.#advance()
    if (this.#token.kind !== 'word') throw this.#unexpected('where to')
    const target = this.#token.word
    this.#advance()
    return { stream, kind, target }
  }
}

/** The text of a word that has no quotes and no expansions. */
function plainText(word: Word): string | undefined {
  const [part] = word
  return word.length === 1 && part?.kind === 'text' && !part.quoted ? part.text : undefined
}

function assignmentOf(word: Word): Assignment | undefined {
  const [first, ...rest] = word
  if (first?.kind !== 'text' || first.quoted) return undefined
  const found = /^([A-Za-z_]\w*)=(.*)$/s.exec(first.text)
  if (found === null) return undefined
  const [, name = '', text = ''] = found
  return { name, value: text === '' ? rest : [{ ...first, text }, ...rest] }
}

function nameOf(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'end of the script'
    case 'newline':
      return 'newline'
    case 'operator':
      return `"${token.operator}"`
    case 'redirect':
      return 'redirection'
    case 'word':
      return `"${plainText(token.word) ?? 'word'}"`
  }
}
