// A lost transport is followed: what stays, what fails at once, and when it is given up.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidStateError,
  OperationTimeoutError,
  type Container,
  type GuestProcess,
} from '#dist/index.js'
import { reconnectStep, type ReconnectEvent, type ReconnectState } from '#dist/actors/gcs/connection/reconnect.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { frame, LINUX_CAPABILITIES, TYPE, type Peer, type PeerFrame } from '../../../peer/peer.js'
import { pending, rejectsWith } from '../../../support/expect.js'

const BOUNDS = { attempts: 3, withinMs: 1000 }

describe('when a lost transport is followed', () => {
  const STATES: Record<string, ReconnectState> = {
    idle: { kind: 'idle' },
    up: { kind: 'up', triedMs: [4500] },
    'up after many': { kind: 'up', triedMs: [4100, 4500, 4900] },
    waiting: { kind: 'waiting', triedMs: [4500], untilMs: 5500 },
    trying: { kind: 'trying', triedMs: [4500], untilMs: 5500 },
    'trying for the last time': { kind: 'trying', triedMs: [4100, 4500, 4900], untilMs: 5500 },
  }
  const up = { kind: 'up', triedMs: [4500] }
  const idle = { kind: 'idle' }
  const waiting = { kind: 'waiting', triedMs: [4500], untilMs: 5500 }
  /** [state after, effects]; absent: nothing happens. */
  const TABLE: Record<string, Partial<Record<ReconnectEvent, [object, string[]]>>> = {
    idle: { served: [{ kind: 'up', triedMs: [] }, []] },
    up: { lost: [{ ...waiting, untilMs: 6000 }, ['tell-lost', 'listen']], ended: [idle, []] },
    'up after many': { lost: [idle, ['tell-lost', 'stop', 'give-up-attempts']], ended: [idle, []] },
    waiting: {
      served: [up, ['stop']],
      dialled: [{ kind: 'trying', triedMs: [4500, 5000], untilMs: 5500 }, []],
      late: [idle, ['stop', 'give-up-time']],
      ended: [idle, ['stop']],
    },
    trying: {
      served: [up, ['stop']],
      lost: [waiting, ['listen']],
      restored: [up, ['stop', 'tell-restored']],
      late: [idle, ['stop', 'give-up-time']],
      ended: [idle, ['stop']],
    },
    'trying for the last time': {
      served: [{ kind: 'up', triedMs: [4100, 4500, 4900] }, ['stop']],
      lost: [idle, ['stop', 'give-up-attempts']],
      restored: [{ kind: 'up', triedMs: [4100, 4500, 4900] }, ['stop', 'tell-restored']],
      late: [idle, ['stop', 'give-up-time']],
      ended: [idle, ['stop']],
    },
  }
  for (const [name, state] of Object.entries(STATES)) {
    for (const event of ['served', 'lost', 'dialled', 'restored', 'late', 'ended'] as const) {
      it(`${event} while ${name}`, () => {
        const [after, effects] = TABLE[name]![event] ?? [state, []]
        assert.deepEqual(reconnectStep(state, event, 5000, BOUNDS), { state: after, effects })
      })
    }
  }

  it('tries that are longer ago than the time do not count', () => {
    const state: ReconnectState = { kind: 'up', triedMs: [3000, 3500, 4000] }
    const { state: after } = reconnectStep(state, 'lost', 5000, BOUNDS)
    assert.deepEqual(after, { kind: 'waiting', triedMs: [], untilMs: 6000 })
  })
})

