// A compute service that does what a test says: it records every call, and answers each when the test lets it.

import type { HcsEvent, HcsProvider, HcsSystem } from '#dist/index.js'
import { deferred } from '../support/expect.js'

export type FakeOp = Exclude<keyof HcsSystem, 'token'> | 'createSystem' | 'openSystem'

export interface FakeCall {
  readonly op: FakeOp
  readonly id: string
  readonly argument: string
  resolve(document?: string): void
  reject(error: unknown): void
}

/** Answers for a call; undefined holds it until the test settles it. */
export type Script = (op: FakeOp, argument: string, id: string) => string | Error | undefined

export class FakeProvider implements HcsProvider {
  readonly calls: FakeCall[] = []
  readonly events = new Map<string, (event: HcsEvent) => void>()
  /** Calls that have begun and not ended, by id. */
  readonly inFlight = new Map<string, number>()
  closed = false
  openHandles = 0
  #tokens = 0
  readonly #given = new WeakSet<FakeCall>()
  readonly #waiting: { op: FakeOp; resolve: (call: FakeCall) => void }[] = []

  constructor(public script: Script = answerAll) {}

  /** The first call of a kind that no `next` has given yet. */
  next(op: FakeOp): Promise<FakeCall> {
    const known = this.calls.find((call) => call.op === op && !this.#given.has(call))
    if (known === undefined) return new Promise((resolve) => this.#waiting.push({ op, resolve }))
    this.#given.add(known)
    return Promise.resolve(known)
  }

  names(): string[] {
    return this.calls.map(({ op }) => op)
  }

  emit(id: string, type: number, data: unknown = ''): void {
    this.events.get(id)?.({ type, data: typeof data === 'string' ? data : JSON.stringify(data) })
  }

  async #call(op: FakeOp, id: string, argument: string): Promise<string> {
    const { promise, resolve, reject } = deferred<string>()
    const call: FakeCall = { op, id, argument, resolve: (document = '') => resolve(document), reject }
    this.calls.push(call)
    this.inFlight.set(id, (this.inFlight.get(id) ?? 0) + 1)
    const answer = this.script(op, argument, id)
    if (answer instanceof Error) reject(answer)
    else if (answer !== undefined) resolve(answer)
    const index = this.#waiting.findIndex((waiting) => waiting.op === op)
    if (index !== -1) {
      this.#given.add(call)
      this.#waiting.splice(index, 1)[0]?.resolve(call)
    }
    try {
      return await promise
    } finally {
      this.inFlight.set(id, (this.inFlight.get(id) ?? 0) - 1)
    }
  }

  async #open(op: FakeOp, id: string, document: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    this.events.set(id, onEvent)
    await this.#call(op, id, document)
    this.openHandles++
    const run =
      (name: FakeOp) =>
      (argument = ''): Promise<string> =>
        this.#call(name, id, argument)
    return {
      token: String(++this.#tokens),
      start: (options, socket) => this.#call('start', id, withSocket(options, socket)),
      shutdown: run('shutdown'),
      terminate: run('terminate'),
      pause: run('pause'),
      resume: run('resume'),
      save: run('save'),
      modify: run('modify'),
      properties: run('properties'),
      migrate: (step, options, socket) => this.#call('migrate', id, withSocket(`${step} ${options}`, socket)),
      close: async () => {
        this.openHandles--
        await this.#call('close', id, '')
        this.events.delete(id)
      },
    }
  }

  createSystem(id: string, document: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    return this.#open('createSystem', id, document, onEvent)
  }

  openSystem(id: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> {
    return this.#open('openSystem', id, '', onEvent)
  }

  adoptSystem(): Promise<HcsSystem> {
    return Promise.reject(new Error('nothing to adopt'))
  }

  enumerate(): Promise<string> {
    return Promise.resolve('[]')
  }

  serviceProperties(): Promise<string> {
    return Promise.resolve('{}')
  }

  modifyService(): Promise<string> {
    return Promise.resolve('')
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }
}

/** A migration socket is recorded behind the options. */
function withSocket(text: string, socket: bigint | undefined): string {
  return socket === undefined ? text : `${text} #${socket}`
}

export const PROPERTIES = JSON.stringify({
  Id: 'fake',
  SystemType: 'VirtualMachine',
  RuntimeId: 'AAAAAAAA-0000-0000-0000-000000000001',
})

/** Every call succeeds at once. */
export function answerAll(op: FakeOp): string {
  return op === 'properties' ? PROPERTIES : ''
}

/** Every call succeeds at once, but these wait for the test. */
export function holding(...held: FakeOp[]): Script {
  return (op) => (held.includes(op) ? undefined : answerAll(op))
}

/** An error as a provider rejects with: an HRESULT, and perhaps a ResultError. */
export function failure(hresult: number, document?: string): Error {
  return Object.assign(new Error('refused'), { hresult, ...(document === undefined ? {} : { document }) })
}
