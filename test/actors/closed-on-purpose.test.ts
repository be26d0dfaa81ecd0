// Calls of a guest that meet its close: on purpose, whoever closed, and never told as a lost actor.

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { BridgeClosedError, GuestConnectionUnavailableError } from '#dist/index.js'
import { linux } from '../support/documents.js'
import { rejection, rejectsWith } from '../support/expect.js'
import { useHost } from '../support/host.js'

/** A stream, and when something has come through it. */
function firstOutput(): { stdout: PassThrough; said: Promise<unknown> } {
  const stdout = new PassThrough()
  return { stdout, said: new Promise((resolve) => stdout.once('data', resolve)) }
}

describe('a guest that is closed on purpose', () => {
  const test = useHost()

  for (const who of ['guest', 'vm'] as const) {
    it(`by its ${who}: calls in flight and later ones hear that, none of a lost actor`, async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const process = await guest.createProcess({ CommandArgs: ['sleep', '1000'], EmulateConsole: true })
      const failure = (call: Promise<unknown>): Promise<unknown> =>
        call.then(
          () => undefined,
          (error: unknown) => error,
        )
      const calls = (): Promise<unknown>[] =>
        [process.wait(), process.kill(), process.resizeConsole(80, 24), guest.dumpStacks()].map(failure)
      const asked = calls()
      const closing = who === 'guest' ? guest.close() : vm.close()
      // Some overtake the close, some meet it, some come behind it.
      for (let turn = 0; turn < 20; turn++) {
        asked.push(...calls())
        await new Promise((resolve) => setImmediate(resolve))
      }
      await closing
      asked.push(...calls())
      for (const error of await Promise.all(asked)) {
        if (!(error instanceof Error)) continue
        const isTold =
          error instanceof BridgeClosedError ||
          error instanceof GuestConnectionUnavailableError ||
          /0xc037010e/i.test(error.message)
        assert(isTold, String(error))
      }
      assert((await rejection(guest.dumpStacks())) instanceof GuestConnectionUnavailableError)
    })

    it(`by its ${who}: a command whose output is relayed says that it was cut on purpose, not that something was lost`, async () => {
      const vm = await test.create(linux('relayed'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const { stdout, said } = firstOutput()
      const running = guest.execInUVM({ args: ['sh', '-c', 'echo here; sleep 1000'], stdout })
      const failure = rejectsWith(running, BridgeClosedError)
      await said
      await (who === 'guest' ? guest.close() : vm.close())
      const { message } = await failure
      assert.match(message, /it was closed on purpose, and its output is cut/)
      assert.doesNotMatch(message, /lost/)
    })
  }
})