describe('a guest whose connection was lost', () => {
  let fake: FakeGuest
  let peer: Peer
  let events: string[]
  afterEach(() => fake.close())

  async function make(reconnect = { attempts: 10, withinMs: 60_000 }): Promise<void> {
    fake = await fakeGuest('linux', { reconnect })
    events = []
    fake.guest.on('disconnected', (error) => events.push(`disconnected ${error?.name ?? 'on purpose'}`))
    fake.guest.on('reconnected', () => events.push('reconnected'))
    fake.guest.on('warning', (error) => events.push(`warning ${error.message}`))
    peer = await fake.connect()
  }

  function told(event: 'disconnected' | 'reconnected' | 'warning'): Promise<unknown> {
    return new Promise((resolve) => fake.guest.once(event, () => resolve(undefined)))
  }

  async function hangsUp(bytes?: Buffer): Promise<void> {
    const lost = told('disconnected')
    if (bytes === undefined) peer.socket.end()
    else peer.socket.end(bytes)
    await lost
  }

  /** Until it is listened for, or is no more: a transport may take its time. */
  async function listened(isListenedFor: boolean): Promise<void> {
    while ((await fake.sockets()).length > 0 !== isListenedFor) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Dials again and shakes hands; nothing of a cold start may come. */
  async function comesBack(before: (peer: Peer) => void = () => undefined): Promise<void> {
    const back = told('reconnected')
    peer = await fake.dial()
    before(peer)
    const negotiate = await peer.next(TYPE.negotiate)
    peer.answer(negotiate, { Version: 4, Capabilities: LINUX_CAPABILITIES })
    await back
  }

  async function startProcess(): Promise<{ process: GuestProcess; wait: PeerFrame }> {
    const starting = fake.guest.createProcess({ CommandLine: 'a' })
    peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
    const process = await starting
    return { process, wait: await peer.next(TYPE.wait) }
  }

  async function createContainer(id = 'c'): Promise<Container> {
    const creating = fake.guest.createContainer(id, {})
    peer.answer(await peer.next(TYPE.create))
    return creating
  }

  it('is listened for at once, and comes back without anybody asking', async () => {
    await make()
    await hangsUp()
    await listened(true)
    assert.deepEqual(await fake.sockets(), ['vsock_1073741824'])
    await comesBack()
    assert.equal(await fake.guest.isConnected(), true)
    assert.deepEqual(await fake.sockets(), [])
    assert.deepEqual(events, ['disconnected BridgeClosedError', 'reconnected'])
    const call = fake.guest.dumpStacks()
    peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 's' })
    assert.equal(await call, 's')
  })

  it('also when the stream broke off inside a frame', async () => {
    await make()
    await hangsUp(frame(0x20100a01, 0n, '{"Result":0}').subarray(0, 20))
    await comesBack()
    assert.equal(await fake.guest.isConnected(), true)
  })

  it('calls in flight fail at once, new ones have no guest, waits stay', async () => {
    await make()
    const container = await createContainer()
    const { process, wait } = await startProcess()
    const waits = [process.wait(), container.wait()]
    const call = fake.guest.dumpStacks()
    call.catch(() => undefined)
    await peer.next(TYPE.dumpStacks)
    await hangsUp()
    await rejectsWith(call, BridgeClosedError)
    const refused = await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    assert(refused.cause instanceof BridgeClosedError)
    await rejectsWith(process.kill(), GuestConnectionUnavailableError)
    await rejectsWith(container.shutdown(), GuestConnectionUnavailableError)
    assert.equal(await fake.guest.isConnected(), false)
    // What the guest has to tell of the time between comes before its answer to the handshake.
    await comesBack((again) => again.notify('c'))
    const probe = await peer.next(TYPE.wait)
    assert.equal(probe.body['TimeoutInMs'], 50)
    assert.equal(probe.body['ProcessId'], 7)
    peer.answer(probe, { Result: 0xc0370109 | 0 })
    assert.equal(await pending(waits[0]!), true)
    await waits[1]
    peer.answer(wait, { ExitCode: 6 })
    assert.deepEqual(await waits[0], { exitCode: 6, known: true })
  })

  it('a process that exited meanwhile is told by the probe', async () => {
    for (const [answer, exit] of [
      [{ ExitCode: 5 }, { exitCode: 5, known: true }],
      [{ Result: 0x80070490 | 0 }, { exitCode: 0, known: false }],
    ] as const) {
      await make()
      const { process } = await startProcess()
      await hangsUp()
      await comesBack()
      peer.answer(await peer.next(TYPE.wait), answer)
      assert.deepEqual(await process.wait(), exit)
      await fake.close()
    }
    await make()
  })

  it('late answers of the calls that failed are made good', async () => {
    await make()
    const starting = fake.guest.createProcess({ CommandLine: 'a' })
    starting.catch(() => undefined)
    const execute = await peer.next(TYPE.execute)
    const creating = fake.guest.createContainer('c', {})
    creating.catch(() => undefined)
    const create = await peer.next(TYPE.create)
    await hangsUp()
    await rejectsWith(starting, BridgeClosedError)
    await rejectsWith(creating, BridgeClosedError)
    await comesBack()
    peer.answer(execute, { ProcessId: 9 })
    assert.equal((await peer.next(TYPE.wait)).body['ProcessId'], 9)
    const kill = await peer.next(TYPE.signal)
    assert.equal(kill.body['ProcessId'], 9)
    peer.answer(create)
    const shutdown = await peer.next(TYPE.terminate)
    assert.equal(shutdown.body['ContainerId'], 'c')
    peer.answer(shutdown)
    peer.notify('c')
    peer.answer(await peer.next(TYPE.deleteState))
    assert.equal(await fake.guest.isConnected(), true)
  })

  it('the id of a container whose creation was cut can be used again', async () => {
    await make()
    const creating = fake.guest.createContainer('c', {})
    creating.catch(() => undefined)
    await peer.next(TYPE.create)
    await hangsUp()
    await rejectsWith(creating, BridgeClosedError)
    await comesBack()
    const container = await createContainer('c')
    peer.notify('c')
    await container.wait()
  })

  it('createConnection joins, with a time of its own', async () => {
    await make()
    await hangsUp()
    const short = fake.guest.createConnection({ timeoutMs: 1 })
    short.catch(() => undefined)
    assert.equal(await pending(short), true)
    fake.clock.advance(1)
    await rejectsWith(short, OperationTimeoutError)
    const joined = fake.guest.createConnection()
    assert.equal(await pending(joined), true)
    await comesBack()
    await joined
    assert.equal(peer.unread, 0)
  })

  it('whoever hangs up in the handshake is not the end', async () => {
    await make()
    await hangsUp()
    for (let count = 0; count < 3; count++) {
      const other = await fake.dial()
      if (count > 0) await other.next(TYPE.negotiate)
      other.destroy()
    }
    await comesBack()
    assert.deepEqual(events, ['disconnected BridgeClosedError', 'reconnected'])
  })

  it('it is given up when its time is over: the waits reject, and it can be connected as ever', async () => {
    await make()
    const container = await createContainer()
    const { process } = await startProcess()
    await hangsUp()
    await listened(true)
    const waits = [process.wait(), container.wait()]
    for (const wait of waits) wait.catch(() => undefined)
    const warned = told('warning')
    fake.clock.advance(60_000)
    await warned
    await listened(false)
    for (const wait of waits) await rejectsWith(wait, BridgeClosedError)
    assert.match(events.join('\n'), /has not come back within 60000 ms/)
    assert.equal(events.filter((event) => event.startsWith('disconnected')).length, 1)
    const again = fake.guest.createConnection()
    peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: LINUX_CAPABILITIES })
    await again
  })

  it('one that breaks again and again is given up', async () => {
    await make({ attempts: 3, withinMs: 60_000 })
    for (let count = 0; count < 3; count++) {
      await hangsUp()
      await comesBack()
    }
    const warned = told('warning')
    await hangsUp()
    await warned
    assert.match(events.at(-1)!, /3 connections within 60000 ms were lost/)
    assert.equal(events.filter((event) => event === 'reconnected').length, 3)
    assert.deepEqual(await fake.sockets(), [])
  })

  it('a connection that was closed on purpose stays closed', async () => {
    await make()
    await fake.guest.closeConnection()
    assert.deepEqual(await fake.sockets(), [])
    assert.deepEqual(events, ['disconnected on purpose'])
  })

  it('closing while it is waited for ends that, and whoever joined hears so', async () => {
    await make()
    await hangsUp()
    const joined = fake.guest.createConnection()
    joined.catch(() => undefined)
    assert.equal(await pending(joined), true)
    await fake.guest.closeConnection()
    assert.equal((await rejectsWith(joined, InvalidStateError)).state, 'closed')
    assert.deepEqual(await fake.sockets(), [])
  })

  it('a guest that breaks the protocol is not waited for', async () => {
    await make()
    await hangsUp(frame(0x20100a01, 999n, '{"Result":0}'))
    assert.deepEqual(await fake.sockets(), [])
    assert.equal(await fake.guest.isConnected(), false)
  })

  it('nor one that breaks it when it is back', async () => {
    await make()
    const container = await createContainer()
    const waiting = container.wait()
    waiting.catch(() => undefined)
    await hangsUp()
    const again = await fake.dial()
    again.answer(await again.next(TYPE.negotiate), { Version: 3, Capabilities: LINUX_CAPABILITIES })
    await rejectsWith(waiting, BridgeClosedError)
    assert.deepEqual(await fake.sockets(), [])
  })

  it('onRequestTimeout close gives it up for good', async () => {
    fake = await fakeGuest('linux', { reconnect: BOUNDS, onRequestTimeout: 'close', requestTimeoutMs: 1000 })
    peer = await fake.connect()
    const call = fake.guest.dumpStacks()
    call.catch(() => undefined)
    await peer.next(TYPE.dumpStacks)
    fake.clock.advance(1000)
    await rejectsWith(call, BridgeClosedError)
    assert.deepEqual(await fake.sockets(), [])
  })

  it('the VM’s exit ends the waiting', async () => {
    await make()
    const container = await createContainer()
    const waiting = container.wait()
    waiting.catch(() => undefined)
    await hangsUp()
    fake.guest.vmExited(new Error('the VM has exited'))
    await rejectsWith(waiting, BridgeClosedError)
    await rejectsWith(fake.guest.createConnection(), GuestConnectionUnavailableError)
  })

  it('execInUVM rejects at the break, for its output is cut', async () => {
    await make()
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
    const running = fake.guest.execInUVM({ args: ['a'], stdin: 'x', stdout: sink })
    running.catch(() => undefined)
    const execute = await peer.next(TYPE.execute)
    peer.answer(execute, { ProcessId: 7 })
    await peer.next(TYPE.wait)
    await hangsUp()
    const error = await rejectsWith(running, BridgeClosedError)
    assert.equal(error.op, 'guest.execInUVM')
    assert.match(error.message, /its output is cut/)
  })

  it('a migration that is called off while the transport is lost: it is waited for', async () => {
    await make()
    const { process, wait } = await startProcess()
    await fake.guest.setMigrating(true)
    peer.socket.end()
    await once(peer.socket, 'close').catch(() => undefined)
    while (await fake.guest.isConnected()) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(events, [])
    await fake.guest.setMigrating(false)
    await comesBack()
    peer.answer(await peer.next(TYPE.wait), { Result: 0xc0370109 | 0 })
    peer.answer(wait, { ExitCode: 3 })
    assert.deepEqual(await process.wait(), { exitCode: 3, known: true })
  })
})

