// uvmctl with its service: what one call makes others list, enter, save and remove; at a terminal as a person sees it.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Host } from '#dist/index.js'
import { serveControl } from '#dist/control/index.js'
import { linux } from '../support/documents.js'
import { runNode, temporaryDirectory, type Ended, type TemporaryDirectory } from '../support/child.js'
import { noTerminal, runAtTerminal } from '../support/terminal.js'

const MAIN = 'packages/cli/dist/main.js'

/** The agent outlives the connection of its log (-r), and so the service that held it. */
const SURVIVES = 'quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 -log-format json'

describe('uvmctl and its service', () => {
  let place: TemporaryDirectory
  let document: string
  let service: ChildProcess

  before(async () => {
    place = await temporaryDirectory()
    document = join(place.path, 'vm.json')
    // It stays when the service that holds it ends.
    await writeFile(
      document,
      JSON.stringify({ ...linux(SURVIVES), Owner: 'uvmctl', ShouldTerminateOnLastHandleClosed: false }),
    )
    service = await startService()
  })
  after(async () => {
    await endService('SIGTERM')
    await place.remove()
  })

  async function startService(): Promise<ChildProcess> {
    const main = fileURLToPath(new URL(`../../../${MAIN}`, import.meta.url))
    const child = spawn(process.execPath, [main, 'service', '--directory', place.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    assert.match(line.toString(), /^serving at .*control\.sock/)
    return child
  }

  async function endService(signal: NodeJS.Signals): Promise<void> {
    const ended = once(service, 'exit')
    service.kill(signal)
    await ended
  }

  const uvmctl = (...args: string[]): Promise<Ended> => {
    const [command, ...rest] = args
    return runNode(MAIN, { args: [command!, '--directory', place.path, ...rest] })
  }
  const ids = async (): Promise<string[]> => (await uvmctl('ps', '--format', '{Id}')).stdout.split('\n').filter(Boolean)

  it('a VM made by one call is listed, entered, saved, restored and removed by others', async () => {
    const made = await uvmctl('run', '--name', 'web', document)
    assert.deepEqual([made.code, made.stdout], [0, 'web\n'])
    assert.deepEqual(await ids(), ['web'])
    const listed = JSON.parse((await uvmctl('ps', '--json')).stdout) as { Id: string; connected: boolean }[]
    assert.deepEqual(
      listed.map(({ Id, connected }) => [Id, connected]),
      [['web', true]],
    )
    const entered = await uvmctl('exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    assert.deepEqual([entered.code, entered.stdout, entered.stderr], [7, 'out\n', 'err\n'])
    assert.equal((await uvmctl('inspect', 'web', '--format', '{guestOS} {State}')).stdout, 'linux Running\n')
    assert.match((await uvmctl('stats', 'web')).stdout, /^ID +MEMORY +CPU TIME +UP\nweb /)
    const file = join(place.path, 'web.vmrs')
    assert.equal((await uvmctl('save', 'web', file)).code, 0)
    assert.deepEqual(await ids(), [])
    assert.equal((await uvmctl('save', 'web', file)).code, 2)
    const restored = await uvmctl('restore', file, '--document', document)
    assert.deepEqual([restored.code, restored.stdout], [0, 'web\n'], restored.stderr)
    assert.equal((await uvmctl('exec', 'web', '--', 'echo', 'again')).stdout, 'again\n')
    assert.match((await uvmctl('rm', 'web')).stderr, /^uvmctl: the VM "web" is running; stop it first, or force\n$/)
    assert.equal((await uvmctl('stop', 'web')).stdout, 'web\n')
    assert.equal((await uvmctl('rm', 'web')).code, 0)
    assert.deepEqual(await ids(), [])
  })

  it("a VM of another program is entered through that one's control, or its holder is named", async () => {
    await using host = await Host.open({ threads: 1, simulated: { serviceDirectory: place.path } })
    const vm = await host.createVM('theirs', linux(SURVIVES))
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    const refused = await uvmctl('exec', 'theirs', '--', 'echo', 'in')
    assert.equal(refused.code, 3)
    assert.match(
      refused.stderr,
      new RegExp(`^uvmctl: .*held by the process ${process.pid}, which serves no control\\n$`),
    )
    const server = await serveControl(host, { directory: place.path, name: 'theirs' })
    try {
      assert.equal((await uvmctl('exec', 'theirs', '--', 'echo', 'in')).stdout, 'in\n')
      assert.equal((await uvmctl('logs', 'theirs')).code, 0)
    } finally {
      await server.close()
    }
  })

  it('run takes its VM away, and ends with the exit code of its command', async () => {
    const { code, stdout } = await uvmctl('run', document, '--', 'sh', '-c', 'cat; exit 5')
    assert.deepEqual([code, stdout], [5, ''])
    assert.deepEqual(await ids(), [])
  })

  it('a service that was killed loses no VM: the next one has it, with its guest', async () => {
    assert.equal((await uvmctl('run', '--name', 'kept', document)).code, 0)
    await endService('SIGKILL')
    const alone = await uvmctl('ps')
    assert.equal(alone.code, 3)
    assert.match(alone.stderr, /its server is gone and left the socket behind/)
    service = await startService()
    assert.equal((await uvmctl('exec', 'kept', '--', 'echo', 'alive')).stdout, 'alive\n')
    assert.equal((await uvmctl('rm', '-f', 'kept')).code, 0)
  })

  it('a fleet is kept, looked at and taken down', async () => {
    const kept = await runNode(MAIN, { args: ['fleet', 'up', '--keep', '--json', '--directory', place.path] })
    assert.equal(kept.code, 0, kept.stderr)
    const count = (JSON.parse(kept.stdout) as unknown[]).length
    const status = await runNode(MAIN, {
      args: ['fleet', 'status', '--format', '{Id} {State}', '--directory', place.path],
    })
    assert.equal(status.stdout.split('\n').filter((line) => line.endsWith('Running')).length, count)
    const down = await runNode(MAIN, { args: ['fleet', 'down', '--directory', place.path] })
    assert.equal(down.stdout.split('\n').filter(Boolean).length, count)
    assert.deepEqual(await ids(), [])
  })

  describe('at a terminal', () => {
    before(function () {
      if (noTerminal !== undefined) this.skip()
    })

    it('run is a terminal of the guest: what is typed is echoed there, Ctrl-C interrupts there, the VM is gone after it', async () => {
      const terminal = runAtTerminal(MAIN, [
        'run',
        '--directory',
        place.path,
        '--name',
        'tty',
        document,
        '--',
        'sh',
        '-c',
        'echo ready; sleep 1000',
      ])
      await terminal.seen(/ready/)
      terminal.type('\x03')
      assert.equal(await terminal.ended, 255)
      assert.match(terminal.shown(), /\^C/)
      assert.deepEqual(await ids(), [])
    })

    it('exec -it passes the input on, and its end', async () => {
      assert.equal((await uvmctl('run', '--name', 'shell', document)).code, 0)
      const terminal = runAtTerminal(MAIN, ['exec', '-it', '--directory', place.path, 'shell', '--', 'cat'])
      terminal.type('hello\n')
      await terminal.seen(/hello\s+hello/)
      terminal.type('\x04')
      assert.equal(await terminal.ended, 0)
    })

    it('top shows what there is until q is typed, in a narrow window too', async () => {
      for (const columns of [100, 30]) {
        const terminal = runAtTerminal(MAIN, ['top', '--directory', place.path], { columns })
        await terminal.seen(/shell/)
        terminal.type('q')
        assert.equal(await terminal.ended, 0)
      }
      const terminal = runAtTerminal(MAIN, ['top', '--directory', place.path])
      await terminal.seen(/shell/)
      terminal.type('\x03')
      assert.equal(await terminal.ended, 130)
      assert.equal((await uvmctl('kill', 'shell')).code, 0)
      assert.equal((await uvmctl('rm', 'shell')).code, 0)
    })
  })

  it('a service that ends in order takes its socket away', async () => {
    await endService('SIGTERM')
    assert.equal(existsSync(join(place.path, 'control.sock')), false)
    service = await startService()
  })
})
