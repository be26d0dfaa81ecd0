// The logs of a Host when their thread dies: who listens again, and when nobody shall.

import assert from 'node:assert/strict'
import { ActorLostError } from '#dist/index.js'
import { HostLogs } from '#dist/actors/host-logs.js'
import { ManualClock } from '../fakes/clock.js'

const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const SUBJECT = { op: 'host.createGuest', id: 'vm' }

/** An actor of a log that a test can lose. */
class Actor {
  readonly calls: string[] = []
  lose = (): void => undefined
  readonly ended = new Promise<void>((resolve) => (this.lose = resolve))

  constructor(private readonly refusal?: Error) {}

  onNotice(): void {
    // Nothing is logged here.
  }

  call(name: string): Promise<void> {
    this.calls.push(name)
    return this.refusal === undefined ? Promise.resolve() : Promise.reject(this.refusal)
  }

  stop(): Promise<void> {
    this.calls.push('stop')
    return Promise.resolve()
  }
}

describe('logs of guests whose thread dies', () => {
  let clock: ManualClock
  let actors: Actor[]
  let logs: HostLogs
  /** What the next actors answer. */
  let refusals: (Error | undefined)[]

  beforeEach(async () => {
    clock = new ManualClock()
    actors = []
    refusals = []
    const startActor = (): Actor => {
      const actor = new Actor(refusals.shift())
      actors.push(actor)
      return actor
    }
    const threads = { side: () => Promise.resolve({ place: () => Promise.resolve({}), startActor }) }
    logs = new HostLogs({ environment: { clock } } as never, threads as never, {
      dropped: () => undefined,
      lost: () => undefined,
      moving: () => Promise.resolve(),
    })
    await logs.open({ vmId: 'vm', runtimeId: ID } as never, SUBJECT, {})
  })

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  async function lose(): Promise<void> {
    actors.at(-1)!.lose()
    await settled()
  }

  async function wait(): Promise<void> {
    clock.advance(50)
    await settled()
  }

  it('another listens soon', async () => {
    await lose()
    assert.equal(actors.length, 1)
    await wait()
    assert.deepEqual(actors[1]?.calls, ['arm'])
  })

  it('also when that thread dies before it listens, which a Guest is warned of', async () => {
    const warnings: Error[] = []
    logs.heardBy(ID, { takeLogs: () => undefined, warn: (error) => warnings.push(error) })
    refusals = [new ActorLostError({ ...SUBJECT, cause: new Error('gone') })]
    await lose()
    await wait()
    assert(warnings[0] instanceof ActorLostError)
    await wait()
    assert.deepEqual(actors[2]?.calls, ['arm'])
  })

  it('nobody, when the VM exits meanwhile', async () => {
    await lose()
    logs.exited(ID)
    await settled()
    await wait()
    assert.equal(actors.length, 1)
  })

  it('nobody, when the last handle is closed meanwhile', async () => {
    await lose()
    await logs.end(ID)
    await wait()
    assert.equal(actors.length, 1)
  })
})
