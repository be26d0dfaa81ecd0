// What the Guest does to have its connection back when the actor was lost: how often and how long it tries.

import assert from 'node:assert/strict'
import { ActorLostError, BridgeClosedError, OperationTimeoutError, type UVMError } from '#dist/index.js'
import { ConnectionLife } from '#dist/actors/gcs/connection-life.js'
import type { GuestWiring } from '#dist/actors/gcs/wiring.js'
import type { CallOptions } from '#dist/actors/mailbox/contract.js'
import { ManualClock } from '../../fakes/clock.js'

const LOST = new Error('the thread died')

describe('a guest connection that was lost with its actor', () => {
  let clock: ManualClock
  let tries: (CallOptions | undefined)[]
  let inputs: { firstId?: bigint }[]
  let told: string[]
  /** What each try fails with; beyond the last it succeeds. */
  let failures: UVMError[]
  let life: ConnectionLife

  beforeEach(async () => {
    clock = new ManualClock()
    tries = []
    inputs = []
    told = []
    failures = []
    const mailbox = {
      clock,
      onNotice: () => undefined,
      call: (_method: string, input: unknown, _subject: unknown, options?: CallOptions) => {
        tries.push(options)
        inputs.push(input as { firstId?: bigint })
        clock.advance(1_000)
        const failure = failures.shift()
        return failure === undefined ? Promise.resolve({}) : Promise.reject(failure)
      },
    }
    const wiring = {
      vmId: 'vm',
      guestOS: 'linux',
      mailbox,
      hooks: { disconnected: () => undefined, reconnected: () => undefined, closed: () => undefined },
      reconnect: { attempts: 3, withinMs: 60_000 },
    }
    life = new ConnectionLife(wiring as unknown as GuestWiring, {
      disconnected: () => told.push('disconnected'),
      reconnected: () => told.push('reconnected'),
      warning: (error) => told.push(error.name),
    })
    await life.begun()
    life.actorLost(LOST)
  })

  it('is tried again when the guest breaks off, within one time', async () => {
    failures = [new BridgeClosedError({}), new BridgeClosedError({})]
    await life.rejoin()
    assert.deepEqual(
      tries.map((options) => options?.timeoutMs),
      [60_000, 59_000, 58_000],
    )
    assert.deepEqual(told, ['disconnected', 'reconnected'])
  })

  it('its next actor uses none of the ids that the lost one may have used', async () => {
    await life.rejoin()
    life.actorLost(LOST)
    await life.rejoin()
    const [first, second] = inputs.map(({ firstId }) => firstId)
    assert.ok(first !== undefined && first > 0n)
    assert.equal(second, 2n * first)
  })

  it('is given up, and told, after as many tries as after any other break', async () => {
    failures = [new BridgeClosedError({}), new BridgeClosedError({}), new BridgeClosedError({})]
    await life.rejoin()
    assert.deepEqual(told, ['disconnected', 'BridgeClosedError'])
    await life.rejoin()
    assert.equal(tries.length, 3)
  })

  it('is given up, and told, when the guest does not come', async () => {
    failures = [new OperationTimeoutError({ timeoutMs: 60_000 })]
    await life.rejoin()
    assert.deepEqual(told, ['disconnected', 'OperationTimeoutError'])
  })

  it('is tried again by the next actor when this one is lost as well', async () => {
    failures = [new ActorLostError({})]
    await life.rejoin()
    life.actorLost(LOST)
    await life.rejoin()
    assert.deepEqual(told, ['disconnected', 'reconnected'])
  })
})
