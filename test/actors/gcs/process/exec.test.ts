// execInUVM: every kind of input and output, and what becomes of a command whose caller's streams fail.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import {
  AbortError,
  BridgeClosedError,
  GuestRPCError,
  InvalidConfigError,
  OperationTimeoutError,
  type ExecRequest,
  type GuestOS,
} from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { TYPE, type Peer } from '../../../peer/peer.js'
import { readAll, serveProcess } from '../../../peer/process.js'
import { pending, rejectsWith } from '../../../support/expect.js'

/** A Writable that keeps what it is given. */
class Sink extends Writable {
  readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.chunks.push(chunk)
    callback()
  }

  get text(): string {
    return String(Buffer.concat(this.chunks))
  }
}

describe('execInUVM', () => {
  let fake: FakeGuest
  let peer: Peer

  async function connected(guestOS: GuestOS = 'linux'): Promise<void> {
    fake = await fakeGuest(guestOS)
    peer = await fake.connect()
  }
  afterEach(() => fake.close())

  /** A command that is running, and the guest's side of it. */
  async function running(
    request: ExecRequest,
    options?: Parameters<FakeGuest['guest']['execInUVM']>[1],
  ): Promise<{ exit: Promise<number>; served: Awaited<ReturnType<typeof serveProcess>> }> {
    const exit = fake.guest.execInUVM({ args: ['cat'], ...request }, options)
    exit.catch(() => undefined)
    return { exit, served: await serveProcess(peer, fake.path) }
  }

  function parameters(execute: { body: Record<string, unknown> }): unknown {
    return JSON.parse((execute.body['Settings'] as { ProcessParameters: string }).ProcessParameters)
  }

  describe('the request', () => {
    for (const [name, guestOS, request, expected] of [
      [
        'Linux arguments, with the defaults',
        'linux',
        { args: ['ls', '-l'] },
        {
          CommandArgs: ['ls', '-l'],
          WorkingDirectory: '/',
          Environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        },
      ],
      [
        'a Linux command line with a PATH of its own; empty variables are dropped',
        'linux',
        { commandLine: 'ls -l', env: { PATH: '/bin', EMPTY: '' }, workingDirectory: '/tmp', terminal: true },
        { CommandLine: 'ls -l', WorkingDirectory: '/tmp', Environment: { PATH: '/bin' }, EmulateConsole: true },
      ],
      [
        'Windows arguments, quoted, as SYSTEM',
        'windows',
        { args: ['cmd', 'a b', 'say "hi"', '', 'back\\slash\\', 'end \\'] },
        {
          CommandLine: 'cmd "a b" "say \\"hi\\"" "" back\\slash\\ "end \\\\"',
          User: 'NT AUTHORITY\\SYSTEM',
          WorkingDirectory: 'C:\\',
        },
      ],
      [
        'a Windows command line as another user',
        'windows',
        { commandLine: 'whoami /all', user: 'Administrator' },
        { CommandLine: 'whoami /all', User: 'Administrator', WorkingDirectory: 'C:\\' },
      ],
    ] as const) {
      it(name, async () => {
        await connected(guestOS)
        const exit = fake.guest.execInUVM(request as ExecRequest)
        const served = await serveProcess(peer, fake.path)
        assert.deepEqual(parameters(served.execute), expected)
        peer.answer(served.wait, { ExitCode: 7 })
        assert.equal(await exit, 7)
      })
    }

    for (const [path, request] of [
      ['request', undefined],
      ['args', {}],
      ['args', { args: [] }],
      ['args', { args: 'ls' }],
      ['args', { args: [1] }],
      ['commandLine', { commandLine: 7 }],
      ['commandLine', { commandLine: ' \t ' }],
      ['env', { args: ['a'], env: { A: 1 } }],
      ['user', { args: ['a'], user: 5 }],
      ['workingDirectory', { args: ['a'], workingDirectory: {} }],
      ['terminal', { args: ['a'], terminal: 'yes' }],
      ['stdin', { args: ['a'], stdin: 5 }],
      ['stdin', { args: ['a'], stdin: {} }],
      ['stdout', { args: ['a'], stdout: 'file' }],
      ['stderr', { args: ['a'], stderr: new Readable() }],
      ['stderr', { args: ['a'], terminal: true, stderr: new Sink() }],
    ] as const) {
      it(`a wrong ${path} is refused before anything is sent`, async () => {
        await connected()
        await rejectsWith(fake.guest.execInUVM(request as never), InvalidConfigError, (error) => {
          assert.deepEqual([error.op, error.id, error.path], ['guest.execInUVM', 'vm', path])
        })
        assert.equal(peer.unread, 0)
      })
    }

    it('a start that the guest refuses', async () => {
      await connected()
      const exit = fake.guest.execInUVM({ args: ['none'], stdin: 'x', stdout: new Sink() })
      peer.answer(await peer.next(TYPE.execute), { Result: -2147467259 })
      await rejectsWith(exit, GuestRPCError)
      assert.deepEqual(await fake.sockets(), [])
    })
  })

  describe('input', () => {
    for (const [name, stdin, expected] of [
      ['a string', 'text ü', 'text ü'],
      ['an empty string', '', ''],
      ['bytes', new Uint8Array([97, 98]), 'ab'],
      ['a stream', () => Readable.from(['a', 'b', 'c']), 'abc'],
      ['a stream of nothing', () => Readable.from([]), ''],
      [
        'a large stream',
        () => Readable.from(Array.from({ length: 64 }, () => 'x'.repeat(65_536))),
        'x'.repeat(4_194_304),
      ],
    ] as const) {
      it(`${name} arrives whole, then the end of file`, async () => {
        await connected()
        const { exit, served } = await running({ stdin: typeof stdin === 'function' ? stdin() : stdin })
        assert.equal(String(await readAll(served.stdin!)), expected)
        peer.answer(served.wait, { ExitCode: 0 })
        assert.equal(await exit, 0)
      })
    }

    it('a command that exits without reading ends; the caller’s stream is left alone', async () => {
      await connected()
      const stdin = new PassThrough()
      const { exit, served } = await running({ stdin, stdout: new Sink() })
      served.stdout!.end()
      peer.answer(served.wait, { ExitCode: 2 })
      assert.equal(await exit, 2)
      assert.equal(stdin.destroyed, false)
      assert.equal(stdin.listenerCount('data'), 0)
      stdin.write('for somebody else')
      stdin.resume()
      assert.equal(String((await once(stdin, 'data'))[0]), 'for somebody else')
    })

    for (const [name, make, check] of [
      [
        'fails',
        () => {
          const stream = new PassThrough()
          setImmediate(() => stream.destroy(new Error('disk on fire')))
          return stream
        },
        /disk on fire/,
      ],
      [
        'is destroyed before its end',
        () => {
          const stream = new PassThrough()
          setImmediate(() => stream.destroy())
          return stream
        },
        /Premature close/,
      ],
      ['yields objects', () => Readable.from([{ not: 'bytes' }]), /chunk/],
    ] as const) {
      it(`a stream that ${name} fails the command, which is killed`, async () => {
        await connected()
        const exit = fake.guest.execInUVM({ args: ['cat'], stdin: make(), stdout: new Sink() })
        exit.catch(() => undefined)
        await serveProcess(peer, fake.path)
        await rejectsWith(exit, Error, (error) => assert.match(error.message, check))
        const kill = await peer.next(TYPE.signal)
        assert.equal('Options' in kill.body, false)
        peer.answer(kill)
        assert.deepEqual(await fake.sockets(), [])
      })
    }
  })

  describe('output', () => {
    it('stdout and stderr go to their own streams, which are not ended', async () => {
      await connected()
      const [stdout, stderr] = [new Sink(), new Sink()]
      const { exit, served } = await running({ stdout, stderr })
      served.stdout!.write('out')
      served.stderr!.write('err')
      peer.answer(served.wait, { ExitCode: 1 })
      assert.equal(await pending(exit), true, 'output is still coming')
      served.stdout!.end('put')
      served.stderr!.end('or')
      assert.equal(await exit, 1)
      assert.deepEqual([stdout.text, stderr.text], ['output', 'error'])
      assert.deepEqual([stdout.writableEnded, stderr.writableEnded], [false, false])
      assert.deepEqual([stdout.listenerCount('error'), stderr.listenerCount('error')], [0, 0])
    })

    it('a slow stream holds the command’s output, and gets all of it', async () => {
      await connected()
      let size = 0
      const stdout = new Writable({
        write: (chunk: Buffer, _encoding, callback) => {
          size += chunk.byteLength
          setImmediate(callback)
        },
      })
      const { exit, served } = await running({ stdout })
      served.stdout!.end(Buffer.alloc(3_000_000))
      peer.answer(served.wait, { ExitCode: 0 })
      assert.equal(await exit, 0)
      assert.equal(size, 3_000_000)
    })

    it('a stream that fails fails the command, which is killed', async () => {
      await connected()
      const stdout = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('disk full')) })
      const { exit, served } = await running({ stdout, stderr: new Sink() })
      served.stdout!.write('much')
      await rejectsWith(exit, Error, (error) => assert.equal(error.message, 'disk full'))
      peer.answer(await peer.next(TYPE.signal))
    })

    it('a stream that was destroyed before fails the command', async () => {
      await connected()
      const stdout = new Sink()
      stdout.destroy()
      const { exit } = await running({ stdout })
      await rejectsWith(exit, Error)
      peer.answer(await peer.next(TYPE.signal))
    })
  })

  describe('giving up', () => {
    it('an abort kills the command and closes its streams', async () => {
      await connected()
      const abort = new AbortController()
      const { exit, served } = await running({ stdin: new PassThrough(), stdout: new Sink() }, { signal: abort.signal })
      abort.abort(new Error('enough'))
      const error = await rejectsWith(exit, AbortError)
      assert.deepEqual([error.op, (error.cause as Error).message], ['guest.execInUVM', 'enough'])
      peer.answer(await peer.next(TYPE.signal))
      if (!served.stdout!.readableEnded) await once(served.stdout!.resume(), 'end')
    })

    it('an abort counts also while output is waited for after the exit', async () => {
      await connected()
      const abort = new AbortController()
      const { exit, served } = await running({ stdout: new Sink() }, { signal: abort.signal })
      peer.answer(served.wait, { ExitCode: 0 })
      assert.equal(await pending(exit), true)
      abort.abort()
      await rejectsWith(exit, AbortError)
    })

    it('a time that runs out kills the command', async () => {
      await connected()
      const stdout = new PassThrough()
      const { exit, served } = await running({ stdout }, { timeoutMs: 200 })
      served.stdout!.write('it runs')
      await once(stdout, 'data')
      fake.clock.advance(200)
      const error = await rejectsWith(exit, OperationTimeoutError)
      assert.equal(error.op, 'guest.execInUVM')
      peer.answer(await peer.next(TYPE.signal))
    })

    it('input that comes in the moment in which the command is given up is left to the caller', async () => {
      await connected()
      const abort = new AbortController()
      const stdin = new Readable({ read: () => undefined })
      const { exit, served } = await running({ stdin }, { signal: abort.signal })
      stdin.push('for the command')
      await once(served.stdin!, 'data')
      abort.signal.addEventListener('abort', () => process.nextTick(() => stdin.push('for somebody else')))
      abort.abort()
      await rejectsWith(exit, AbortError)
      assert.equal(String(stdin.read()), 'for somebody else')
      peer.answer(await peer.next(TYPE.signal))
    })

    it('a connection that ends fails the command; the caller’s streams are left alone', async () => {
      await connected()
      const [stdin, stdout] = [new PassThrough(), new Sink()]
      const { exit, served } = await running({ stdin, stdout })
      served.stdout!.write('half')
      peer.destroy()
      await rejectsWith(exit, BridgeClosedError)
      assert.deepEqual([stdin.destroyed, stdout.destroyed, stdout.writableEnded], [false, false, false])
    })
  })

  describe('what a command leaves', () => {
    it('no listener on the caller’s streams, whatever of them goes on', async () => {
      await connected()
      const [stdin, stdout] = [new PassThrough(), new Sink()]
      const count = (): number[] =>
        [stdin, stdout].map((stream) => stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0))
      const before = count()
      const { exit, served } = await running({ stdin, stdout })
      peer.answer(served.wait, { ExitCode: 0 })
      served.stdout?.end()
      await exit
      assert.deepEqual(count(), before)
      assert.deepEqual([stdin.destroyed, stdout.writableEnded], [false, false])
    })

    it('its time is one, whatever of it the start took', async () => {
      await connected()
      const exit = fake.guest.execInUVM({ args: ['cat'] }, { timeoutMs: 1_000 })
      const failed = rejectsWith(exit, OperationTimeoutError)
      const asked = await peer.next(TYPE.execute)
      fake.clock.advance(900)
      peer.answer(asked, { ProcessId: 7 })
      await peer.next(TYPE.wait)
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      fake.clock.advance(100)
      assert.equal((await failed).timeoutMs, 1_000)
      const killing = await peer.next(TYPE.signal)
      peer.answer(killing)
    })

    it('of what it wrote the first bytes up to the bound, however it came', async () => {
      await connected()
      const done = fake.guest.exec({ args: ['cat'], maxBytes: 4 })
      const served = await serveProcess(peer, fake.path)
      for (const text of ['abc', 'def', 'ghi']) {
        served.stdout?.write(text)
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
      served.stdout?.end()
      served.stderr?.end()
      peer.answer(served.wait, { ExitCode: 0 })
      const { stdout, truncated } = await done
      assert.deepEqual([String(stdout), truncated], ['abcd', true])
    })

    it('a caller’s own stream that is slow holds the output up, and goes on with it', async () => {
      await connected()
      let more = (): void => undefined
      let got = 0
      const slow = new Writable({
        highWaterMark: 1,
        write: (chunk: Buffer, _encoding, callback) => {
          got += chunk.byteLength
          more = callback
        },
      })
      const done = fake.guest.exec({ args: ['cat'], stdout: slow })
      const served = await serveProcess(peer, fake.path)
      for (const text of ['abc', 'def']) {
        served.stdout?.write(text)
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
      assert.deepEqual([got, slow.writableLength], [3, 3], 'the second piece is not written to it yet')
      served.stdout?.end()
      served.stderr?.end()
      peer.answer(served.wait, { ExitCode: 0 })
      assert.equal(await pending(done), true)
      more()
      while (got < 6) await new Promise((resolve) => setImmediate(resolve))
      more()
      assert.equal(String((await done).stdout), 'abcdef')
    })
  })
})
