// The mailbox of an actor that is started again: whose calls are lost, whose wait, how often it comes back, and when it does not.

import assert from 'node:assert/strict'
import { AbortError, ActorLostError, OperationTimeoutError } from '#dist/index.js'
import type { CallOptions, Mailbox } from '#dist/actors/mailbox/contract.js'
import { SupervisedMailbox, type Revival } from '#dist/actors/supervision/supervised-mailbox.js'
import { ManualClock } from '../../fakes/clock.js'
import { deferred, pending, rejectsWith } from '../../support/expect.js'

interface Requests {
  ask: { input: number; output: number }
}
interface Notices {
  said: [word: string]
}

const SUBJECT = { op: 'vm.ask', id: 'vm' }
const LOST = new Error('the thread died')

/** An actor that answers, until it is lost or stopped. */
class FakeMailbox {
  readonly clock: ManualClock
  readonly #over = deferred<Error | undefined>()
  readonly ended = this.#over.promise
  readonly openChannel = (): never => assert.fail('no channel here')
  isStopped = false
  outstanding = 0
  answers = true
  whenStopped: undefined
  readonly listeners = new Map<string, (...args: unknown[]) => void>()
  readonly options: (CallOptions | undefined)[] = []

  constructor(clock: ManualClock) {
    this.clock = clock
  }

  call(_method: string, input: number, _subject: unknown, options?: CallOptions): Promise<number> {
    this.options.push(options)
    if (this.answers) return Promise.resolve(input)
    return this.ended.then((cause) => {
      throw new ActorLostError({ ...SUBJECT, cause })
    })
  }

  onNotice(notice: string, listener: (...args: unknown[]) => void): void {
    this.listeners.set(notice, listener)
  }

  bound(): void {}

  stop(): Promise<void> {
    this.isStopped = true
    this.#over.resolve(undefined)
    return Promise.resolve()
  }

  lose(cause: Error): void {
    this.#over.resolve(cause)
  }
}

