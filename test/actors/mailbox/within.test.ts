// A caller's signal and time for work that is no single request: who waits hears in time, and nothing stays behind.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { AbortError, InvalidConfigError, OperationTimeoutError } from '#dist/index.js'
import { onAbort } from '#dist/actors/mailbox/abort-listeners.js'
import { leftOf, within } from '#dist/actors/mailbox/within.js'
import { ManualClock } from '../../fakes/clock.js'
import { deferred, rejectsWith } from '../../support/expect.js'

const SUBJECT = { op: 'test.within', id: 'vm' }

describe('work within the caller’s signal and time', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

  it('settles as the work does, and leaves neither listener nor timer', async () => {
    const clock = new ManualClock()
    const { signal } = new AbortController()
    const work = deferred<string>()
    const waiting = within(work.promise, SUBJECT, { signal, timeoutMs: 50 }, clock)
    assert.deepEqual([listeners(signal), clock.timers], [1, 1])
    work.resolve('done')
    assert.equal(await waiting, 'done')
    assert.deepEqual([listeners(signal), clock.timers], [0, 0])

    const failing = within(Promise.reject(new Error('no')), SUBJECT, { signal, timeoutMs: 50 }, clock)
    await rejectsWith(failing, Error, ({ message }) => assert.equal(message, 'no'))
    assert.deepEqual([listeners(signal), clock.timers], [0, 0])
  })

  it('whichever comes first ends the waiting, and takes the other with it', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const late = within(deferred().promise, SUBJECT, { signal: controller.signal, timeoutMs: 50 }, clock)
    clock.advance(50)
    assert.equal((await rejectsWith(late, OperationTimeoutError)).timeoutMs, 50)
    assert.equal(listeners(controller.signal), 0)

    const given = within(deferred().promise, SUBJECT, { signal: controller.signal, timeoutMs: 50 }, clock)
    controller.abort('enough')
    assert.equal((await rejectsWith(given, AbortError)).cause, 'enough')
    assert.equal(clock.timers, 0)
  })

  it('a signal that was aborted before ends it at once, though the work is done', async () => {
    const done = within(Promise.resolve(1), SUBJECT, { signal: AbortSignal.abort() }, new ManualClock())
    await rejectsWith(done, AbortError)
  })

  it('bad options are the caller’s failure; that of the work is nobody’s', async () => {
    const unhandled: unknown[] = []
    const hear = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', hear)
    try {
      const work = deferred()
      await rejectsWith(within(work.promise, SUBJECT, { timeoutMs: -1 }, new ManualClock()), InvalidConfigError)
      work.reject(new Error('late'))
      // Node.js tells once the microtasks of a turn have run.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(unhandled, [])
    } finally {
      process.off('unhandledRejection', hear)
    }
  })

  it('what is left of a caller’s time is what he gave without what has gone by, and never nothing', () => {
    const clock = new ManualClock()
    const startedMs = clock.now()
    clock.advance(30)
    assert.equal(leftOf({ timeoutMs: 50 }, startedMs, clock).timeoutMs, 20)
    clock.advance(30)
    const { timeoutMs = 0 } = leftOf({ timeoutMs: 50 }, startedMs, clock)
    assert(timeoutMs > 0 && timeoutMs < 1, `${timeoutMs}`)
    assert.equal(leftOf({ timeoutMs: Infinity }, startedMs, clock).timeoutMs, Infinity)
    assert.equal(leftOf(undefined, startedMs, clock).timeoutMs, undefined)
  })
})

describe('listeners of one signal', () => {
  it('one that is taken back leaves the others their place', () => {
    const controller = new AbortController()
    const heard: string[] = []
    const forget = onAbort(controller.signal, () => heard.push('first'))
    onAbort(controller.signal, () => heard.push('second'))
    forget()
    controller.abort()
    assert.deepEqual(heard, ['second'])
  })
})
