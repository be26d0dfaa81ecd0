// A Host goes by the time and the channels that it is given.

import assert from 'node:assert/strict'
import { OperationTimeoutError, type UtilityVM } from '#dist/index.js'
import { checkHostOptions } from '#dist/actors/check-host-options.js'
import { systemEnvironment } from '#dist/actors/host-environment.js'
import { Host } from '#dist/actors/host.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { ManualClock } from '../fakes/clock.js'
import { minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'

describe('Host and its environment', () => {
  let host: Host
  let clock: ManualClock
  let channels: number

  async function open(closeTimeoutMs: number): Promise<void> {
    clock = new ManualClock()
    channels = 0
    const provider = { module: new URL('../fakes/unruly-provider.js', import.meta.url).href, options: {} }
    host = await Host.openWith(checkHostOptions({ threads: 1, closeTimeoutMs, provider, watchdog: false }), {
      ...systemEnvironment,
      clock,
      openChannel: () => (channels++, newChannel()),
    })
  }

  /** A call that its provider never answers. */
  async function stuck(): Promise<{ vm: UtilityVM; hung: Promise<unknown> }> {
    const vm = await host.createVM('stuck', minimal())
    const hung = vm.addNIC('hang', {}).catch((error: unknown) => error)
    await vm.propertiesV2([])
    return { vm, hung }
  }

  it('makes its channels with what it is given', async () => {
    await open(1)
    // The thread's controller and the service actor.
    assert.equal(channels, 2)
    await host.createVM('vm', minimal())
    assert.equal(channels, 3)
    await host.close()
  })

  it('forces its end when the time is over, and not before: a delay beyond 2^31 ms is no short one', async () => {
    const closeTimeoutMs = 2 ** 31 + 1000
    await open(closeTimeoutMs)
    await stuck()
    const forced: string[][] = []
    host.on('close-forced', (what) => forced.push(what))
    const closed = host.close()
    assert.equal(clock.untilNextMs, closeTimeoutMs)
    clock.advance(closeTimeoutMs - 1)
    assert.equal(clock.timers, 1)
    clock.advance(1)
    await closed
    assert(forced[0]?.includes('vm stuck'), forced.join())
  })

  it('a call whose thread does not answer is over by the same time', async () => {
    await open(1)
    const { vm } = await stuck()
    const timed = rejectsWith(vm.addNIC('hang', {}, { timeoutMs: 2 ** 33 }), OperationTimeoutError)
    clock.advance(2 ** 33 + 1000)
    await timed
    const closed = host.close()
    clock.advance(1)
    await closed
  })
})
