// The base of the fakes: an emitter whose methods are made from a table, are written down and answer as they were told.

import { InvalidConfigError } from '../errors.js'
import { oneOf, row, TEXT } from '../options/rows.js'
import { checkName, optionTable } from '../options/table.js'
import { systemClock } from '../native/clock.js'
import { Events, type EventArguments, type EventNames } from '../actors/events.js'
import { KeepAlive } from '../actors/keep-alive.js'
import { callOptionsOf, checkWanted } from '../actors/mailbox/call-options.js'
import type { CallOptions } from '../actors/mailbox/contract.js'
import { within } from '../actors/mailbox/within.js'
import {
  checkAnswer,
  UnscriptedCallError,
  type AnswerOf,
  type AnyAnswer,
  type MethodsOf,
  type Rule,
  type Rules,
  type SilentMethodsOf,
} from './answers.js'
import { CallLog } from './call-log.js'

export interface FakeOptions {
  /** Of the VM or container; default 'fake'. A Host has none, a process its pid. */
  id?: string
  /** Where calls are written down; default one of its own. Fakes that are made by a fake share its log. */
  log?: CallLog
  /**
   * What becomes of a call that nothing was scripted for: 'fail' (default) rejects with UnscriptedCallError, 'resolve' lets those through
   * that answer nothing.
   */
  unscripted?: 'fail' | 'resolve'
}

export const FAKE_ROWS = {
  id: TEXT,
  log: row('a CallLog', (value) => value instanceof CallLog),
  unscripted: oneOf('fail', 'resolve'),
}

export const FAKE_OPTIONS = optionTable<FakeOptions>('options', FAKE_ROWS)

/** What a fake answers when nothing was scripted, because it follows from what it was told by hand. */
export type Defaults<L> = { readonly [K in MethodsOf<L>]?: (...args: never[]) => unknown }

interface Script {
  always: AnyAnswer | undefined
  readonly next: AnyAnswer[]
  /** Answers of `next` that were taken. */
  used: number
}

export abstract class Scripted<E, L> extends Events<E> {
  /** What was asked, of this fake and of those that share its log. */
  readonly log: CallLog
  readonly #label: string
  readonly #id: string | undefined
  readonly #rules: Readonly<Record<string, Rule>>
  readonly #unscripted: 'fail' | 'resolve'
  readonly #scripts = new Map<string, Script>()

  /** @internal */
  constructor(label: string, names: EventNames<E>, rules: Rules<L>, id: string | undefined, options: FakeOptions) {
    super(label, names)
    this.#label = label
    this.#rules = rules
    this.#id = id
    this.log = options.log ?? new CallLog()
    this.#unscripted = options.unscripted ?? 'fail'
  }

  /**
   * What every call of the method answers from now on, unless `next` has something for it.
   *
   * @throws {InvalidConfigError} no such method, or an answer that is none
   */
  always<K extends MethodsOf<L>>(method: K, answer: AnswerOf<L[K]>): this {
    this.#script(`${this.#label} script`, method, [answer]).always = answer as AnyAnswer
    return this
  }

