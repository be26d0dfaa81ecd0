// Output whose port closes without an end: its thread, or its connection, is gone. What came is not the whole, and nobody may take it for that.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { BridgeClosedError, InvalidStateError, type ExecRequest } from '#dist/index.js'
import { runForOutput } from '#dist/actors/gcs/process/exec-output.js'
import { runInUVM, type ExecHost } from '#dist/actors/gcs/process/exec.js'
import { StdioReadable, StdioWritable } from '#dist/actors/gcs/process/stdio-streams.js'
import { ManualClock } from '../../../fakes/clock.js'
import { pending, rejectsWith } from '../../../support/expect.js'

const SUBJECT = { op: 'process.stdout', id: 'vm' }

function readable(): { stream: StdioReadable; remote: MessagePort } {
  const { port1, port2: remote } = new MessageChannel()
  return { stream: new StdioReadable(port1, SUBJECT), remote }
}

async function endsEarly(reading: Promise<unknown>): Promise<void> {
  await rejectsWith(reading, Error, (error) => {
    assert.equal((error as NodeJS.ErrnoException).code, 'ERR_STREAM_PREMATURE_CLOSE')
  })
}

describe('output that is cut', () => {
  it('a port that closes destroys the stream, which has no end and says why', async () => {
    const { stream, remote } = readable()
    let hasEnded = false
    stream.once('end', () => (hasEnded = true))
    stream.resume()
    remote.postMessage(new Uint8Array([1]))
    remote.close()
    await new Promise((resolve) => stream.once('close', resolve))
    assert(stream.cut instanceof BridgeClosedError)
    assert.deepEqual([stream.cut.op, stream.cut.id], ['process.stdout', 'vm'])
    assert.match(stream.cut.message, /cut before its end/)
    assert.deepEqual([hasEnded, stream.errored], [false, stream.cut])
  })

  it('whoever reads is told', async () => {
    const { stream, remote } = readable()
    const reading = stream.toArray()
    reading.catch(() => undefined)
    remote.postMessage(new Uint8Array([1]))
    remote.postMessage({ closed: true })
    const error = await rejectsWith(reading, BridgeClosedError)
    assert.equal(error, stream.cut)
    remote.close()
  })

  it('whoever comes late, and whoever pipes, is told the same', async () => {
    for (const read of [(stream: StdioReadable) => finished(stream), (stream: StdioReadable) => stream.toArray()]) {
      const { stream, remote } = readable()
      remote.close()
      await new Promise((resolve) => stream.once('close', resolve))
      assert.equal(await rejectsWith(read(stream), BridgeClosedError), stream.cut)
    }
    const { stream, remote } = readable()
    const piping = pipeline(stream, new PassThrough())
    piping.catch(() => undefined)
    remote.close()
    assert.equal(await rejectsWith(piping, BridgeClosedError), stream.cut)
  })

  it('an end that was told is an end, also when the port closes before anybody reads', async () => {
    const { stream, remote } = readable()
    remote.postMessage(new Uint8Array(Buffer.from('whole')))
    remote.postMessage({ end: true })
    const closed = once(remote, 'close')
    remote.close()
    await closed
    assert.equal(String(Buffer.concat(await stream.toArray())), 'whole')
    assert.equal(stream.cut, undefined)
  })

  it('what the reader closes itself, and what was never connected, is not cut', async () => {
    const own = readable()
    own.stream.destroy()
    const unused = readable()
    unused.remote.postMessage({ closed: true, unused: true })
    for (const { stream, remote } of [own, unused]) {
      await endsEarly(finished(stream))
      remote.close()
      assert.equal(stream.cut, undefined)
    }
  })
})

describe('input that is cut', () => {
  function writable(): { stream: StdioWritable; remote: MessagePort } {
    const { port1, port2: remote } = new MessageChannel()
    return { stream: new StdioWritable(port1, { op: 'process.stdin', id: 'vm' }), remote }
  }
  /** More than its window takes, in two writes. */
  const write = (stream: StdioWritable): Promise<unknown[]> =>
    Promise.all([1, 2].map(() => new Promise<unknown>((resolve) => stream.write(Buffer.alloc(1024 * 1024), resolve))))

  for (const [what, cut] of [
    ['with its thread', (remote: MessagePort) => remote.close()],
    ['with its connection', (remote: MessagePort) => remote.postMessage({ closed: true })],
  ] as const) {
    it(`${what} fails every write, and who pipes into it, with one error`, async () => {
      const { stream, remote } = writable()
      const writing = write(stream)
      const piping = pipeline(new PassThrough(), stream)
      piping.catch(() => undefined)
      cut(remote)
      const error = await rejectsWith(piping, BridgeClosedError)
      assert.deepEqual([error.op, error.id], ['process.stdin', 'vm'])
      assert.deepEqual(await writing, [error, error])
      remote.close()
    })
  }

  it('is no error where it had finished', async () => {
    const { stream, remote } = writable()
    stream.end('all')
    await finished(stream)
    remote.close()
    await once(stream, 'close')
    assert.equal(stream.errored, null)
  })

  it('by the process itself fails what is under way alone', async () => {
    const { stream, remote } = writable()
    const errors: unknown[] = []
    stream.on('error', (error) => errors.push(error))
    const writing = write(stream)
    remote.postMessage({ closed: true, unread: true })
    for (const error of await writing) {
      assert(error instanceof InvalidStateError)
      assert.deepEqual([error.op, error.id, error.state], ['process.stdin', 'vm', 'closed'])
    }
    if (!stream.closed) await once(stream, 'close')
    assert.deepEqual(errors, [])
    remote.close()
  })
})