describe('connections before createConnection', () => {
  let fake: FakeGuest
  afterEach(() => fake.close())

  it('one that hung up is not taken for the guest; the next in the queue is', async () => {
    fake = await fakeGuest()
    for (let count = 0; count < 3; count++) (await fake.dial()).destroy()
    const live = await fake.dial()
    const connecting = fake.guest.createConnection()
    await Promise.all([connecting, live.shakeHands()])
    assert.equal(await fake.guest.isConnected(), true)
    assert.deepEqual(await fake.sockets(), [])
  })

  it('when all have hung up the next is waited for, until the deadline', async () => {
    fake = await fakeGuest()
    ;(await fake.dial()).destroy()
    const connecting = fake.guest.createConnection()
    assert.equal(await pending(connecting), true)
    fake.clock.advance(120_000)
    await rejectsWith(connecting, OperationTimeoutError)
  })

  it('a second createConnection has its own deadline and signal', async () => {
    fake = await fakeGuest()
    const abort = new AbortController()
    const first = fake.guest.createConnection({ signal: abort.signal, timeoutMs: Infinity })
    first.catch(() => undefined)
    assert.equal(await pending(first), true)
    const second = fake.guest.createConnection()
    second.catch(() => undefined)
    assert.equal(await pending(second), true)
    fake.clock.advance(120_000)
    assert.equal((await rejectsWith(second, OperationTimeoutError)).timeoutMs, 120_000)
    assert.equal(await pending(first), true)
    const third = fake.guest.createConnection()
    third.catch(() => undefined)
    assert.equal(await pending(third), true)
    abort.abort()
    await rejectsWith(first, Error)
    const live = await fake.dial()
    await Promise.all([third, live.shakeHands()])
  })
})
