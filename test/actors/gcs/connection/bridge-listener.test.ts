// The bridge's listener over a transport that takes its time: never two at once, and none that nobody wants.

import assert from 'node:assert/strict'
import type { Gauges } from '#dist/actors/environment.js'
import { BridgeListener } from '#dist/actors/gcs/connection/bridge-listener.js'
import type { HvSocketListener } from '#dist/native/hvsocket.js'
import { deferred, pending, rejection } from '../../../support/expect.js'

const ADDRESS = { runtimeId: '8636363d-c5f9-49aa-b507-3b83f98c0d14', serviceId: 'acef5661-84a1-4e44-856b-6245e69f4620' }

describe('the bridge’s listener', () => {
  let opening: ReturnType<typeof deferred<void>>[]
  let open: number
  let gauges: Gauges
  let isWanted: boolean
  let listener: BridgeListener

  beforeEach(() => {
    opening = []
    open = 0
    isWanted = true
    gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const listen = async (): Promise<HvSocketListener> => {
      const opened = deferred()
      opening.push(opened)
      await opened.promise
      assert.equal(++open, 1, 'two at once')
      const closed = deferred()
      return {
        address: ADDRESS,
        accept: () => closed.promise.then(() => Promise.reject(new Error('closed'))),
        close: () => {
          open--
          closed.resolve()
          return Promise.resolve()
        },
      }
    }
    const assertWanted = (): void => {
      if (!isWanted) throw new Error('nobody wants it')
    }
    const transport = { listen, close: () => Promise.resolve() }
    listener = new BridgeListener({ ...ADDRESS, env: { transport, gauges }, assertWanted })
  })

  it('is opened once for all who ask while it opens', async () => {
    const both = [listener.open(), listener.open()]
    await pending(both[0]!)
    assert.equal(opening.length, 1)
    opening[0]!.resolve()
    const [first, second] = await Promise.all(both)
    assert.equal(first, second)
    await listener.close()
    assert.deepEqual([open, gauges.sockets], [0, 0])
  })

  it('closed while it opens, it is closed once it has opened, and only then opened again', async () => {
    const accepting = rejection<Error>(listener.accept(new AbortController().signal))
    await pending(accepting)
    const closing = listener.close()
    const again = listener.open()
    assert.equal(await pending(again), true)
    assert.equal(opening.length, 1)
    opening[0]!.resolve()
    await closing
    assert.equal((await accepting).message, 'closed')
    assert.equal(await pending(again), true)
    opening[1]!.resolve()
    await again
    assert.deepEqual([open, gauges.sockets], [1, 1])
    await listener.close()
    assert.deepEqual([open, gauges.sockets], [0, 0])
  })

  it('that nobody wants any more once it has opened is closed again', async () => {
    const failing = rejection<Error>(listener.open())
    await pending(failing)
    isWanted = false
    opening[0]!.resolve()
    assert.equal((await failing).message, 'nobody wants it')
    assert.deepEqual([open, gauges.sockets], [0, 0])
  })

  it('could not be opened: who asked hears why, and the next one tries again', async () => {
    const failing = rejection<Error>(listener.open())
    await pending(failing)
    opening[0]!.reject(new Error('no'))
    assert.equal((await failing).message, 'no')
    const again = listener.open()
    await pending(again)
    opening[1]!.resolve()
    await again
    await listener.close()
    assert.deepEqual([open, gauges.sockets], [0, 0])
  })
})