/** The exit is told at once; the streams are the test's. */
class FakeActor {
  readonly ports = new Map<string, MessagePort>()
  readonly #clock = new ManualClock()
  readonly calls: string[] = []
  isLost = false
  exit: Promise<{ exitCode: number; known: boolean }> = Promise.resolve({ exitCode: 0, known: true })
  #started: () => void = () => undefined
  readonly started = new Promise<void>((resolve) => (this.#started = resolve))

  get host(): ExecHost {
    const mailbox = {
      clock: this.#clock,
      openChannel: () => {
        const { port1: local, port2: remote } = new MessageChannel()
        return { local, remote }
      },
      call: (method: string, input: Record<string, unknown>) => this.#call(method, input),
    }
    return {
      vmId: 'vm',
      guestOS: 'linux',
      mailbox: mailbox as unknown as ExecHost['mailbox'],
      subject: { op: 'guest.exec', id: 'vm' },
      ready: () => undefined,
      guard: (signal, run) => run(signal ?? new AbortController().signal),
      onLeft: () => undefined,
    }
  }

  #call(method: string, input: Record<string, unknown>): Promise<unknown> {
    this.calls.push(method)
    if (method === 'waitProcess') return this.exit
    if (method === 'negotiated' && this.isLost) return Promise.reject(new Error('the actor is lost'))
    if (method !== 'execute') return Promise.resolve(undefined)
    for (const name of ['stdout', 'stderr']) {
      if (input[name] !== undefined) this.ports.set(name, input[name] as MessagePort)
    }
    setImmediate(this.#started)
    return Promise.resolve({ key: input['key'], pid: 7, waitId: 1n, ports: {} })
  }

  /** A thread that dies closes its ports, and tells nothing. */
  async dies(): Promise<void> {
    await this.started
    this.isLost = true
    for (const port of this.ports.values()) port.close()
  }

  async ends(...texts: string[]): Promise<void> {
    await this.started
    for (const port of this.ports.values()) {
      const text = texts.shift()
      if (text !== undefined) port.postMessage(new Uint8Array(Buffer.from(text)))
      port.postMessage({ end: true })
      port.close()
    }
  }
}

describe('commands whose output is cut after their exit was told', () => {
  const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })
  const RUNS: [string, (host: ExecHost, request: ExecRequest) => Promise<unknown>][] = [
    ['exec', (host, request) => runForOutput(host, request, undefined)],
    ['execInUVM', (host, request) => runInUVM(host, { ...request, stdout: sink() }, undefined)],
  ]
  for (const [name, run] of RUNS) {
    it(`${name} rejects instead of answering with less`, async () => {
      const actor = new FakeActor()
      const running = run(actor.host, { args: ['echo', 'hello'] })
      running.catch(() => undefined)
      await actor.dies()
      const error = await rejectsWith(running, BridgeClosedError)
      assert.deepEqual([error.op, error.id], ['guest.exec', 'vm'])
      assert.match(error.message, /output of the command was cut/)
      // It has exited: there is nothing to kill.
      assert.equal(actor.calls.includes('signalProcess'), false)
    })

    it(`${name} answers what was whole when its port closed`, async () => {
      const actor = new FakeActor()
      const running = run(actor.host, { args: ['echo', 'hello'] })
      await actor.ends('out', 'err')
      const answer = await running
      if (name === 'execInUVM') assert.equal(answer, 0)
      else {
        const { exitCode, stdout, stderr } = answer as { exitCode: number; stdout: Buffer; stderr: Buffer }
        assert.deepEqual([exitCode, String(stdout), String(stderr)], [0, 'out', 'err'])
      }
    })
  }

  it('one of two streams is enough', async () => {
    const actor = new FakeActor()
    const running = runForOutput(actor.host, { args: ['echo'] }, undefined)
    running.catch(() => undefined)
    await actor.started
    actor.ports.get('stdout')!.postMessage({ end: true })
    assert.equal(await pending(running), true)
    actor.ports.get('stderr')!.close()
    await rejectsWith(running, BridgeClosedError)
  })

  it('a wait that fails tells the reason, heard of after the cut', async () => {
    const actor = new FakeActor()
    let lose: (error: Error) => void = () => undefined
    actor.exit = new Promise((_, reject) => (lose = reject))
    actor.exit.catch(() => undefined)
    const running = runForOutput(actor.host, { args: ['echo'] }, undefined)
    running.catch(() => undefined)
    await actor.dies()
    assert.equal(await pending(running), true)
    const lost = new Error('the thread is lost')
    lose(lost)
    assert.equal(await running.catch((error: unknown) => error), lost)
  })
})
