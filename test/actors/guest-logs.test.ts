// The log of a VM's guest, whose connection outlives Guests and actor threads: some agents die when it is closed.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { Worker } from 'node:worker_threads'
import type { Guest, Host, LogRecord } from '#dist/index.js'
import { dial, TYPE } from '../peer/peer.js'
import { useScriptedHost } from '../support/scripted-host.js'

const LOG = { linux: 'vsock_109', windows: 'hvsock_172dad59-976d-45f2-8b6c-6d1b13f2ac4d' }

function nextLog(guest: Guest): Promise<LogRecord> {
  return new Promise((resolve) => guest.once('log', resolve))
}

function say(socket: Socket, msg: string): void {
  socket.write(`{"msg":"${msg}"}\n`)
}

/** Dials until somebody listens: who listens again does so in its own time. */
async function dialSoon(path: string): Promise<Socket> {
  for (;;) {
    try {
      return await dial(path)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function gone(path: string): Promise<void> {
  for (;;) {
    try {
      await stat(path)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('the log of a guest', () => {
  const started: Worker[] = []
  const note = (worker: Worker): void => void started.push(worker)
  before(() => void process.on('worker', note))
  after(() => void process.off('worker', note))
  const test = useScriptedHost({ threads: 1 })
  const sockets: Socket[] = []
  const keep = (socket: Socket): Socket => {
    sockets.push(socket.resume())
    return socket
  }
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })
  const sides = async (host: Host): Promise<number> => (await host.stats()).threads.side

  for (const guestOS of ['linux', 'windows'] as const) {
    it(`${guestOS}: stays connected when its Guest is closed, and the next one hears what came meanwhile`, async () => {
      const { vm, guest, path } = await test.guest({ log: true, guestOS })
      assert.equal(await sides(test.host), 1)
      const socket = keep(await dial(path(LOG[guestOS])))
      let isClosed = false
      const closed = new Promise<void>((resolve) => socket.once('end', () => resolve(void (isClosed = true))))
      const first = nextLog(guest)
      say(socket, 'one')
      assert.equal((await first).message, 'one')
      await guest.close()
      say(socket, 'two')
      const next = await test.host.createGuest(vm, { entropy: false, log: true })
      assert.equal((await nextLog(next)).message, 'two')
      say(socket, 'three')
      assert.equal((await nextLog(next)).message, 'three')
      assert.equal(isClosed, false)
      await vm.close()
      await closed
    })
  }

  it('a Linux guest whose log broke finds a listener again', async () => {
    const { guest, path } = await test.guest({ log: true })
    for (const word of ['one', 'two', 'three']) {
      const socket = keep(await dialSoon(path(LOG.linux)))
      const heard = nextLog(guest)
      say(socket, word)
      assert.equal((await heard).message, word)
      socket.end()
      await once(socket, 'close')
    }
  })

  it('the death of the side thread is survived: VM and guest hear nothing of it, the agent finds a listener again', async () => {
    const { vm, guest, path, connect } = await test.guest({ log: true })
    const peer = await connect()
    const told: unknown[] = []
    guest.on('disconnected', () => told.push('disconnected'))
    guest.on('warning', (error) => told.push(error))
    test.host.on('vm-exited', () => told.push('exited'))
    const socket = keep(await dial(path(LOG.linux)))
    const first = nextLog(guest)
    say(socket, 'one')
    await first
    const cut = once(socket, 'end')
    const next = nextLog(guest)
    // The last one that was started: the others were there before there was a log.
    await started.at(-1)!.terminate()
    // An agent without -r would end here.
    await cut
    say(keep(await dialSoon(path(LOG.linux))), 'two')
    assert.equal((await next).message, 'two')
    assert.equal(await sides(test.host), 1)
    const asking = guest.dumpStacks()
    peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 'still here' })
    assert.equal(await asking, 'still here')
    assert.equal((await vm.propertiesV2([])).State, 'Running')
    assert.deepEqual(told, [])
  })

  it('is not listened for during a migration, and again when that was rolled back', async () => {
    const { guest, path } = await test.guest({ log: true })
    const log = path(LOG.linux)
    await guest.setMigrating(true)
    await gone(log)
    await guest.setMigrating(false)
    const socket = keep(await dial(log))
    const heard = nextLog(guest)
    say(socket, 'back')
    assert.equal((await heard).message, 'back')
    // The stream that ends while it migrates is of a VM that may be elsewhere.
    await gone(log)
    await guest.setMigrating(true)
    socket.end()
    await once(socket, 'close')
    await assert.rejects(stat(log))
    await guest.setMigrating(false)
    const again = keep(await dialSoon(log))
    const more = nextLog(guest)
    say(again, 'again')
    assert.equal((await more).message, 'again')
  })

  it('what it says at its end is heard, and nothing stays open behind an exit', async () => {
    const { vm, guest, path } = await test.guest({ log: true })
    const socket = keep(await dial(path(LOG.linux)))
    const first = nextLog(guest)
    say(socket, 'up')
    await first
    const exited = new Promise((resolve) => test.host.once('vm-exited', resolve))
    await vm.terminate()
    await exited
    const last = nextLog(guest)
    socket.end('panic: out of everything')
    assert.match((await last).message, /panic: out of everything/)
  })

  it('a flood of it stalls neither the main thread nor a quiet VM, and what is dropped is counted and told', async () => {
    const loud = await test.guest({ log: true })
    const quiet = await test.guest()
    const peer = await quiet.connect()
    const told: unknown[] = []
    let heard = 0
    let atGuest = 0
    let atHost = 0
    loud.guest.on('log', () => heard++)
    loud.guest.on('dropped', (what, count) => void (told.push(what), (atGuest += count)))
    const onDropped = (what: string, count: number): void => void (told.push(what), (atHost += count))
    test.host.on('dropped', onDropped)
    const before = (await test.host.stats()).dropped
    const line = '{"level":"info","msg":"again and again"}\n'
    const lines = 2_000
    const block = Buffer.from(line.repeat(lines))
    const socket = keep(await dial(loud.path(LOG.linux)))
    let sent = 0
    let answered = 0
    // Until something was dropped, the quiet VM is asked all the time.
    while (atHost === 0 || answered < 20) {
      const isDrained = socket.write(block)
      sent += lines
      const dumping = quiet.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: `s${answered}` })
      assert.equal(await dumping, `s${answered++}`)
      if (!isDrained) await once(socket, 'drain')
    }
    const end = new Promise<void>((resolve) =>
      loud.guest.on('log', ({ message }) => {
        if (message === 'over') resolve()
      }),
    )
    say(socket, 'over')
    await end
    test.host.off('dropped', onDropped)
    assert.deepEqual([...new Set(told)], ['log'])
    assert.equal(atGuest, atHost)
    assert.equal((await test.host.stats()).dropped - before, atHost)
    assert.equal(heard + atHost, sent + 1, 'every entry is told or counted')
  })
})
