// The mailbox against actors in this thread, over a real port: order, batches, cancellation, time, loss, and what cannot be sent.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import {
  AbortError,
  ActorLostError,
  HcsError,
  InvalidConfigError,
  OperationTimeoutError,
  type CallOptions,
} from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { ActorCall, ActorPort, CancelReason, Mailbox } from '#dist/actors/mailbox/contract.js'
import { exposeActor } from '#dist/actors/mailbox/expose.js'
import { ManualClock } from '../../fakes/clock.js'
import { deferred, pending, rejection, rejectsWith } from '../../support/expect.js'

interface Requests {
  echo: { input: unknown; output: unknown }
  /** Answers when the test says so. */
  hold: { input: { name: string }; output: string }
  fail: { input: { hresult: number }; output: undefined }
  /** Answers with something that cannot be cloned. */
  odd: { input: undefined; output: unknown }
  bytes: { input: ArrayBuffer; output: number }
  /** Notices around the answer. */
  speak: { input: { before: number; after: number }; output: undefined }
}
interface Notices {
  said: [number]
  other: [string, string]
  odd: [unknown]
}

interface Held {
  readonly name: string
  readonly call: ActorCall
  readonly cancelled: CancelReason[]
  answer(text: string): void
}

interface Fake {
  readonly mailbox: Mailbox<Requests, Notices>
  readonly actor: ActorPort<Notices>
  readonly clock: ManualClock
  readonly port: MessagePort
  /** Messages posted to the actor, one entry each. */
  readonly posted: unknown[]
  readonly heard: unknown[]
  readonly stops: number[]
  held(name: string): Promise<Held>
}

const SUBJECT = { op: 'test.call', id: 'vm' }

