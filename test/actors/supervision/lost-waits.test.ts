// What was waited for inside a guest when its actor thread was lost: waits stay while the guest is expected back, and are answered once it is.

import assert from 'node:assert/strict'
import {
  ActorLostError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  OperationTimeoutError,
  type Guest,
  type Host,
} from '#dist/index.js'
import { ActorWorkers } from '../../support/actor-threads.js'
import { CONTAINER, linux } from '../../support/documents.js'
import { pending, rejectsWith } from '../../support/expect.js'
import { assertNothingOpen, SIMULATED } from '../../support/host.js'

describe('Waits inside a guest whose actor thread is lost', () => {
  let workers: ActorWorkers
  let host: Host

  beforeEach(async () => {
    workers = await ActorWorkers.open(() => SIMULATED.open({}, { threads: 1 }), 1)
    host = workers.host
  })

  afterEach(async () => {
    await host.close()
    workers.end()
    await assertNothingOpen(host)
  })

  async function connected(options: Parameters<Host['createGuest']>[1] = {}): Promise<Guest> {
    const vm = await host.createVM('vm', linux('quiet -- /bin/gcs'))
    const guest = await host.createGuest(vm, options)
    await vm.start()
    await guest.createConnection()
    return guest
  }

  const back = (guest: Guest): Promise<unknown> =>
    new Promise((resolve) => guest.once('reconnected', () => resolve(undefined)))

  it('stay, and are answered by the next actor and by the one after that', async () => {
    const guest = await connected()
    const process = await guest.createProcess({ CommandArgs: ['sleep', '1000'] })
    const container = await guest.createContainer('c', CONTAINER)
    await container.start()
    const init = await container.createProcess({})
    const waits = [process.wait(), init.wait(), container.wait()]
    for (let n = 0; n < 2; n++) {
      const returned = back(guest)
      await workers.kill(1)
      await returned
      assert.equal(await pending(Promise.race(waits)), true)
    }
    const late = process.wait()
    await container.terminate()
    await Promise.all([init.wait(), container.wait(), waits[1], waits[2]])
    await guest.execInUVM({ args: ['sh', '-c', `kill -9 ${process.pid}`] })
    assert.deepEqual(await Promise.all([waits[0], late]), [
      { exitCode: 0xffff_ffff, known: true },
      { exitCode: 0xffff_ffff, known: true },
    ])
  })

  it('a caller’s own time ends its wait while the guest is expected, and what needs it is refused', async () => {
    const guest = await connected()
    const process = await guest.createProcess({ CommandArgs: ['sleep', '1000'] })
    const lost = new Promise((resolve) => guest.once('disconnected', resolve))
    const returned = back(guest)
    const killed = workers.kill(1)
    await lost
    await rejectsWith(process.wait({ timeoutMs: 0.001 }), OperationTimeoutError)
    await rejectsWith(process.resizeConsole(1, 1), GuestConnectionUnavailableError)
    await killed
    await returned
    assert.equal(await pending(process.wait()), true)
  })

  it('end with a typed error when the guest is not to come back, and so does what needs them', async () => {
    const guest = await connected({ reconnect: false })
    const process = await guest.createProcess({ CommandArgs: ['sleep', '1000'] })
    const container = await guest.createContainer('c', CONTAINER)
    const waits = [process.wait(), container.wait()]
    for (const wait of waits) wait.catch(() => undefined)
    await workers.kill(1)
    for (const wait of waits) assert.equal((await rejectsWith(wait, ActorLostError)).sent, true)
    await guest.createConnection()
    await rejectsWith(process.wait(), ActorLostError)
    await rejectsWith(process.kill(), GuestConnectionUnavailableError)
    await rejectsWith(container.propertiesV2([]), GuestConnectionUnavailableError)
    await Promise.all([process.close(), container.close()])
  })

  it('end when the connection is closed before the guest is back', async () => {
    const guest = await connected()
    const process = await guest.createProcess({ CommandArgs: ['sleep', '1000'] })
    const lost = new Promise((resolve) => guest.once('disconnected', resolve))
    const wait = process.wait()
    wait.catch(() => undefined)
    const killed = workers.kill(1)
    await lost
    const closing = guest.closeConnection()
    const error = await rejectsWith(wait, BridgeClosedError)
    assert.match(error.message, /the guest has not come back$/)
    assert.match(String(error.cause), /closed on purpose/)
    await Promise.all([killed, closing])
  })
})
