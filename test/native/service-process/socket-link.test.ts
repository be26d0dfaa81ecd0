// What a service process says reaches its actor thread in the order in which it was said, however the socket cuts it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { HcsEvent, HcsProvider, HcsSystem } from '#dist/index.js'
import { createLinkedProvider } from '#dist/native/remote/client.js'
import { FramedSocket } from '#dist/native/service-process/framed-socket.js'
import { encodeFrame, MAX_FRAME_BYTES } from '#dist/native/service-process/frames.js'
import { socketLink } from '#dist/native/service-process/socket-link.js'
import { tcpPair } from '../../support/sockets.js'

const EXIT: HcsEvent = { type: 1, data: '{}' }
const OTHER: HcsEvent = { type: 2, data: '' }

describe('the link to a service process', () => {
  let far: Socket
  let near: Socket
  let provider: HcsProvider
  let system: HcsSystem
  let told: string[]

  beforeEach(async () => {
    ;[near, far] = await tcpPair()
    far.resume()
    told = []
    const connection = new FramedSocket(near, MAX_FRAME_BYTES)
    connection.pause()
    provider = createLinkedProvider(socketLink(connection))
    const opening = provider.openSystem('vm', ({ type }) => told.push(`event ${type}`))
    say({ number: 2, ok: '7' })
    system = await opening
  })
  afterEach(() => {
    near.destroy()
    far.destroy()
  })

  /** In one piece. */
  function say(...messages: object[]): void {
    far.write(Buffer.concat(messages.map(encodeFrame)))
  }

  /** Its answer passes through as many hands as that of a call to an actor does. */
  async function ask(name: string, call: Promise<unknown>): Promise<void> {
    try {
      await call
      for (let hop = 0; hop < 50; hop++) await Promise.resolve()
      told.push(name)
    } catch (error) {
      told.push(`${name} ${String(error)}`)
    }
  }

  const event = (which: HcsEvent): object => ({ events: 1, event: which })

  it('an event that came together with the answer before it is heard after it', async () => {
    const calls = [ask('shutdown', system.shutdown('')), ask('pause', system.pause(''))]
    say({ number: 3, ok: '' }, event(EXIT), { number: 4, ok: '' }, event(OTHER))
    await Promise.all(calls)
    while (told.length < 4) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, ['shutdown', 'event 1', 'pause', 'event 2'])
  })

  it('an event that came before is heard before', async () => {
    const call = ask('terminate', system.terminate(''))
    say(event(OTHER), event(EXIT), { number: 3, ok: '' })
    await call
    assert.deepEqual(told, ['event 2', 'event 1', 'terminate'])
  })

  it('what came is heard before the end', async () => {
    const calls = [ask('shutdown', system.shutdown('')), ask('pause', system.pause(''))]
    say({ number: 3, ok: '' }, event(EXIT), { number: 4, ok: '' })
    far.end()
    await once(near, 'close')
    await Promise.all(calls)
    assert.deepEqual(told.slice(0, 3), ['shutdown', 'event 1', 'pause'])
  })
})
