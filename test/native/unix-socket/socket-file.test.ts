// What lies at the path of a Unix socket: whose it is, who may replace it, and who takes it away.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { chmod, lstat, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { cradlePrefix, removeIfDead } from '#dist/native/unix-socket/socket-file.js'
import { socketPath, UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { rejection } from '../../support/expect.js'

type Coded = Error & { code: string }

const ADDRESS = { runtimeId: '8f4b7c5e-0000-4000-8000-000000000001', serviceId: vsockServiceId(7) }

describe('the file of a Unix socket', () => {
  let directory: string
  let path: string
  let transport: UnixSocketTransport

  beforeEach(async () => {
    directory = await mkdtemp('/tmp/sf-')
    path = socketPath(directory, ADDRESS)
    transport = new UnixSocketTransport(directory)
  })
  afterEach(async () => {
    await transport.close()
    await rm(directory, { recursive: true })
  })

  const exchange = async (): Promise<void> => {
    const listener = await transport.listen(ADDRESS)
    const accepted = listener.accept()
    const near = await transport.dial(ADDRESS)
    const far = await accepted
    near.destroy()
    far.destroy()
    await listener.close()
  }

  /** A socket that a process which died has left: its file without its server. */
  const leaveDead = async (at = path): Promise<void> => {
    const server = createServer().listen(`${at}.born`)
    await once(server, 'listening')
    await rename(`${at}.born`, at)
    await new Promise((resolve) => server.close(resolve))
  }

  it('who dials as soon as the name is there is accepted', async () => {
    for (let round = 0; round < 20; round++) {
      const listening = transport.listen(ADDRESS)
      const dialled = (async () => {
        while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve))
        return transport.dial(ADDRESS)
      })()
      const near = await dialled
      const listener = await listening
      const far = await listener.accept()
      near.destroy()
      far.destroy()
      await listener.close()
    }
  })

  it('is its user’s alone whatever the umask, and the only thing that listening leaves', async () => {
    const umask = process.umask(0)
    try {
      await transport.listen(ADDRESS)
    } finally {
      process.umask(umask)
    }
    const { mode } = await lstat(path)
    assert.equal((mode & 0o777).toString(8), '600')
    assert.deepEqual(await readdir(directory), [path.slice(directory.length + 1)])
  })

  it('is born in its own directory', async () => {
    // Its parent may be another file system, or nobody's to write.
    const watched = watch(directory)
    const seen: string[] = []
    watched.on('change', (_event, name) => seen.push(String(name)))
    await transport.listen(ADDRESS)
    while (!seen.includes(path.slice(directory.length + 1))) await once(watched, 'change')
    watched.close()
    assert.ok(
      seen.some((name) => name.startsWith('.')),
      seen.join(),
    )
  })

  it('goes with its listener', async () => {
    await exchange()
    assert.deepEqual(await readdir(directory), [])
  })

  it('is replaced when the process that made it is dead', async () => {
    await leaveDead()
    await exchange()
    assert.deepEqual(await readdir(directory), [])
  })

  it('of many that find it dead at once one gets it; the others hear that somebody listens', async () => {
    await leaveDead()
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => transport.listen(ADDRESS)))
    const codes = tries.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Coded).code] : []))
    assert.deepEqual(codes, Array<string>(7).fill('EADDRINUSE'))
    ;(await transport.dial(ADDRESS)).destroy()
  })

  it('is not replaced while its listener is alive and too busy to take a connection', async () => {
    // Its thread stands still, and its backlog is full: connecting fails, and yet it is alive.
    const release = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads')
       const server = require('node:net').createServer()
       server.listen({ path: workerData.path, backlog: 1 }, () => {
         parentPort.postMessage('listening')
         Atomics.wait(workerData.release, 0, 0)
         server.close()
       })`,
      { eval: true, workerData: { path, release } },
    )
    await once(worker, 'message')
    const callers = Array.from({ length: 4 }, () => connect({ path }).on('error', () => undefined))
    try {
      const outcomes = await Promise.all(
        callers.map(async (caller) =>
          once(caller, 'connect').then(
            () => 'taken',
            (error: Coded) => error.code,
          ),
        ),
      )
      assert.ok(outcomes.includes('EAGAIN'), outcomes.join())
      const { ino } = await lstat(path)
      assert.equal((await rejection<Coded>(transport.listen(ADDRESS))).code, 'EADDRINUSE')
      assert.equal((await lstat(path)).ino, ino)
    } finally {
      for (const caller of callers) caller.destroy()
      Atomics.store(release, 0, 1)
      Atomics.notify(release, 0)
      await once(worker, 'exit')
    }
  })

  it('who looks whether somebody listens is taken for nobody: the only connection that is accepted is the guest’s', async () => {
    const listener = await transport.listen(ADDRESS)
    // A sweep behind a lost thread, and another that wants the name.
    await removeIfDead(path)
    const refused = (await rejection(transport.listen(ADDRESS))) as Coded
    assert.equal(refused.code, 'EADDRINUSE')
    const near = await transport.dial(ADDRESS)
    near.end('of the guest')
    const far = await listener.accept()
    assert.equal(await text(far), 'of the guest')
    far.destroy()
    await listener.close()
  })

  it('one that is being born stays, and what nobody bears any more goes', async () => {
    const cradle = (): Promise<string> => mkdtemp(`${directory}/${cradlePrefix(basename(path))}`)
    const [living, dead, empty] = [await cradle(), await cradle(), await cradle()]
    const server = createServer().listen(join(living, 's'))
    await once(server, 'listening')
    await leaveDead(join(dead, 's'))
    for (const one of [living, dead, empty]) await removeIfDead(one)
    assert.deepEqual([living, dead, empty].map(existsSync), [true, false, false])
    server.close()
    await once(server, 'close')
    await removeIfDead(living)
  })

  it('comes to its name although its directory is swept all the while', async () => {
    const listening = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
       import(workerData.transport).then(async ({ UnixSocketTransport }) => {
         const transport = new UnixSocketTransport(workerData.directory)
         for (let round = 0; round < 300; round++) await (await transport.listen(workerData.address)).close()
         parentPort.postMessage('done')
       })`,
      {
        eval: true,
        workerData: {
          transport: new URL('../../../../dist/native/unix-socket/transport.js', import.meta.url).href,
          directory,
          address: ADDRESS,
        },
      },
    )
    let isDone = false
    const done = once(listening, 'message').finally(() => (isDone = true))
    while (!isDone) {
      for (const name of await readdir(directory)) if (name.startsWith('.')) await removeIfDead(join(directory, name))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(await done, ['done'])
    await listening.terminate()
    assert.deepEqual(await readdir(directory), [])
  })

  it('a file that is no socket stays, and so does a link', async () => {
    await writeFile(path, 'precious')
    assert.equal((await rejection<Coded>(transport.listen(ADDRESS))).code, 'EEXIST')
    assert.equal(await readFile(path, 'utf8'), 'precious')
    await rename(path, `${path}.kept`)
    await symlink(`${path}.kept`, path)
    assert.equal((await rejection<Coded>(transport.listen(ADDRESS))).code, 'EEXIST')
    assert.equal(await readFile(path, 'utf8'), 'precious')
  })

  it('stays when it has become a newer listener’s', async () => {
    const old = await transport.listen(ADDRESS)
    await rm(path)
    const other = new UnixSocketTransport(directory)
    const newer = await other.listen(ADDRESS)
    await old.close()
    const accepted = newer.accept()
    ;(await other.dial(ADDRESS)).destroy()
    ;(await accepted).destroy()
    await other.close()
    assert.deepEqual(await readdir(directory), [])
  })

  it('cannot be made where the directory refuses it, and leaves nothing', async function () {
    // Nothing is refused to root.
    if (process.getuid?.() === 0) return this.skip()
    await chmod(directory, 0o500)
    assert.equal((await rejection<Coded>(transport.listen(ADDRESS))).code, 'EACCES')
    await chmod(directory, 0o700)
    assert.deepEqual(await readdir(directory), [])
  })

  it('a directory that is gone is told as such', async () => {
    await rm(directory, { recursive: true })
    assert.equal((await rejection<Coded>(transport.listen(ADDRESS))).code, 'ENOENT')
    directory = await mkdtemp('/tmp/sf-')
  })
})
