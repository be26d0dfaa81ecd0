// Commands against the built-in guest, with the streams that programs really have: used before, paused, shared, broken.

import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  OperationTimeoutError,
  type Guest,
  type UtilityVM,
} from '#dist/index.js'
import { linux } from '../../../support/documents.js'
import { rejection, rejectsWith } from '../../../support/expect.js'
import { useHost } from '../../../support/host.js'

describe('commands and the streams of a program', () => {
  const test = useHost()
  let vm: UtilityVM
  let guest: Guest
  beforeEach(async () => {
    vm = await test.create(linux('quiet'))
    guest = await test.host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
  })

  it('two commands in a row on one stdin both get what comes', async () => {
    const stdin = new PassThrough()
    stdin.write('one\n')
    // `true` does not read: what it leaves is paused input.
    assert.equal(await guest.execInUVM({ args: ['true'], stdin }), 0)
    assert.equal(stdin.isPaused(), true)
    stdin.end('two\n')
    const { stdout } = await guest.exec({ args: ['cat'], stdin })
    assert.match(String(stdout), /two\n$/)
  })

  it('a sink whose write throws fails the command', async () => {
    const broken = new Writable()
    broken.write = () => {
      throw new Error('the disk is gone')
    }
    const error = await rejection(guest.execInUVM({ args: ['echo', 'hello'], stdout: broken }))
    assert.match(String(error), /the disk is gone/)
    assert.equal(broken.listenerCount('error'), 0)
  })

  it('thirty commands at once on one stream warn of no leak, and leave it as it was', async () => {
    const warnings: Error[] = []
    const hear = (warning: Error): void => void warnings.push(warning)
    process.on('warning', hear)
    const shared = new PassThrough()
    shared.resume()
    const limit = shared.getMaxListeners()
    try {
      const execs = Array.from({ length: 30 }, () =>
        guest.execInUVM({ args: ['echo', 'x'], stdout: shared, stderr: shared }),
      )
      assert.deepEqual(new Set(await Promise.all(execs)), new Set([0]))
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.off('warning', hear)
    }
    assert.deepEqual(warnings, [])
    assert.equal(shared.getMaxListeners(), limit)
  })

  it('a command that is given up says that the program may go on, and a warning that it does', async () => {
    const warned = new Promise<Error>((resolve) => guest.once('warning', resolve))
    const error = await rejectsWith(
      guest.execInUVM({ args: ['sleep', '1000'] }, { timeoutMs: 300 }),
      OperationTimeoutError,
    )
    assert.match(error.message, /the program may go on in the guest, as process \d+/)
    assert.match((await warned).message, /process \d+ was given up and goes on in the guest/)
  })

  it('exec answers what a command wrote', async () => {
    const { exitCode, stdout, stderr, truncated } = await guest.exec({
      args: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
    })
    assert.deepEqual([exitCode, String(stdout), String(stderr), truncated], [3, 'out\n', 'err\n', false])
  })

  it('exec keeps up to maxBytes of each stream, reads the rest, and says so', async () => {
    const copy = new PassThrough()
    const copied = copy.toArray()
    const request = { args: ['sh', '-c', 'echo 123456; echo 12 >&2'], maxBytes: 4, stdout: copy }
    const { exitCode, stdout, stderr, truncated } = await guest.exec(request)
    copy.end()
    assert.deepEqual([exitCode, String(stdout), String(stderr), truncated], [0, '1234', '12\n', true])
    assert.equal((await copied).join(''), '123456\n')
    assert.equal(copy.listenerCount('drain'), 0)
  })

  it('exec refuses what execInUVM refuses, and a bound that is none', async () => {
    assert.equal((await rejectsWith(guest.exec({ args: ['x'], maxBytes: 0 }), InvalidConfigError)).path, 'maxBytes')
    assert.equal(
      (await rejectsWith(guest.exec({ args: ['x'], stdout: 5 } as never), InvalidConfigError)).path,
      'stdout',
    )
    await rejectsWith(guest.exec(null as never), InvalidConfigError)
    await rejectsWith(guest.exec({}), InvalidConfigError)
  })

  for (const [who, close] of [
    ['the guest', (): Promise<void> => guest.close()],
    ['the VM handle', (): Promise<void> => vm.close()],
    ['the connection', (): Promise<void> => guest.closeConnection()],
  ] as const) {
    it(`a close of ${who} on purpose is never told as a lost actor`, async () => {
      const sleeper = await guest.createProcess({ CommandArgs: ['sleep', '1000'] })
      const calls = [
        ...Array.from({ length: 5 }, () => sleeper.wait()),
        ...Array.from({ length: 5 }, () => sleeper.kill()),
        ...Array.from({ length: 5 }, () => sleeper.resizeConsole(80, 25)),
      ].map((call) => rejection<Error>(call))
      const closing = close()
      calls.push(rejection(sleeper.wait()), rejection(sleeper.kill()), rejection(sleeper.resizeConsole(1, 1)))
      const errors = await Promise.all(calls)
      await closing
      errors.push(await rejection(sleeper.wait()), await rejection(sleeper.kill()), await rejection(sleeper.signal()))
      for (const error of errors) {
        // A Linux guest answers a kill, and a resize of no terminal, with its refusal.
        const names = [BridgeClosedError.name, GuestConnectionUnavailableError.name, 'GuestRPCError']
        assert(names.includes(error.name), String(error))
      }
    })
  }
})
