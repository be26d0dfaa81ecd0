// Closing a connection, or the whole guest, in every state that a connection can be in: it always ends, and what waited for it hears so.

import assert from 'node:assert/strict'
import { GuestConnectionUnavailableError, InvalidStateError } from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { TYPE, WINDOWS_CAPABILITIES, type Peer } from '../../../peer/peer.js'
import { pending, rejectsWith } from '../../../support/expect.js'

/** Brings a guest into a state; answers what must be rejected when the connection is closed. */
type State = (fake: FakeGuest) => Promise<Promise<unknown>[]>

async function connectUpTo(fake: FakeGuest, answered: number): Promise<Promise<unknown>[]> {
  const connecting = fake.guest.createConnection()
  const peer = await fake.dial()
  for (let count = 0; count < answered; count++) {
    peer.answer(await peer.next(), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
  }
  await peer.next()
  return [connecting]
}

async function busy(fake: FakeGuest, peer: Peer): Promise<Promise<unknown>[]> {
  const call = fake.guest.dumpStacks()
  await peer.next(TYPE.dumpStacks)
  const starting = fake.guest.createProcess({ CommandLine: 'a', CreateStdOutPipe: true })
  peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
  const process = await starting
  await peer.next(TYPE.wait)
  const creating = fake.guest.createContainer('c', {})
  peer.answer(await peer.next(TYPE.create))
  const container = await creating
  const abandoned = fake.guest.createContainer('d', {})
  await peer.next(TYPE.create)
  return [call, process.wait(), container.wait(), abandoned]
}

async function parked(fake: FakeGuest): Promise<Promise<unknown>[]> {
  const peer = await fake.connect()
  const waiting = await busy(fake, peer)
  for (const one of waiting) one.catch(() => undefined)
  await fake.guest.setMigrating(true)
  peer.destroy()
  while (await fake.guest.isConnected()) await new Promise((resolve) => setImmediate(resolve))
  return waiting
}

const STATES: Record<string, State> = {
  'nobody has asked for a connection': () => Promise.resolve([]),
  'nobody has dialled': async (fake) => {
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    assert.equal(await pending(connecting), true)
    return [connecting]
  },
  'somebody has dialled and nobody has asked': async (fake) => {
    await fake.dial()
    return []
  },
  'the guest negotiates': (fake) => connectUpTo(fake, 0),
  'the guest is being created': (fake) => connectUpTo(fake, 1),
  'the guest is being started': (fake) => connectUpTo(fake, 2),
  'the guest learns its addresses': (fake) => connectUpTo(fake, 3),
  'it is idle': async (fake) => {
    await fake.connect()
    return []
  },
  'it is busy': async (fake) => busy(fake, await fake.connect()),
  'its transport is lost in a migration': parked,
  'nobody has dialled to resume it': async (fake) => {
    const waiting = await parked(fake)
    const resuming = fake.guest.resumeConnection()
    resuming.catch(() => undefined)
    assert.equal(await pending(resuming), true)
    return [...waiting, resuming]
  },
  'it negotiates anew': async (fake) => {
    const waiting = await parked(fake)
    const resuming = fake.guest.resumeConnection()
    resuming.catch(() => undefined)
    await (await fake.dial()).next(TYPE.negotiate)
    return [...waiting, resuming]
  },
  'it is over': async (fake) => {
    const peer = await fake.connect()
    const ended = new Promise((resolve) => fake.guest.once('disconnected', resolve))
    peer.destroy()
    await ended
    return []
  },
}

describe('closing a connection', () => {
  let fake: FakeGuest
  beforeEach(async () => {
    fake = await fakeGuest('windows')
  })
  // Nothing is left open: sockets, listeners, timers.
  afterEach(() => fake.close())

  for (const [name, bring] of Object.entries(STATES)) {
    it(`closeConnection when ${name}: all who wait are told, and it can connect again`, async () => {
      const waiting = await bring(fake)
      for (const one of waiting) one.catch(() => undefined)
      await Promise.all([fake.guest.closeConnection(), fake.guest.closeConnection()])
      for (const one of waiting) await rejectsWith(one, Error)
      assert.equal(await fake.guest.isConnected(), false)
      await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
      await fake.guest.setMigrating(false)
      const again = fake.guest.createConnection({ coldStart: false })
      const peer = await fake.dial()
      peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
      await again
      assert.equal(await fake.guest.isConnected(), true)
    })

    it(`close when ${name}: all who wait are told, and it is over for good`, async () => {
      const waiting = await bring(fake)
      for (const one of waiting) one.catch(() => undefined)
      await Promise.all([fake.guest.close(), fake.guest.close()])
      for (const one of waiting) await rejectsWith(one, Error)
      assert.equal(await fake.guest.isConnected(), false)
      await rejectsWith(fake.guest.createConnection(), InvalidStateError)
      await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
      await fake.guest.closeConnection()
    })

    it(`the VM exits when ${name}: all who wait are told, nothing listens any more`, async () => {
      const waiting = await bring(fake)
      for (const one of waiting) one.catch(() => undefined)
      fake.guest.vmExited(new Error('the VM has exited'))
      for (const one of waiting) await rejectsWith(one, Error)
      await rejectsWith(fake.guest.createConnection(), GuestConnectionUnavailableError)
      await rejectsWith(fake.guest.resumeConnection(), GuestConnectionUnavailableError)
    })
  }
})
