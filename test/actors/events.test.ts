// Events as streams, and as Node.js itself takes them.

import assert from 'node:assert/strict'
import events from 'node:events'
import { AbortError, Host, InvalidConfigError } from '#dist/index.js'
import { Events } from '#dist/actors/events.js'
import { linux } from '../support/documents.js'
import { rejection } from '../support/expect.js'

interface Told {
  said: [text: string, number: number]
}

class Teller extends Events<Told> {
  constructor() {
    super('teller', { said: true })
  }

  say(text: string, number: number): void {
    this.emit('said', text, number)
  }

  end(): void {
    this.endEvents()
  }
}

describe('a careless listener', () => {
  for (const [what, thrown] of [
    ['an object without a prototype', Object.create(null)],
    ['nothing', undefined],
    ['a toString that throws', { toString: () => JSON.parse('no') as string }],
  ] as const) {
    it(`that throws ${what} is warned of, and takes nothing from the others`, async () => {
      const teller = new Teller()
      const heard: number[] = []
      const warned = events.once(process, 'warning') as Promise<[Error]>
      teller.on('said', () => {
        throw thrown as unknown
      })
      teller.on('said', (_text, number) => heard.push(number))
      teller.say('a', 1)
      teller.say('b', 2)
      assert.deepEqual(heard, [1, 2])
      assert.equal((await warned)[0].name, 'UVMListenerWarning')
    })
  }
})

describe('events as a stream', () => {
  it('gives the arguments of each event since the call, then ends', async () => {
    const teller = new Teller()
    teller.say('before', 0)
    const stream = teller.events('said')
    teller.say('a', 1)
    teller.say('b', 2)
    teller.end()
    const seen: [string, number][] = []
    for await (const said of stream) seen.push(said)
    assert.deepEqual(seen, [
      ['a', 1],
      ['b', 2],
    ])
    assert.deepEqual(await teller.events('said').next(), { done: true, value: undefined })
  })

  it('is bounded: the oldest is dropped, and counted', async () => {
    const teller = new Teller()
    const stream = teller.events('said', { limit: 2 })
    for (let number = 0; number < 5; number++) teller.say('x', number)
    assert.equal(stream.dropped, 3)
    assert.deepEqual((await stream.next()).value, ['x', 3])
  })

  it('a signal ends it with an AbortError, after what was kept, and leaves nothing behind', async () => {
    const teller = new Teller()
    const controller = new AbortController()
    const stream = teller.events('said', { signal: controller.signal })
    teller.say('a', 1)
    controller.abort(new Error('enough'))
    teller.say('b', 2)
    assert.deepEqual((await stream.next()).value, ['a', 1])
    const error = await rejection(stream.next())
    assert(error instanceof AbortError)
    assert.match(String((error.cause as Error).message), /enough/)
    assert.equal((await stream.next()).done, true)
    const aborted = teller.events('said', { signal: AbortSignal.abort() })
    await assert.rejects(aborted.next(), { name: 'AbortError' })
    assert.equal(events.getEventListeners(controller.signal, 'abort').length, 0)
  })

  it('a reader that leaves its loop no longer listens', async () => {
    const teller = new Teller()
    const { signal } = new AbortController()
    const stream = teller.events('said', { signal })
    teller.say('a', 1)
    for await (const [text] of stream) {
      assert.equal(text, 'a')
      break
    }
    assert.equal(events.getEventListeners(signal, 'abort').length, 0)
    assert.equal((await stream.next()).done, true)
  })

  it('several that wait are answered in turn, and all of them at the end', async () => {
    const teller = new Teller()
    const stream = teller.events('said')
    const waiting = [stream.next(), stream.next(), stream.next()]
    teller.say('a', 1)
    teller.end()
    const answers = await Promise.all(waiting)
    assert.deepEqual(
      answers.map(({ done }) => done),
      [false, true, true],
    )
  })

  it('names and options are checked', () => {
    const teller = new Teller()
    assert.throws(
      () => teller.events('sad' as 'said'),
      (error) => error instanceof InvalidConfigError && error.path === 'event',
    )
    assert.throws(() => teller.events('said', { limits: 1 } as object), /did you mean limit\?/)
    assert.throws(() => teller.once('said', () => undefined, { sign: 1 } as object), /did you mean signal\?/)
  })

  it('once takes a signal', () => {
    const teller = new Teller()
    const controller = new AbortController()
    const seen: string[] = []
    teller.once('said', (text) => seen.push(`given up: ${text}`), { signal: controller.signal })
    teller.once('said', (text) => seen.push(text), { signal: new AbortController().signal })
    controller.abort()
    teller.say('a', 1)
    teller.say('b', 2)
    assert.deepEqual(seen, ['a'])
  })
})

describe('a Host, VM, guest and container', () => {
  it('stream their events; Node.js takes them as emitters', async () => {
    const host = await Host.open({ threads: 1 })
    const exits = host.events('vm-exited')
    const vm = await host.createVM('streamed', linux('quiet'))
    const exit = vm.events('exit')
    const guest = await host.createGuest(vm)
    const disconnected = guest.events('disconnected')
    await vm.start()
    await guest.createConnection()

    // These listen to 'error' and take their listeners away by Node.js' own names.
    const byNode = events.once(host as unknown as NodeJS.EventEmitter, 'vm-exited')
    const controller = new AbortController()
    const nodeStream = events.on(host as unknown as NodeJS.EventEmitter, 'vm-exited', { signal: controller.signal })

    await vm.terminate()
    const [id, status] = (await exits.next()).value as [string, { exitType: string }]
    assert.equal(id, 'streamed')
    assert.equal(status.exitType, 'ForcedExit')
    assert.equal(((await exit.next()).value as [{ exitType: string }])[0].exitType, 'ForcedExit')
    assert.equal((await byNode)[0], 'streamed')
    assert.equal(((await nodeStream.next()).value as [string])[0], 'streamed')
    controller.abort()
    await assert.rejects(nodeStream.next(), { name: 'AbortError' })

    await guest.close()
    await vm.close()
    await host.close()
    const rest = []
    for await (const one of disconnected) rest.push(one)
    assert.equal(rest.length, 1)
    assert.deepEqual(await Promise.all([exits, exit, disconnected].map(async (one) => (await one.next()).done)), [
      true,
      true,
      true,
    ])
  })
})
