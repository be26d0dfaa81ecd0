// What a shell script is once it is read: lists of pipelines of commands, made of words that are expanded when a command runs.

/** A word in parts that are joined once each is expanded. */
export type Word = readonly WordPart[]

export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  /** `$name`, `${name}`, and with a condition `${name:-word}` and its like. */
  | { readonly kind: 'variable'; readonly name: string; readonly quoted: boolean; readonly condition?: Condition }
  /** `${#name}`. */
  | { readonly kind: 'length'; readonly name: string; readonly quoted: boolean }
  /** `$(…)` and backquotes. */
  | { readonly kind: 'command'; readonly body: List; readonly quoted: boolean }

/** What stands in for a variable. */
export interface Condition {
  readonly kind: '-' | '+' | '=' | '?'
  /** With a colon: an empty value counts as unset. */
  readonly emptyCounts: boolean
  readonly word: Word
}

export interface Redirect {
  /** 0, 1 or 2. */
  readonly stream: number
  readonly kind: '<' | '>' | '>>' | 'dup'
  readonly target: Word
}

export interface Assignment {
  readonly name: string
  readonly value: Word
}

export type Command = (
  | { readonly kind: 'simple'; readonly assignments: readonly Assignment[]; readonly words: readonly Word[] }
  | { readonly kind: 'subshell' | 'group'; readonly body: List }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: List | undefined }
  | { readonly kind: 'for'; readonly name: string; readonly words: readonly Word[] | undefined; readonly body: List }
  | { readonly kind: 'while'; readonly until: boolean; readonly test: List; readonly body: List }
) & { readonly redirects: readonly Redirect[] }

export interface Branch {
  readonly test: List
  readonly body: List
}

export interface Pipeline {
  readonly negated: boolean
  readonly commands: readonly Command[]
}

/** Pipelines joined by `&&` and `||`. */
export interface Chain {
  readonly first: Pipeline
  readonly rest: readonly { readonly join: '&&' | '||'; readonly pipeline: Pipeline }[]
  /** Ended by `&`. */
  readonly inBackground: boolean
}

export type List = readonly Chain[]

/** A script that cannot be read, or asks for what this shell does not have. Nothing of it runs. */
export class ScriptError extends Error {
  constructor(
    message: string,
    /** More text could make it right: a terminal asks for another line. */
    readonly isIncomplete = false,
  ) {
    super(message)
  }
}

/** What this shell does not have must not look as if it had worked. */
export function unsupported(what: string): ScriptError {
  return new ScriptError(`unsupported: ${what}`)
}