  /**
   * What the next calls of the method answer, one each, in this order, behind those that wait already.
   *
   * @throws {InvalidConfigError} no such method, or an answer that is none
   */
  next<K extends MethodsOf<L>>(method: K, ...answers: AnswerOf<L[K]>[]): this {
    this.#script(`${this.#label} script`, method, answers).next.push(...(answers as AnyAnswer[]))
    this.log.expect(this.#what(method as string), answers.length)
    return this
  }

  /** Lets every call of these methods through: `always` with nothing, which is what they answer. */
  allow(...methods: SilentMethodsOf<L>[]): this {
    for (const method of methods) this.#script(`${this.#label} script`, method, []).always = { value: undefined }
    return this
  }

  /** Tells an event, as what it imitates would. */
  override emit<K extends keyof E & string>(event: K, ...args: EventArguments<E, K>): void {
    super.emit(event, ...args)
  }

  /** What follows without a script. */
  protected abstract defaults(): Defaults<L>

  /** The call has succeeded: by script, by default or because it was let through. */
  protected done(_method: MethodsOf<L>, _result: unknown): void {}

  /** For what a fake makes of its own accord. */
  protected get surroundings(): Required<Pick<FakeOptions, 'log' | 'unscripted'>> {
    return { log: this.log, unscripted: this.#unscripted }
  }

  #what(method: string): string {
    const op = `${this.#label}.${method}`
    return this.#id === undefined ? op : `${op} ${JSON.stringify(this.#id)}`
  }

  #script(op: string, method: PropertyKey, answers: readonly unknown[]): Script {
    checkName({ op }, 'method', method, Object.keys(this.#rules))
    for (const answer of answers) checkAnswer(op, answer as AnyAnswer)
    const name = method as string
    const script = this.#scripts.get(name) ?? { always: undefined, next: [], used: 0 }
    this.#scripts.set(name, script)
    return script
  }

  /** @internal One call, from its methods. */
  async ask(method: string, args: readonly unknown[]): Promise<unknown> {
    const op = `${this.#label}.${method}`
    const subject = this.#id === undefined ? { op } : { op, id: this.#id }
    this.log.note({ ...subject, args })
    const options = callOptionsOf(args[this.#rules[method]!.options] as CallOptions | undefined)
    // As with the real ones nothing happens to what was given up before: the script stays as it is.
    checkWanted(options, subject)
    const { signal, timeoutMs } = options
    // The time that a call is given must come although nothing else keeps the process alive.
    const keepAlive = signal === undefined && timeoutMs === undefined ? undefined : new KeepAlive()
    try {
      const result = await within(this.#answer(method, args), subject, options, systemClock)
      this.done(method as MethodsOf<L>, result)
      return result
    } finally {
      keepAlive?.end()
    }
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    const script = this.#scripts.get(method)
    const next = script?.next.shift()
    if (script !== undefined && next !== undefined) {
      script.used++
      this.log.expect(this.#what(method), -1)
    }
    const answer = next ?? script?.always
    if (answer === undefined) return this.#unanswered(method, args, script?.used ?? 0)
    if ('value' in answer) return answer.value
    if ('error' in answer) throw answer.error
    if ('run' in answer) return answer.run(...args)
    return new Promise<never>(() => undefined)
  }

  #unanswered(method: string, args: readonly unknown[], used: number): unknown {
    const byDefault = (this.defaults() as Record<string, ((...args: readonly unknown[]) => unknown) | undefined>)[
      method
    ]
    if (byDefault !== undefined) return byDefault(...args)
    const { isSilent } = this.#rules[method]!
    if (isSilent && this.#unscripted === 'resolve') return undefined
    const error = new UnscriptedCallError(`${this.#label}.${method}`, this.#id, { isSilent, used })
    this.log.unscripted.push(error)
    throw error
  }
}

/** The constructor of a fake, with a method for each row of its table. */
export function scripted<E, L>(
  label: string,
  names: EventNames<E>,
  rules: Rules<L>,
): abstract new (id: string | undefined, options: FakeOptions) => Scripted<E, L> & Pick<L, MethodsOf<L> & keyof L> {
  abstract class Fake extends Scripted<E, L> {
    constructor(id: string | undefined, options: FakeOptions) {
      super(label, names, rules, id, options)
    }
  }
  for (const method of Object.keys(rules)) {
    const { [method]: value } = {
      [method](this: Fake, ...args: unknown[]): Promise<unknown> {
        return this.ask(method, args)
      },
    }
    Object.defineProperty(Fake.prototype, method, { value, writable: true, configurable: true })
  }
  return Fake as unknown as ReturnType<typeof scripted<E, L>>
}

/** @throws {InvalidConfigError} what is given by hand is not what it should be */
export function refuse(op: string, path: string, value: unknown, reason: string): never {
  throw new InvalidConfigError({ op, path, value, reason })
}