describe('a supervised mailbox', () => {
  let clock: ManualClock
  let told: string[]
  /** Those that were started, the first one included. */
  let made: FakeMailbox[]
  let start: () => Promise<FakeMailbox>
  let restore: (mailbox: FakeMailbox) => Promise<void>
  let mailbox: SupervisedMailbox<Requests, Notices>

  const fresh = (): FakeMailbox => {
    const one = new FakeMailbox(clock)
    made.push(one)
    return one
  }
  const ask = (options?: CallOptions): Promise<number> => mailbox.call('ask', 7, SUBJECT, options)
  const turn = (): Promise<unknown> => pending(new Promise(() => undefined))

  beforeEach(() => {
    clock = new ManualClock()
    told = []
    made = []
    start = () => Promise.resolve(fresh())
    restore = () => Promise.resolve()
    const revival = {
      lost: () => told.push('lost'),
      start: () => start(),
      restore: (one: unknown) => restore(one as FakeMailbox),
      restarted: (cause: Error) => told.push(`restarted: ${cause.message}`),
      givenUp: (error: ActorLostError) => told.push(`given up: ${error.message}`),
    } as unknown as Revival<Requests, Notices>
    mailbox = new SupervisedMailbox({
      subject: { op: 'vm.adopt', id: 'vm' },
      first: fresh() as unknown as Mailbox<Requests, Notices>,
      revival,
      intensity: { restarts: 2, periodMs: 1_000 },
    })
  })

  it('comes back: calls in flight are lost, those that come meanwhile wait and are answered', async () => {
    const starting = deferred<FakeMailbox>()
    start = () => starting.promise
    made[0]!.answers = false
    const inFlight = ask()
    inFlight.catch(() => undefined)
    made[0]!.lose(LOST)
    assert.equal((await rejectsWith(inFlight, ActorLostError)).cause, LOST)
    const later = ask()
    assert.equal(await pending(later), true)
    assert.equal(mailbox.outstanding, 1)
    starting.resolve(fresh())
    assert.equal(await later, 7)
    assert.deepEqual(told, ['lost', 'restarted: the thread died'])
  })

  it('who waits for it has his own time and signal; nothing was sent', async () => {
    start = () => new Promise(() => undefined)
    made[0]!.lose(LOST)
    await turn()
    const abort = new AbortController()
    const [timed, aborted, plain] = [ask({ timeoutMs: 50 }), ask({ signal: abort.signal }), ask()]
    for (const call of [timed, aborted, plain]) call.catch(() => undefined)
    assert.equal(await pending(Promise.race([timed, aborted, plain])), true)
    clock.advance(50)
    abort.abort()
    assert.equal((await rejectsWith(timed, OperationTimeoutError)).sent, false)
    await rejectsWith(aborted, AbortError)
    clock.advance(240_000)
    assert.equal((await rejectsWith(plain, OperationTimeoutError)).timeoutMs, 240_000)
    assert.equal(clock.timers, 0)
  })

  it('is given up when it is lost too often within the period, and not when that is longer', async () => {
    for (let n = 0; n < 5; n++) {
      made.at(-1)!.lose(LOST)
      await turn()
      clock.advance(501)
    }
    assert.equal(mailbox.isUp, true)
    for (let n = 0; n < 2; n++) {
      made.at(-1)!.lose(LOST)
      await turn()
    }
    assert.match(told.at(-1)!, /^given up: vm\.adopt "vm".*lost too often/)
    assert.equal(mailbox.isOver, true)
    await rejectsWith(ask(), ActorLostError)
    assert.equal((await mailbox.ended) instanceof ActorLostError, true)
  })

  it('a replacement that is lost while it is being restored counts, and is followed by another', async () => {
    let tries = 0
    restore = () =>
      ++tries === 1 ? Promise.reject(new ActorLostError({ ...SUBJECT, cause: LOST })) : Promise.resolve()
    made[0]!.lose(LOST)
    await turn()
    assert.equal(await ask(), 7)
    assert.deepEqual([tries, made.length], [2, 3])
    made.at(-1)!.lose(LOST)
    await turn()
    assert.match(told.at(-1)!, /^given up/)
  })

  it('is given up at once when it cannot be brought to where it was; what was started is stopped', async () => {
    restore = () => Promise.reject(new Error('no such handle'))
    made[0]!.lose(LOST)
    await turn()
    await rejectsWith(ask(), ActorLostError)
    assert.match(told.at(-1)!, /could not be started again \(no such handle\)/)
    assert.equal(made[1]!.isStopped, true)
  })

  it('stopped while it is on its way, it lets go of what comes', async () => {
    const starting = deferred<FakeMailbox>()
    start = () => starting.promise
    made[0]!.lose(LOST)
    await turn()
    const waiting = ask()
    waiting.catch(() => undefined)
    await mailbox.stop()
    await rejectsWith(waiting, ActorLostError)
    starting.resolve(fresh())
    await turn()
    assert.equal(made.at(-1)!.isStopped, true)
    assert.deepEqual(told, ['lost'])
  })

  it('stopped while it is being brought to where it was, it is let go of in order', async () => {
    const restoring = deferred()
    restore = () => restoring.promise
    made[0]!.lose(LOST)
    await turn()
    await mailbox.stop()
    restoring.resolve()
    await turn()
    assert.equal(made.at(-1)!.isStopped, true)
    assert.deepEqual(told, ['lost'])
  })

  it('whoever listens hears the next actor too', async () => {
    const words: string[] = []
    mailbox.onNotice('said', (word) => words.push(word))
    made[0]!.listeners.get('said')?.('one')
    made[0]!.lose(LOST)
    await turn()
    made[1]!.listeners.get('said')?.('two')
    assert.deepEqual(words, ['one', 'two'])
  })

  it('a call that has waited has what is left of its time', async () => {
    const starting = deferred<FakeMailbox>()
    start = () => starting.promise
    made[0]!.lose(LOST)
    await turn()
    const call = ask({ timeoutMs: 50 })
    clock.advance(30)
    starting.resolve(fresh())
    assert.equal(await call, 7)
    assert.deepEqual(
      made.at(-1)!.options.map((options) => options?.timeoutMs),
      [20],
    )
  })

  it('retired, it is not started again: neither when it is lost later, nor when it is on its way', async () => {
    mailbox.retire(new Error('the host is closed'))
    assert.equal(await ask(), 7)
    made[0]!.lose(LOST)
    assert.equal(await mailbox.ended, LOST)
    await rejectsWith(ask(), ActorLostError)
    assert.deepEqual([told, made.length], [[], 1])
  })

  it('retired on its way, it lets go of what comes and says nothing', async () => {
    const starting = deferred<FakeMailbox>()
    start = () => starting.promise
    made[0]!.lose(LOST)
    await turn()
    const waiting = ask()
    waiting.catch(() => undefined)
    mailbox.retire(new Error('the host is closed'))
    assert.match((await rejectsWith(waiting, ActorLostError)).message, /the host is closed/)
    starting.resolve(fresh())
    await turn()
    assert.equal(made.at(-1)!.isStopped, true)
    assert.deepEqual(told, ['lost'])
  })
})
