// The client of QMP against a server that answers, refuses, says nothing, says nonsense, or goes away.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { QmpClient, type QmpError, type QmpEvent } from '#dist/native/qemu/qmp.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../support/child.js'
import { deferred, rejection } from '../../support/expect.js'

const GREETING = '{"QMP":{"version":{"qemu":{"major":7}},"capabilities":[]}}\r\n'

interface Command {
  execute: string
  id: number
  arguments?: unknown
}

class FakeQemu {
  readonly #server: Server
  readonly sockets = new Set<Socket>()
  readonly #arrived: (() => void)[] = []

  private constructor(
    readonly path: string,
    server: Server,
  ) {
    this.#server = server
  }

  /** `answer` gives the lines that follow a command. */
  static async listen(
    path: string,
    answer: (command: Command) => string | undefined,
    greeting: string | undefined = GREETING,
  ): Promise<FakeQemu> {
    const server = createServer()
    const qemu = new FakeQemu(path, server)
    server.on('connection', (socket) => {
      qemu.sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => qemu.sockets.delete(socket))
      for (const tell of qemu.#arrived.splice(0)) tell()
      if (greeting !== undefined) socket.write(greeting)
      let rest = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const command = JSON.parse(line) as Command
          const said = command.execute === 'qmp_capabilities' ? ok(command) : answer(command)
          if (said !== undefined) socket.write(said)
        }
      })
    })
    server.listen(path)
    await once(server, 'listening')
    return qemu
  }

  /** Resolves at the next connection. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrived.push(resolve))
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

const ok = ({ id }: Command, value: unknown = {}): string => `${JSON.stringify({ return: value, id })}\r\n`

describe('QMP', () => {
  let directory: TemporaryDirectory
  let qemu: FakeQemu | undefined
  let count = 0

  before(async () => {
    directory = await temporaryDirectory()
  })
  afterEach(async () => {
    await qemu?.close()
    qemu = undefined
  })
  after(() => directory.remove())

  async function connected(
    answer: (command: Command) => string | undefined,
  ): Promise<{ client: QmpClient; events: QmpEvent[]; closed: Promise<Error | undefined>; seen: Promise<void> }> {
    qemu = await FakeQemu.listen(join(directory.path, `q${++count}`), answer)
    const events: QmpEvent[] = []
    const closed = deferred<Error | undefined>()
    const seen = deferred()
    const client = await QmpClient.connect(qemu.path, {
      onEvent: (event) => {
        events.push(event)
        seen.resolve()
      },
      onClose: closed.resolve,
    })
    return { client, events, closed: closed.promise, seen: seen.promise }
  }

  it('matches answers to commands, whatever their order', async () => {
    const waiting: Command[] = []
    const { client } = await connected((command) => {
      waiting.push(command)
      return waiting.length < 3
        ? undefined
        : waiting
            .reverse()
            .map((one) => ok(one, one.execute))
            .join('')
    })
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => client.execute(name)))
    assert.deepEqual(answers, ['a', 'b', 'c'])
    client.close()
  })

  it('tells what QEMU refused in its words', async () => {
    const { client } = await connected(
      ({ id }) => `${JSON.stringify({ id, error: { class: 'DeviceNotFound', desc: "Device 'x' not found" } })}\n`,
    )
    const error = await rejection<QmpError>(client.execute('device_del', { id: 'x' }))
    assert.deepEqual([error.kind, error.message], ['DeviceNotFound', "device_del: Device 'x' not found"])
    client.close()
  })

  it('takes events between answers, and a line that comes in pieces', async () => {
    const { client, events, seen } = await connected((command) => ok(command))
    const [socket] = qemu!.sockets
    const text = '{"event":"SHUTDOWN","data":{"guest":true,"reason":"gäste"},"timestamp":{"seconds":1}}\n'
    const bytes = Buffer.from(text)
    const inCharacter = bytes.indexOf(0xc3) + 1
    await new Promise((resolve) => socket!.write(bytes.subarray(0, inCharacter), resolve))
    // The first piece is on its way by itself.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    socket!.write(bytes.subarray(inCharacter))
    await seen
    assert.deepEqual(await client.execute('query-status'), {})
    assert.deepEqual(events, [{ name: 'SHUTDOWN', data: { guest: true, reason: 'gäste' } }])
    client.close()
  })

  for (const [what, line] of [
    ['no JSON', 'nonsense\n'],
    ['no object', '[1]\n'],
    ['an answer that nobody asked for', '{"return":{},"id":99}\n'],
    ['JSON nested without end', `${'['.repeat(40_000)}\n`],
  ] as const) {
    it(`ends the connection at ${what}, and settles what waits`, async () => {
      const { client, closed } = await connected(() => line)
      const error = await rejection<QmpError>(client.execute('stop'))
      assert.equal(error.kind, 'Closed')
      assert((await closed) instanceof Error)
      assert.equal(client.isClosed, true)
    })
  }

  it('ends the connection at a line without end', async () => {
    const { client, closed } = await connected(() => 'x'.repeat(17 * 1024 * 1024))
    assert.equal((await rejection<QmpError>(client.execute('stop'))).kind, 'Closed')
    assert.match(String(await closed), /a line of over/)
  })

  it('settles what waits when QEMU goes, once, and refuses what comes later', async () => {
    const { client, closed } = await connected(() => {
      for (const socket of qemu!.sockets) socket.destroy()
      return undefined
    })
    assert.equal((await rejection<QmpError>(client.execute('quit'))).kind, 'Closed')
    await closed
    assert.equal((await rejection<QmpError>(client.execute('cont'))).kind, 'Closed')
  })

  it('does not connect to nobody, to one that goes away, or to one that never greets', async () => {
    const listener = { onEvent: () => undefined, onClose: () => assert.fail('it was never open') }
    await assert.rejects(QmpClient.connect(join(directory.path, 'none'), listener), { code: 'ENOENT' })
    qemu = await FakeQemu.listen(join(directory.path, `q${++count}`), () => undefined, '')
    const giveUp = new AbortController()
    const first = qemu.arrival()
    const connecting = QmpClient.connect(qemu.path, listener, giveUp.signal)
    await first
    giveUp.abort(new Error('enough'))
    await assert.rejects(connecting, /enough/)
    const second = qemu.arrival()
    const going = QmpClient.connect(qemu.path, listener)
    await Promise.all([second.then(() => qemu!.sockets.forEach((socket) => socket.destroy())), assert.rejects(going)])
  })
})
