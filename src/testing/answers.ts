// What a fake is told to answer, and what it says when it was told nothing.

import { InvalidConfigError } from '../errors.js'
import { ANYTHING, row } from '../options/rows.js'
import { checkPresent, optionTable } from '../options/table.js'

/** What one call comes to: exactly one of the four. */
export type Answer<Args extends readonly unknown[], Result> =
  | { readonly value: Result }
  | { readonly error: Error }
  /** Called with the arguments of the call, whatever they are; what it gives or throws is the answer. */
  | { readonly run: (...args: Args) => Result | Promise<Result> }
  /** It never answers: the call ends with its caller's signal or time, as a real one would, or not at all. */
  | { readonly never: true }

/** Names of the methods of an interface that answer with a promise: those that can be scripted. */
export type MethodsOf<L> = keyof {
  [K in keyof L as K extends string ? (L[K] extends (...args: never[]) => Promise<unknown> ? K : never) : never]: true
}

/** Of those, the ones that answer nothing. */
export type SilentMethodsOf<L> = keyof {
  [
    K in MethodsOf<L> as L[K] extends (...args: never[]) => Promise<infer R>
      ? [R] extends [undefined | void]
        ? K
        : never
      : never
  ]: true
}

/** What one method can be told to answer. */
export type AnswerOf<Method> = Method extends (...args: infer Args) => Promise<infer Result>
  ? Answer<Args, Result>
  : never

/** An answer whose method is not known any more. */
export type AnyAnswer = Answer<readonly unknown[], unknown>

/** What the fakes know of a method. */
export interface Rule {
  /** Which argument has the call's signal and time. */
  readonly options: number
  /** Whether it answers nothing, so that `allow` is enough of a script. */
  readonly isSilent: boolean
}

export type Rules<L> = Readonly<Record<MethodsOf<L> & string, Rule>>

/** Methods that answer nothing, with how many arguments come before the call options. */
export function silent<const N extends string>(methods: Readonly<Record<N, number>>): Record<N, Rule> {
  return rulesOf(methods, true)
}

/** Methods that answer something. */
export function speaking<const N extends string>(methods: Readonly<Record<N, number>>): Record<N, Rule> {
  return rulesOf(methods, false)
}

function rulesOf<N extends string>(methods: Readonly<Record<N, number>>, isSilent: boolean): Record<N, Rule> {
  const rules = Object.entries<number>(methods).map(([name, options]) => [name, { options, isSilent }] as const)
  return Object.fromEntries(rules) as Record<N, Rule>
}

const ANSWER = optionTable<{ value?: unknown; error?: unknown; run?: unknown; never?: unknown }>('answer', {
  value: ANYTHING,
  error: row('an Error', (value) => value instanceof Error),
  run: row('a function', (value) => typeof value === 'function'),
  never: row('true', (value) => value === true),
})

/** @throws {InvalidConfigError} it says nothing, or more than one thing */
export function checkAnswer(op: string, answer: AnyAnswer): void {
  checkPresent({ op }, answer, ANSWER)
  const said = ANSWER.names.filter((name) => name in answer)
  if (said.length === 1) return
  const reason = 'expected one of value, error, run and never'
  throw new InvalidConfigError({ op, path: 'answer', reason })
}

/** Nothing was scripted for a call: a gap in the test, not a failure of what it imitates, so that no predicate of the package knows it. */
export class UnscriptedCallError extends Error {
  /** Label of the operation, as of the errors of the package: `vm.start`. */
  readonly op: string
  /** Of which VM, container or process; absent for a Host. */
  declare readonly id?: string

  constructor(op: string, id: string | undefined, { isSilent, used }: { isSilent: boolean; used: number }) {
    const [fake = '', method = ''] = op.split('.')
    const what = id === undefined ? op : `${op} ${JSON.stringify(id)}`
    const had = used === 0 ? 'nothing is scripted for this call' : `its ${used} scripted answers are used up`
    const allow = isSilent ? `${fake}.allow('${method}'), ` : ''
    super(
      `${what}: ${had}; say ${allow}${fake}.always('${method}', { value: … }) or ${fake}.next('${method}', …) on the fake before`,
    )
    this.name = new.target.name
    this.op = op
    if (id !== undefined) this.id = id
  }
}
