// What one program holds, asked for by another of the same user: VMs made, entered, watched and removed over the control socket.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, rm, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { join } from 'node:path'
import {
  AbortError,
  BridgeClosedError,
  GuestRPCError,
  HcsError,
  Host,
  InvalidConfigError,
  InvalidStateError,
  ProviderUnavailableError,
} from '#dist/index.js'
import { ControlClient, serveControl, type ControlServer } from '#dist/control/index.js'
import { encodeFrames, encodeMessage } from '#dist/control/frames.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { linux, windows } from '../support/documents.js'

type Fields = Record<string, unknown>

async function rejectsWith(
  promise: Promise<unknown>,
  kind: new (...args: never[]) => Error,
  fields: Fields,
): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert(error instanceof kind, error.stack)
    for (const [name, value] of Object.entries(fields)) assert.equal((error as unknown as Fields)[name], value)
    return true
  })
}

describe('control of what another program holds', () => {
  let place: TemporaryDirectory
  let host: Host
  let server: ControlServer
  let client: ControlClient

  before(async () => {
    place = await temporaryDirectory()
    host = await Host.open({ simulated: { faults: [{ op: 'start', id: 'broken', fail: 0x80004005 }] } })
    server = await serveControl(host, { directory: place.path })
    client = await ControlClient.connect({ directory: place.path })
  })
  after(async () => {
    await server.close()
    await host.close()
    assert.deepEqual(await place.entries(), [], 'something is left of it')
    await place.remove()
  })
  afterEach(async () => {
    for (const { Id } of await client.list()) await client.remove(Id, true)
    const { actors, handles, sockets } = await host.stats()
    assert.deepEqual({ actors, handles, sockets }, { actors: { vm: 0, guest: 0 }, handles: 0, sockets: 0 })
  })

  async function run(args: string[], input?: string): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    const command = await client.exec('a', { args, stdin: input !== undefined })
    if (input !== undefined) command.stdin.end(input)
    const [stdout, stderr, { exitCode }] = await Promise.all([
      buffer(command.stdout),
      buffer(command.stderr),
      command.exit,
    ])
    return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
  }

  it('listens where its user alone may enter', async () => {
    assert.equal(server.address, join(place.path, 'control.sock'))
    assert.equal((await stat(server.address)).mode & 0o777, 0o600)
    assert.equal(client.info.pid, process.pid)
  })

  it('a VM is made, listed, entered, stopped and removed', async () => {
    const made = await client.create({ id: 'a', document: linux('quiet') })
    assert.equal(made.State, 'Running')
    assert.equal(made.guestOS, 'linux')
    assert.equal(made.capabilities?.guestOS, 'linux')
    assert(made.startedTime !== undefined)
    const [entry] = await client.list()
    assert.deepEqual([entry?.Id, entry?.held, entry?.connected], ['a', true, true])
    assert.deepEqual(await run(['sh', '-c', 'cat; echo no >&2; exit 7'], 'hello'), {
      stdout: 'hello',
      stderr: 'no\n',
      exitCode: 7,
    })
    const ended = (await client.act('a', 'stop')) as { exit: { exitType: string }; forced: boolean }
    assert.equal(ended.exit.exitType, 'GracefulExit')
    assert.equal(ended.forced, false)
    const details = await client.inspect('a')
    assert.deepEqual([details.State, details.exit?.exitType, details.connected], ['Stopped', 'GracefulExit', false])
    await client.remove('a')
    assert.deepEqual(await client.list(), [])
  })

  it('a Windows guest runs its commands', async () => {
    await client.create({ id: 'a', document: windows() })
    const { stdout, exitCode } = await run(['cmd', '/c', 'echo hi'])
    assert.deepEqual([stdout.trim(), exitCode], ['hi', 0])
  })

  it('a command has a terminal that is resized and signalled', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    const command = await client.exec('a', {
      args: ['sh', '-c', 'echo ready; sleep 1000'],
      terminal: { width: 80, height: 24 },
    })
    command.resize(100, 40)
    command.stdin.write('one\n')
    const [first] = (await once(command.stdout, 'data')) as [Buffer]
    assert.match(first.toString(), /ready|one/)
    command.stdin.write('\x03')
    command.stdout.resume()
    command.stderr.resume()
    assert.notEqual((await command.exit).exitCode, 0)
  })

  it('megabytes through a command come back unchanged, to a slow reader too', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    const sent = Buffer.alloc(4 * 1024 * 1024, 'uvm-actors ')
    const command = await client.exec('a', { args: ['cat'] })
    command.stdin.end(sent)
    command.stderr.resume()
    assert((await buffer(command.stdout)).equals(sent))
    assert.equal((await command.exit).exitCode, 0)
  })

  it('a client that goes away gives up the handles of its command', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    const command = await client.exec('a', { args: ['sleep', '1000'] })
    command.close()
    await rejectsWith(command.exit, BridgeClosedError, {})
    // The server has heard of it: what it held is given back with the VM.
    await client.act('a', 'kill')
  })

  it('failures are the errors that the library threw there', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    await rejectsWith(client.create({ id: 'a', document: linux('quiet') }), HcsError, {
      hresultName: 'HCS_E_SYSTEM_ALREADY_EXISTS',
    })
    await rejectsWith(client.create({ id: '', document: linux('quiet') }), InvalidConfigError, { path: 'id' })
    await rejectsWith(client.exec('a', { args: ['nonesuch'] }), GuestRPCError, {})
    await rejectsWith(client.exec('a', {}), InvalidConfigError, { path: 'args' })
    await assert.rejects(client.inspect('b'), /there is no VM "b"/)
    await assert.rejects(client.exec('b', { args: ['true'] }), /this process has no VM "b"/)
    await assert.rejects(client.remove('a'), /the VM "a" is running; stop it first, or force/)
    await assert.rejects(client.act('a', 'save'), /expected SaveOptions/)
  })

  it('a VM that fails to come up is not left behind', async () => {
    await rejectsWith(client.create({ id: 'broken', document: linux() }), HcsError, { hresult: 0x80004005 })
    assert.deepEqual(await client.list(), [])
  })

  it('events and logs are lines that come as they happen, and end with who follows them', async () => {
    const stop = new AbortController()
    const events = client.events({ signal: stop.signal })
    const first = events.next()
    await client.create({ id: 'a', document: linux() })
    assert.equal((await first).value?.event, 'guest-created')
    const logs = client.logs('a', { follow: true })
    await run(['dmesg']).catch(() => undefined)
    const next = events.next()
    await client.act('a', 'kill')
    assert.match((await next).value!.event, /^(guest-disconnected|vm-exited)$/)
    // The VM's end is the log's.
    for await (const { message } of logs) assert.equal(typeof message, 'string')
    stop.abort()
    await assert.rejects(async () => {
      for await (const _ of events) continue
    }, AbortError)
  })

  it('pauses, resumes, saves; statistics are those of HCS', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    await client.act('a', 'pause')
    assert.equal((await client.inspect('a')).State, 'Paused')
    const file = join(place.path, 'state')
    await client.act('a', 'save', { save: { SaveType: 'ToFile', SaveStateFilePath: file } })
    assert((await stat(file)).size > 0)
    await rm(file)
    await client.act('a', 'resume')
    assert.equal((await client.vmStats('a')).id, 'a')
    assert.equal((await client.stats()).host.actors.vm, 1)
  })

  describe('what is wrong', () => {
    it('a second server under the name is refused, under another it is not', async () => {
      await rejectsWith(serveControl(host, { directory: place.path }), InvalidStateError, { state: 'in-use' })
      const other = await serveControl(host, { directory: place.path, name: 'other' })
      assert.equal((await ControlClient.connect({ directory: place.path, name: 'other' })).info.pid, process.pid)
      await other.close()
      await assert.rejects(
        ControlClient.connect({ directory: place.path, name: 'other' }),
        (error: ProviderUnavailableError) =>
          error instanceof ProviderUnavailableError && error.message.includes('nobody serves control there'),
      )
    })

    it('a directory that others may enter is refused by both', async () => {
      const open = await temporaryDirectory()
      await chmod(open.path, 0o755)
      await rejectsWith(serveControl(host, { directory: open.path }), InvalidConfigError, { path: 'directory' })
      await rejectsWith(ControlClient.connect({ directory: open.path }), InvalidConfigError, { path: 'directory' })
      await open.remove()
    })

    it('options are checked, and what is no Host is none', async () => {
      await rejectsWith(serveControl({} as Host), InvalidConfigError, { path: 'host' })
      for (const name of ['', '../x', 'a/b', 'x'.repeat(65), 3])
        await rejectsWith(serveControl(host, { directory: place.path, name: name as string }), InvalidConfigError, {
          path: 'name',
        })
      await rejectsWith(ControlClient.connect({ directori: place.path } as never), InvalidConfigError, {
        path: 'directori',
      })
    })

    it('paths, methods, bodies and upgrades that are none are told by their status', async () => {
      const ask = async (method: string, path: string, body = '', headers = {}): Promise<number | undefined> => {
        const request = httpRequest({ socketPath: server.address, method, path, headers, agent: false })
        request.end(body)
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        response.resume()
        return response.statusCode
      }
      assert.equal(await ask('GET', '/'), 404)
      assert.equal(await ask('GET', '/v2/vms'), 404)
      assert.equal(await ask('PUT', '/v1/vms'), 405)
      assert.equal(await ask('GET', '/v1/vms/%E0%A4%A'), 400)
      assert.equal(await ask('POST', '/v1/vms', '{'), 400)
      assert.equal(await ask('POST', '/v1/vms', '[]'), 400)
      assert.equal(await ask('POST', '/v1/vms', '{"id":1}'), 400)
      assert.equal(await ask('POST', '/v1/vms/a/explode', '{}'), 404)
      assert.equal(await ask('GET', '/v1/vms/a/exec', '', { connection: 'Upgrade', upgrade: 'websocket' }), 426)
    })

    it('a hostile peer costs its own connection, never the server', async () => {
      await client.create({ id: 'a', document: linux('quiet') })
      const upgrade = 'POST /v1/vms/a/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: uvm-stdio\r\n\r\n'
      const garbage: (string | Buffer)[] = [
        '\0\0\0\0',
        'GET / HTTP/9.9\r\n\r\n',
        `${upgrade}\xff\xff\xff\xff\xff\xff`,
        Buffer.concat([Buffer.from(upgrade), encodeFrames(0, Buffer.from('input before anything runs'))]),
        Buffer.concat([Buffer.from(upgrade), encodeFrames(3, Buffer.from('{"args":'))]),
        Buffer.concat([Buffer.from(upgrade), encodeMessage(3, [])]),
        Buffer.concat([Buffer.from(upgrade), encodeMessage(3, { args: [1] })]),
        Buffer.concat([Buffer.from(upgrade), Buffer.from([3, 255, 255, 255, 255])]),
      ]
      for (const bytes of garbage) {
        const socket = connect(server.address)
        socket.on('error', () => undefined)
        socket.resume()
        socket.write(bytes)
        await once(socket, 'close')
      }
      assert.equal((await run(['echo', 'alive'])).stdout, 'alive\n')
    })

    it('a socket that its server left behind is told from a live one', async () => {
      const stale = await temporaryDirectory()
      const code = `require('net').createServer().listen(${JSON.stringify(join(stale.path, 'control.sock'))}, () => process.kill(process.pid, 'SIGKILL'))`
      await once(spawn(process.execPath, ['-e', code]), 'exit')
      await assert.rejects(
        ControlClient.connect({ directory: stale.path }),
        /its server is gone and left the socket behind/,
      )
      const next = await serveControl(host, { directory: stale.path })
      assert.equal((await ControlClient.connect({ directory: stale.path })).info.pid, process.pid)
      await next.close()
      await writeFile(join(stale.path, 'control.sock'), '')
      await assert.rejects(serveControl(host, { directory: stale.path }), InvalidConfigError)
      await stale.remove()
    })

    it('a call ends with its own signal and time', async () => {
      await assert.rejects(client.list({ signal: AbortSignal.abort() }), AbortError)
      await client.create({ id: 'a', document: linux('quiet') })
      const stop = new AbortController()
      const waiting = client.logs('a', { follow: true, signal: stop.signal }).next()
      stop.abort()
      await assert.rejects(waiting, AbortError)
      await rejectsWith(client.list({ timeoutMs: -1 }), InvalidConfigError, { path: 'timeoutMs' })
    })
  })

  it('a server that is closed ends what it serves, and its VMs stay', async () => {
    await client.create({ id: 'a', document: linux('quiet') })
    const other = await serveControl(host, { directory: place.path, name: 'other' })
    const away = await ControlClient.connect({ directory: place.path, name: 'other' })
    const command = await away.exec('a', { args: ['sleep', '1000'] })
    await other.close()
    await rejectsWith(command.exit, BridgeClosedError, {})
    assert.equal((await client.inspect('a')).State, 'Running')
  })
})
