// Saves onto a disk that gets full: refused with its code, nothing is left of them, and the VM goes on.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { Host, type QemuService, type UtilityVM } from '#dist/index.js'
import { refused } from '../../support/expect.js'
import { assertNothingOpen } from '../../support/host.js'
import { bare, qemuDirectory, qemuMissing, type QemuDirectory } from '../../support/qemu.js'
import { output, useGuests } from '../../support/qemu-guests.js'

const DISK_FULL = 0x8007_0070
const MIB = 1024 * 1024
const BLOCK = 4096
/** Processor time in which firmware gets to its end, in units of 100 ns. */
const WORKED_100NS = 5_000_000

const missing = qemuMissing()
const suite = missing === undefined ? describe : describe.skip

/** A file system of a few megabytes; a string says why there is none. */
async function smallDisk(): Promise<{ path: string; remove: () => Promise<void> } | string> {
  if (process.getuid?.() !== 0) return 'a file system can be mounted by root alone'
  const path = await mkdtemp('/tmp/d-')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', path], { stdio: 'pipe' })
  } catch (error) {
    await rm(path, { recursive: true })
    return `a file system cannot be mounted: ${(error as Error).message}`
  }
  return {
    path,
    remove: async () => {
      execFileSync('umount', [path])
      await rm(path, { recursive: true })
    },
  }
}

/** Fills a disk but for so many bytes. @returns the file that fills it */
async function fill(path: string, left: number): Promise<string> {
  const file = `${path}/filler`
  await writeFile(file, '')
  const { bavail, bsize } = await statfs(path)
  for (let rest = bavail * bsize - left; rest > 0; rest -= MIB)
    await appendFile(file, Buffer.alloc(Math.min(rest, MIB), 1))
  return file
}

/** QEMU is told the runtime id. */
async function processesOf(vm: UtilityVM): Promise<string[]> {
  const lines = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
  )
  return lines.filter((line) => line.includes('guest=') && line.includes(vm.runtimeId))
}

suite(`a disk that gets full${missing === undefined ? '' : `: ${missing}`}`, () => {
  let disk: Exclude<Awaited<ReturnType<typeof smallDisk>>, string>
  let directory: QemuDirectory
  let service: QemuService
  let host: Host
  const vms = new Set<UtilityVM>()

  before(async function () {
    const found = await smallDisk()
    if (typeof found === 'string') {
      console.log(`      no small disk: ${found}`)
      this.skip()
    }
    disk = found
    directory = await qemuDirectory({ stateDirectory: `${disk.path}/state` })
    service = await directory.connect()
    host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
  })
  afterEach(async () => {
    await Promise.all([...vms].map((vm) => vm.close()))
    vms.clear()
    if (host !== undefined) await assertNothingOpen(host)
  })
  after(async () => {
    await host?.close()
    await service?.close()
    await directory?.remove()
    await disk?.remove()
  })

  async function paused(id: string): Promise<UtilityVM> {
    const vm = await host.createVM(id, bare())
    vms.add(vm)
    await vm.start()
    // Its firmware has been at work in its memory.
    let worked = 0
    while (worked < WORKED_100NS) {
      const { Statistics: statistics } = await vm.propertiesV2(['Statistics'])
      worked = Number(statistics?.Processor?.TotalRuntime100ns)
    }
    await vm.pause()
    return vm
  }
  const filesOf = (vm: UtilityVM): Promise<string[]> => readdir(`${disk.path}/state/${vm.runtimeId}`)

  it('refuses a state of which nothing is left, and the VM goes on', async () => {
    const vm = await paused('plain')
    const filler = await fill(disk.path, 16 * BLOCK)
    const files = (await readdir(disk.path, { recursive: true })).sort()
    const error = await refused(vm.save({ SaveStateFilePath: `${disk.path}/saved` }), DISK_FULL)
    assert.match(error.message, /saved cannot be written/)
    assert.deepEqual((await readdir(disk.path, { recursive: true })).sort(), files)
    assert.equal((await vm.propertiesV2([])).State, 'Paused')
    await vm.resume()
    await vm.pause()
    await rm(filler)
    await vm.save({ SaveStateFilePath: `${disk.path}/saved` })
    await rm(`${disk.path}/saved`)
    await vm.terminate()
  })

  it('refuses a template whose state fits and whose memory does not, and the VM goes on', async () => {
    const first = await paused('first')
    await first.save({ SaveType: 'AsTemplate' })
    const own = `${disk.path}/state/${first.runtimeId}`
    const [state, ram] = [await stat(`${own}/template`), await stat(`${own}/ram`)]
    const [stateBytes, ramBytes] = [state.blocks * 512, ram.blocks * 512]
    assert(ramBytes > 16 * BLOCK, `the memory takes ${ramBytes} bytes`)
    await first.terminate()
    for (const left of [BLOCK, stateBytes + ramBytes / 2]) {
      const vm = await paused(`second-${left}`)
      const files = (await filesOf(vm)).sort()
      const filler = await fill(disk.path, left)
      await refused(vm.save({ SaveType: 'AsTemplate' }), DISK_FULL)
      assert.deepEqual((await filesOf(vm)).sort(), files)
      assert.equal((await vm.propertiesV2([])).State, 'Paused')
      assert.equal((await processesOf(vm)).length, 1)
      await rm(filler)
      await vm.resume()
      await vm.pause()
      await vm.save({ SaveType: 'AsTemplate' })
      assert.deepEqual(await processesOf(vm), [])
      await vm.terminate()
    }
  })
})

suite(`a guest on a disk that gets full${missing === undefined ? '' : `: ${missing}`}`, () => {
  const guests = useGuests()

  it('has its sockets back as soon as its save has failed, and dials again when it runs', async function () {
    const disk = await smallDisk()
    if (typeof disk === 'string') {
      console.log(`      no small disk: ${disk}`)
      this.skip()
    }
    try {
      await guests.clone('saved', async (vm, guest) => {
        const reconnected = new Promise<void>((resolve) => guest.once('reconnected', () => resolve()))
        const before = await guests.pidsOf(vm)
        await vm.pause()
        // Its memory is many times as large.
        await refused(vm.save({ SaveStateFilePath: `${disk.path}/saved` }), DISK_FULL)
        assert.deepEqual(await readdir(disk.path), [])
        const after = await guests.pidsOf(vm)
        assert.equal(after.qemu, before.qemu)
        assert.notEqual(after.daemon, before.daemon)
        await vm.resume()
        await reconnected
        assert.equal(await output(guest, 'cat /made-in'), 'template')
      })
    } finally {
      await disk.remove()
    }
  })
})
