// Where a Host keeps its journal: private, its own, and nothing of anybody's secrets in it.

import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Host, InvalidConfigError, InvalidStateError, type HostOptions } from '#dist/index.js'
import { nameHolder } from '#dist/native/service-process/lock.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { linux } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'

describe('the directory of a journal', function () {
  let temporary: TemporaryDirectory
  let directory: string
  const hosts: Host[] = []

  beforeEach(async () => {
    temporary = await temporaryDirectory()
    directory = join(temporary.path, 'journal')
  })
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()))
    await temporary.remove()
  })

  async function open(options: HostOptions = {}): Promise<Host> {
    const host = await Host.open({ provider: 'simulated', threads: 1, journal: directory, ...options })
    hosts.push(host)
    return host
  }

  for (const mask of [0, 0o777]) {
    it(`is private, and so are its files, under the umask ${mask.toString(8)}`, async function () {
      if (process.platform === 'win32') this.skip()
      const before = process.umask(mask)
      try {
        const host = await open()
        await host.createVM('a', linux())
      } finally {
        process.umask(before)
      }
      assert.equal((await stat(directory)).mode & 0o777, 0o700)
      assert.equal((await stat(join(directory, 'journal'))).mode & 0o777, 0o600)
    })
  }

  it('is one Host’s at a time, also within a program, and free once that is closed', async () => {
    const first = await open()
    const error = await rejectsWith(open(), InvalidStateError)
    assert.equal(error.state, 'journal-held')
    assert.match(error.message, /held by another Host of this process/)
    await first.close()
    await open()
  })

  it('where the system has no locks: a holder that lives keeps it, one that is dead does not', async () => {
    const path = join(temporary.path, 'lock')
    const lock = nameHolder(path, { pid: process.pid, startTime: '' })
    assert.notEqual(lock, undefined)
    assert.equal(nameHolder(path, { pid: process.pid, startTime: '' }), undefined)
    lock!.release()
    await writeFile(path, JSON.stringify({ pid: process.pid, startTime: 'long ago' }))
    if (process.platform === 'linux') assert.notEqual(nameHolder(path, { pid: process.pid, startTime: '' }), undefined)
    await writeFile(path, 'half')
    assert.notEqual(nameHolder(path, { pid: process.pid, startTime: '' }), undefined)
  })

  const unfit: [what: string, make: () => Promise<unknown>, said: RegExp][] = [
    ['a link', () => symlink(temporary.path, directory), /it is a link/],
    ['a file', () => writeFile(directory, ''), /it is no directory/],
    [
      'one that others may enter',
      async () => {
        await mkdir(directory)
        await chmod(directory, 0o750)
      },
      /others may enter it \(mode 750\); chmod 700 would help/,
    ],
    [
      'one that holds something else',
      async () => {
        await mkdir(directory, { mode: 0o700 })
        await writeFile(join(directory, 'journal'), 'dear diary\n')
      },
      /it holds something that is no journal/,
    ],
    [
      'that of a newer version',
      async () => {
        await mkdir(directory, { mode: 0o700 })
        await writeFile(join(directory, 'journal'), 'uvm-actors journal 7\n')
      },
      /it is of the format 7, and this version of the package knows 1/,
    ],
  ]
  for (const [what, make, said] of unfit) {
    it(`${what} is refused, and nothing is opened`, async () => {
      await make()
      const error = await rejectsWith(open(), InvalidConfigError)
      assert.equal(error.path, 'journal')
      assert.match(error.message, said)
      // Nothing is held either.
      if (what.startsWith('one that holds')) {
        await writeFile(join(directory, 'journal'), '')
        await open()
      }
    })
  }

  it('damaged records are told by a warning, and the rest is there', async () => {
    const first = await open()
    await first.createVM('a', linux())
    const text = await readFile(join(directory, 'journal'), 'utf8')
    await first.close()
    const [title, record] = text.split('\n')
    await writeFile(join(directory, 'journal'), `${title}\n${record!.replace('"vm"', '"vn"')}\n`)
    const host = await open()
    const warning = await new Promise<Error>((resolve) => host.once('warning', resolve))
    assert.match(warning.message, /1 records of the journal were damaged/)
  })

  it('keeps no environment, no arguments and no credentials', async () => {
    const host = await open()
    const vm = await host.createVM('a', linux())
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    const running = await guest.createProcess({
      CommandLine: 'sh -c "echo s3cret-argument; sleep 1000"',
      Environment: { TOKEN: 's3cret-value' },
    })
    const text = await readFile(join(directory, 'journal'), 'utf8')
    assert.match(text, new RegExp(`"pid":${running.pid}\\b`))
    assert.equal(text.includes('s3cret'), false)
    assert.equal(text.includes('TOKEN'), false)
  })
})