describe('mailbox', () => {
  const open: Fake[] = []

  /** Both ends have one clock, unless the actor is to be late. */
  function fake(
    onStop: () => Promise<void> = () => Promise.resolve(),
    clock = new ManualClock(),
    actorClock = clock,
  ): Fake {
    const { local, remote } = newChannel()
    const posted: unknown[] = []
    const post = local.postMessage.bind(local)
    local.postMessage = (message: unknown, transfer?: never) => {
      posted.push(message)
      post(message, transfer)
    }
    const heard: unknown[] = []
    const stops: number[] = []
    const arrived = new Map<string, ReturnType<typeof deferred<Held>>>()
    const place = (name: string): ReturnType<typeof deferred<Held>> => {
      const known = arrived.get(name) ?? deferred<Held>()
      arrived.set(name, known)
      return known
    }
    const actor = exposeActor<Requests, Notices>(
      remote,
      {
        echo: (input) => {
          heard.push(input)
          return input
        },
        hold: ({ name }, call) => {
          const { promise, resolve } = deferred<string>()
          const cancelled: CancelReason[] = []
          call.onCancel((reason) => cancelled.push(reason))
          place(name).resolve({ name, call, cancelled, answer: resolve })
          return promise
        },
        fail: ({ hresult }) => {
          throw new HcsError({ op: 'vm.start', id: 'vm', hresult })
        },
        odd: () => () => 1,
        bytes: (buffer) => buffer.byteLength,
        speak: async ({ before, after }) => {
          for (let index = 0; index < before; index++) actor.notify('said', index)
          queueMicrotask(() => {
            for (let index = 0; index < after; index++) setImmediate(() => actor.notify('said', before + index))
          })
          return undefined
        },
      },
      {
        clock: actorClock,
        onStop: async () => {
          stops.push(1)
          await onStop()
        },
      },
    )
    const mailbox = openMailbox<Requests, Notices>(local, { clock })
    const one: Fake = {
      mailbox,
      actor,
      clock,
      port: local,
      posted,
      heard,
      stops,
      held: (name) => place(name).promise,
    }
    open.push(one)
    return one
  }

  afterEach(async () => {
    for (const { mailbox, actor, clock } of open.splice(0)) {
      mailbox.lose(new Error('the test is over'))
      await actor.closed
      assert.equal(mailbox.outstanding, 0)
      assert.equal(clock.timers, 0, 'timers are left')
    }
  })

  const call = (one: Fake, name: string, options?: CallOptions): Promise<string> =>
    one.mailbox.call('hold', { name }, SUBJECT, options)

  describe('order and batches', () => {
    it('calls reach the actor in order, and each gets its own answer, whatever the timing', async () => {
      const one = fake()
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 80 }), async (pauses) => {
          one.heard.length = 0
          const answers = []
          for (const [index, pause] of pauses.entries()) {
            for (let turn = 0; turn < pause; turn++) await new Promise((resolve) => setImmediate(resolve))
            answers.push(one.mailbox.call('echo', index, SUBJECT))
          }
          const expected = pauses.map((_, index) => index)
          assert.deepEqual(await Promise.all(answers), expected)
          assert.deepEqual(one.heard, expected)
          assert.equal(one.mailbox.outstanding, 0)
        }),
        { numRuns: 40 },
      )
    })

    it('the calls of one turn go out together, many of them without waiting for its end', async () => {
      const one = fake()
      await Promise.all([1, 2, 3].map((value) => one.mailbox.call('echo', value, SUBJECT)))
      assert.equal(one.posted.length, 1)
      one.posted.length = 0
      await Promise.all(Array.from({ length: 64 }, (_, value) => one.mailbox.call('echo', value, SUBJECT)))
      assert(one.posted.length > 1 && one.posted.length <= 8, `${one.posted.length} messages`)
    })

    it('answers may come in any order', async () => {
      const one = fake()
      const names = Array.from({ length: 50 }, (_, index) => `${index}`)
      const answers = names.map((name) => call(one, name))
      for (const name of [...names].reverse()) (await one.held(name)).answer(`of ${name}`)
      assert.deepEqual(
        await Promise.all(answers),
        names.map((name) => `of ${name}`),
      )
    })

    it('what is sent arrives unchanged: text, bigints, typed arrays, __proto__ members', async () => {
      const one = fake()
      const odd = JSON.parse('{"__proto__":{"a":1},"x":"\\ud800"}') as object
      for (const value of [1n << 70n, new Uint8Array([1, 2]), odd, undefined, null, NaN, [[{}]], ''])
        assert.deepEqual(await one.mailbox.call('echo', value, SUBJECT), value)
    })
  })

  describe('notices', () => {
    it('one sent before an answer is heard before it, one sent after it after its caller has run', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(20), fc.nat(5), async (before, after) => {
          const one = fake()
          const log: unknown[] = []
          const done = deferred()
          one.mailbox.onNotice('said', (value) => {
            log.push(value)
            if (value === before + after - 1) done.resolve()
          })
          await one.mailbox.call('speak', { before, after }, SUBJECT)
          log.push('answer')
          if (after > 0) await done.promise
          const numbers = Array.from({ length: before + after }, (_, index) => index)
          assert.deepEqual(log, [...numbers.slice(0, before), 'answer', ...numbers.slice(before)])
        }),
        { numRuns: 30 },
      )
    })

    it('an answer and a notice that come in one message keep their order too', async () => {
      const one = fake()
      const log: string[] = []
      one.mailbox.onNotice('other', (...words) => log.push(words.join(' ')))
      const answer = call(one, 'a').then((text) => log.push(text))
      const held = await one.held('a')
      one.actor.notify('other', 'heard', 'first')
      held.answer('answered')
      await Promise.resolve()
      await new Promise(process.nextTick)
      one.actor.notify('other', 'heard', 'last')
      const last = one.mailbox.call('echo', 1, SUBJECT).then(() => log.push('echo'))
      await Promise.all([answer, last])
      assert.deepEqual(log, ['heard first', 'answered', 'heard last', 'echo'])
    })

    it('what comes in a later message stays behind what waits for an answer’s caller', async () => {
      const { local, remote } = newChannel()
      const mailbox = openMailbox<Requests, Notices>(local)
      const heard: number[] = []
      mailbox.onNotice('said', (value) => heard.push(value))
      const answered = mailbox.call('echo', 0, SUBJECT).then(() => heard.push(0))
      remote.postMessage([1, 'answer', 0, { notice: 'said', args: [1] }])
      remote.postMessage([0, { notice: 'said', args: [2] }])
      await answered
      while (heard.length < 3) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(heard, [0, 1, 2])
      mailbox.lose(new Error('the test is over'))
    })

    it('what is said before anybody listens waits for the listener', async () => {
      const one = fake()
      one.actor.notify('said', 1)
      one.actor.notify('said', 2)
      await one.mailbox.call('echo', 0, SUBJECT)
      const heard: number[] = []
      one.mailbox.onNotice('said', (value) => heard.push(value))
      assert.deepEqual(heard, [1, 2])
    })

    it('one that cannot be cloned is dropped and ends nothing', async () => {
      const one = fake()
      const heard: number[] = []
      one.mailbox.onNotice('said', (value) => heard.push(value))
      one.actor.notify('said', 1)
      one.actor.notify('odd', () => 1)
      one.actor.notify('said', 2)
      assert.equal(await one.mailbox.call('echo', 1, SUBJECT), 1)
      assert.deepEqual(heard, [1, 2])
    })
  })

  describe('cancellation', () => {
    it('an abort rejects at once with its reason, tells the actor, and drops the late answer', async () => {
      const one = fake()
      const abort = new AbortController()
      const aborted = call(one, 'a', { signal: abort.signal })
      const held = await one.held('a')
      const reason = new Error('changed my mind')
      abort.abort(reason)
      const error = await rejectsWith(aborted, AbortError)
      assert.equal(error.name, 'AbortError')
      assert.equal(error.code, 'ABORT_ERR')
      assert.equal(error.cause, reason)
      assert.deepEqual([error.op, error.id], ['test.call', 'vm'])
      await one.mailbox.call('echo', 1, SUBJECT)
      assert.deepEqual(held.cancelled, ['abort'])
      held.answer('late')
      await one.mailbox.call('echo', 1, SUBJECT)
    })

    it('a signal that is aborted already sends nothing; one that aborts in the same turn neither', async () => {
      const one = fake()
      await rejectsWith(call(one, 'a', { signal: AbortSignal.abort('no') }), AbortError)
      const abort = new AbortController()
      const second = call(one, 'b', { signal: abort.signal })
      abort.abort()
      await rejectsWith(second, AbortError)
      assert.equal(await one.mailbox.call('echo', 'only this', SUBJECT), 'only this')
      assert.equal(one.posted.length, 1)
      assert.deepEqual((one.posted[0] as unknown[]).includes('hold'), false)
    })

    it('the signal itself never crosses, and no listener stays on it', async () => {
      const one = fake()
      const abort = new AbortController()
      const listeners = new Set<unknown>()
      const { signal } = abort
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (type: string, listener: never) => {
        listeners.add(listener)
        add(type, listener)
      }
      signal.removeEventListener = (type: string, listener: never) => {
        listeners.delete(listener)
        remove(type, listener)
      }
      const calls = Array.from({ length: 100 }, (_, index) => one.mailbox.call('echo', index, SUBJECT, { signal }))
      assert.equal(listeners.size, 1)
      await Promise.all(calls)
      assert.equal(listeners.size, 0)
      assert.equal(JSON.stringify(one.posted).includes('signal'), false)
    })

    it('one signal ends many calls', async () => {
      const one = fake()
      const abort = new AbortController()
      const calls = Array.from({ length: 50 }, (_, index) => call(one, `${index}`, { signal: abort.signal }))
      await one.held('49')
      abort.abort()
      for (const each of calls) await rejectsWith(each, AbortError)
      assert.equal(one.mailbox.outstanding, 0)
    })

    it('a cancel of a call that is done, or of none, is ignored', async () => {
      const one = fake()
      const { port } = one
      port.postMessage([9_000_001, 'cancel', 12345, 'abort'])
      port.postMessage([9_000_002, 'cancel', undefined, undefined])
      assert.equal(await one.mailbox.call('echo', 1, SUBJECT), 1)
    })
  })

  describe('bookkeeping', () => {
    it('a cancel that comes behind the answer reaches nobody: the call is forgotten', async () => {
      const one = fake()
      const { port, posted } = one
      const { signal } = new AbortController()
      const done = call(one, 'a', { signal })
      const held = await one.held('a')
      held.answer('done')
      await done
      const [id] = posted[0] as [number]
      port.postMessage([9_000_003, 'cancel', id, 'abort'])
      assert.equal(await one.mailbox.call('echo', 1, SUBJECT), 1)
      assert.deepEqual([held.call.isCancelled(), held.cancelled], [false, []])
    })

    it('a call says whether it has a time of its own', async () => {
      const one = fake()
      const { signal } = new AbortController()
      const calls = [call(one, 'plain', { signal }), call(one, 'timed', { timeoutMs: 5 })]
      const [plain, timed] = [await one.held('plain'), await one.held('timed')]
      assert.deepEqual([plain.call.timed, timed.call.timed], [false, true])
      plain.answer('')
      timed.answer('')
      await Promise.all(calls)
    })
  })

  describe('a thread that does not answer', () => {
    const bound = (one: Fake): void => one.mailbox.bound((op) => (op === 'test.call' ? 1000 : undefined))

    it('calls have their default counted from the call, those that came before it was noticed too', async () => {
      const one = fake()
      const early = call(one, 'early')
      const held = await one.held('early')
      one.clock.advance(400)
      bound(one)
      assert.equal(one.clock.untilNextMs, 600)
      one.clock.advance(600)
      const error = await rejectsWith(early, OperationTimeoutError)
      assert.equal(error.timeoutMs, 1000)
      assert.match(error.message, /its thread does not answer/)
      held.answer('late')
    })

    it('so have calls that come after it, but for those with a time of their own', async () => {
      const one = fake()
      bound(one)
      const plain = call(one, 'plain')
      assert.equal(one.clock.untilNextMs, 1000)
      const held = await one.held('plain')
      one.clock.advance(1000)
      await rejectsWith(plain, OperationTimeoutError)
      held.answer('late')
      const endless = call(one, 'endless', { timeoutMs: Infinity })
      assert.equal(one.clock.timers, 0)
      const other = await one.held('endless')
      other.answer('')
      await endless
    })
  })

  describe('time', () => {
    it('runs out at the caller’s time, says that the outcome is unknown, and tells the actor', async () => {
      const one = fake()
      const late = call(one, 'a', { timeoutMs: 0.5 })
      const held = await one.held('a')
      assert.equal(held.call.timeoutMs, 0.5)
      one.clock.advance(0.4)
      assert.equal(await pending(late), true)
      one.clock.advance(0.1)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.deepEqual([error.timeoutMs, error.sent, error.op, error.id], [0.5, true, 'test.call', 'vm'])
      assert.equal(error.message, 'test.call "vm": no answer within 0.5 ms; the outcome is unknown')
      assert.match(error.stack ?? '', /^OperationTimeoutError: test\.call "vm": no answer[\s\S]*mailbox\.test/)
      assert.deepEqual(held.cancelled, ['timeout'])
      held.answer('late')
      await one.mailbox.call('echo', 1, SUBJECT)
      assert.equal(one.clock.timers, 0)
    })

    it('the actor says how far a call had come whose time ran out', async () => {
      const one = fake()
      const late = call(one, 'a', { timeoutMs: 94.89216299999998 })
      const held = await one.held('a')
      held.call.standing = () => ({ sent: false, reason: 'it waited behind another' })
      one.clock.advance(95)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, false)
      assert.equal(error.message, 'test.call "vm": no answer within 95 ms (it waited behind another); nothing was sent')
      held.answer('late')
    })

    it('an actor that does not answer costs 100 ms more, and no longer', async () => {
      const stuck = new ManualClock()
      const one = fake(undefined, undefined, stuck)
      const late = call(one, 'a', { timeoutMs: 50 })
      const held = await one.held('a')
      one.clock.advance(149)
      assert.equal(await pending(late), true)
      one.clock.advance(1)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, true)
      assert.match(error.message, /within 50 ms \(its actor did not answer\); the outcome is unknown/)
      await one.mailbox.call('echo', 1, SUBJECT)
      assert.deepEqual(held.cancelled, ['timeout'])
      held.answer('late')
    })

    it('a time-out of what has not left this thread says that nothing was sent', async () => {
      const one = fake()
      const late = call(one, 'a', { timeoutMs: 5 })
      one.clock.advance(105)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, false)
      await one.mailbox.call('echo', 1, SUBJECT)
      assert.deepEqual(one.heard, [1])
      assert.equal(one.posted.length, 1)
    })

    it('a handler that keeps the time itself answers when it sees fit', async () => {
      const one = fake()
      const late = call(one, 'a', { timeoutMs: 5 })
      const held = await one.held('a')
      held.call.keepsTime()
      one.clock.advance(100)
      assert.equal(await pending(late), true)
      held.answer('in the end')
      assert.equal(await late, 'in the end')
    })

    it('Infinity is no time limit, and lifts the actor’s own', async () => {
      const one = fake()
      const endless = call(one, 'a', { timeoutMs: Infinity })
      const held = await one.held('a')
      assert.equal(held.call.timeoutMs, Infinity)
      assert.equal(one.clock.timers, 0)
      held.answer('done')
      assert.equal(await endless, 'done')
      const plain = call(one, 'b')
      assert.equal((await one.held('b')).call.timeoutMs, undefined)
      ;(await one.held('b')).answer('')
      await plain
    })

    it('refuses options that are none, before anything is sent', async () => {
      const one = fake()
      for (const timeoutMs of [0, -1, NaN, '5', 5n, null] as number[]) {
        const error = await rejectsWith(call(one, 'x', { timeoutMs }), InvalidConfigError)
        assert.equal(error.path, 'timeoutMs')
      }
      for (const signal of [{}, 5, 'signal', null] as unknown as AbortSignal[]) {
        const error = await rejectsWith(call(one, 'x', { signal }), InvalidConfigError)
        assert.equal(error.path, 'signal')
      }
      for (const options of [5, 'x', null] as unknown as CallOptions[]) {
        const error = await rejectsWith(call(one, 'x', options), InvalidConfigError)
        assert.equal(error.path, 'options')
      }
      assert.equal(one.posted.length, 0)
    })
  })

  describe('what cannot be sent', () => {
    it('an argument that cannot be cloned fails its own call only', async () => {
      const one = fake()
      const good = one.mailbox.call('echo', 1, SUBJECT)
      const bad = one.mailbox.call('echo', () => 1, SUBJECT)
      const after = one.mailbox.call('echo', 2, SUBJECT)
      const error = await rejectsWith(bad, InvalidConfigError)
      assert.equal((error.cause as Error).name, 'DataCloneError')
      assert.deepEqual(await Promise.all([good, after]), [1, 2])
      assert.equal(one.mailbox.outstanding, 0)
    })

    it('an answer that cannot be cloned fails its own call only, and the actor goes on', async () => {
      const one = fake()
      const [odd, good] = [one.mailbox.call('odd', undefined, SUBJECT), one.mailbox.call('echo', 1, SUBJECT)]
      const error = await rejectsWith(odd, ActorLostError)
      assert.equal((error.cause as Error).name, 'DataCloneError')
      assert.equal(await good, 1)
      assert.equal(await one.mailbox.call('echo', 2, SUBJECT), 2)
    })

    it('buffers and ports move', async () => {
      const one = fake()
      const buffer = new ArrayBuffer(1000)
      const first = one.mailbox.call('echo', 'before', SUBJECT)
      assert.equal(await one.mailbox.call('bytes', buffer, SUBJECT, {}, [buffer]), 1000)
      assert.equal(buffer.byteLength, 0)
      assert.equal(await first, 'before')
      assert.deepEqual(one.heard, ['before'])
      const { port1, port2 } = new MessageChannel()
      port1.close()
      const twice = one.mailbox.call('bytes', new ArrayBuffer(1), SUBJECT, {}, [port2, port2])
      await rejectsWith(twice, InvalidConfigError)
      port2.close()
    })

    it('a method that the actor does not have is a lost actor, not silence', async () => {
      const one = fake()
      const unknown = one.mailbox as unknown as Mailbox<Record<string, { input: unknown; output: unknown }>, Notices>
      for (const method of ['nothing', 'constructor', '__proto__', 'toString'])
        await rejectsWith(unknown.call(method, 1, SUBJECT), ActorLostError)
      assert.equal(await one.mailbox.call('echo', 1, SUBJECT), 1)
    })
  })

  describe('errors', () => {
    async function myOwnFunction(one: Fake): Promise<unknown> {
      return await one.mailbox.call('fail', { hresult: 0x8037_0105 }, SUBJECT)
    }

    it('show the stack of the caller', async () => {
      const one = fake()
      const error = await rejectsWith(myOwnFunction(one), HcsError)
      assert.match(error.stack ?? '', /^HcsError: vm\.start "vm": HCS_E_INVALID_STATE[\s\S]*myOwnFunction/)
      assert.equal((error.stack ?? '').includes('expose'), false)
    })

    it('show who awaits the call when very many are under way', async () => {
      const one = fake()
      const many = Array.from({ length: 100 }, (_, index) => call(one, `${index}`))
      const error = await rejectsWith(myOwnFunction(one), HcsError)
      assert.match(error.stack ?? '', /^HcsError: [\s\S]*myOwnFunction/)
      for (let index = 0; index < 100; index++) (await one.held(`${index}`)).answer('')
      await Promise.all(many)
    })

    it('of options, aborts and time-outs show it as well', async () => {
      const one = fake()
      async function another(options: CallOptions): Promise<void> {
        await call(one, 'x', options)
      }
      for (const options of [{ timeoutMs: 0 }, { signal: AbortSignal.abort() }])
        assert.match((await rejection<Error>(another(options))).stack ?? '', /another/)
    })
  })

  describe('the end', () => {
    it('stop asks the actor, once, and waits for it', async () => {
      const { promise, resolve } = deferred()
      const one = fake(() => promise)
      const stopping = Promise.all([one.mailbox.stop(), one.mailbox.stop()])
      assert.equal(await pending(stopping), true)
      resolve()
      await stopping
      await one.actor.closed
      assert.deepEqual(one.stops, [1])
      assert.equal(await one.mailbox.ended, undefined)
      await rejectsWith(one.mailbox.call('echo', 1, SUBJECT), ActorLostError)
      await one.mailbox.stop()
    })

    it('an actor that lets go of its port while it stops was not lost', async () => {
      const { local, remote } = newChannel()
      const mailbox = openMailbox<Requests, Notices>(local)
      const stopping = mailbox.stop()
      remote.close()
      await stopping
      assert.equal(await mailbox.ended, undefined)
    })

    it('a stop that fails is still the end', async () => {
      const one = fake(() => Promise.reject(new Error('cannot stop')))
      await one.mailbox.stop()
      await one.actor.closed
    })

    it('what is in flight when the port closes is lost, all of it, with the cause', async () => {
      const one = fake()
      const calls = Array.from({ length: 40 }, (_, index) => call(one, `${index}`))
      await one.held('39')
      const cause = new Error('its thread died')
      one.mailbox.lose(cause)
      for (const each of calls) {
        const error = await rejectsWith(each, ActorLostError)
        assert.equal(error.cause, cause)
        assert.deepEqual([error.op, error.id], ['test.call', 'vm'])
        assert.match(error.message, /its thread died; the outcome is unknown/)
      }
      assert.equal(await one.mailbox.ended, cause)
      await one.actor.closed
      assert.deepEqual(one.stops, [1])
    })

    it('the actor’s closing its port is a loss', async () => {
      const { local, remote } = newChannel()
      const mailbox = openMailbox<Requests, Notices>(local)
      const lost = mailbox.call('echo', 1, SUBJECT)
      remote.close()
      await rejectsWith(lost, ActorLostError)
      assert((await mailbox.ended) instanceof Error)
    })

    it('a thread that dies loses its calls', async () => {
      const { local, remote } = newChannel()
      const worker = new Worker('require("node:worker_threads").parentPort.once("message", () => process.exit(1))', {
        eval: true,
      })
      const mailbox = openMailbox<Requests, Notices>(local)
      const lost = mailbox.call('echo', 1, SUBJECT)
      worker.postMessage({ remote }, [remote])
      await rejectsWith(lost, ActorLostError)
      assert.equal(mailbox.outstanding, 0)
    })

    it('an answer that has come is not lost, though its turn has not', async () => {
      const one = fake()
      const heard: number[] = []
      one.mailbox.onNotice('said', (value) => heard.push(value))
      const [first, second] = [call(one, 'a'), call(one, 'b')]
      const [a, b] = [await one.held('a'), await one.held('b')]
      // One message: answer, notice, answer. The loss comes while the second answer waits behind the notice.
      const lost = first.then(() => one.mailbox.lose(new Error('gone')))
      a.answer('one')
      await new Promise(process.nextTick)
      one.actor.notify('said', 1)
      b.answer('two')
      await lost
      assert.equal(await second, 'two')
      assert.deepEqual(heard, [1])
    })
  })
})
