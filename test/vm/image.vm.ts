// The guest image and the daemon, built as a user builds them (or found in the cache), and looked into. What a booted guest makes of them
// is the other tests' of this folder.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ImageError } from '#dist/index.js'
import { buildImage, buildVsockDaemon, openImage, type GuestImage } from '#image/index.js'
import { readArchive } from '#image/cpio.js'
import { moduleInfo, neededLibraries } from '#image/elf.js'
import { describeFile } from '#image/manifest.js'
import { BOOT_MODULES, DEMAND_MODULES } from '#image/recipe.js'

const execute = promisify(execFile)
const CRATE = fileURLToPath(new URL('../../../packages/image/guest/vsock/Cargo.toml', import.meta.url))
const TARGET = fileURLToPath(new URL('../../../build/vsock', import.meta.url))

/** What is built, or undefined with the reason said when this machine lacks a tool: no failure of the code. */
async function built<T>(building: Promise<T>, lacks: (reason: string) => void): Promise<T | undefined> {
  return building.catch((error: unknown) => {
    if (
      !(error instanceof ImageError) ||
      !/^(no-go|no-compiler|no-cargo|no-tool|index-unreachable)$/.test(error.reason)
    )
      throw error
    lacks(error.message)
    return undefined
  })
}

describe('the guest image', () => {
  let image: GuestImage
  const files = new Map<string, { mode: number; bytes: Buffer }>()
  before(async function () {
    const made = await built(buildImage(), (why) => console.log(`skipped: ${why}`))
    if (made === undefined) return this.skip()
    image = made
    for (const { path, mode, bytes } of readArchive(await readFile(image.initrd)))
      files.set(`/${path}`, { mode, bytes })
  })

  const content = (path: string): Buffer => files.get(path)?.bytes ?? assert.fail(`the image has no ${path}`)

  it('is what its manifest says, and is found again', async () => {
    const { manifest } = await openImage(image.directory)
    for (const [name, described] of Object.entries(manifest.files)) {
      assert.deepEqual(await describeFile(`${image.directory}/${name}`), described)
    }
    const lines: string[] = []
    const again = await buildImage({ onProgress: (line) => lines.push(line) })
    assert.equal(again.directory, image.directory)
    assert.deepEqual(lines, [`the image is there: ${image.directory}`])
  })

  it('has programs that need nothing that is not in it: init and the agent are static', () => {
    for (const path of ['/init', '/bin/gcs', '/bin/busybox']) assert.deepEqual(neededLibraries(content(path)), [], path)
    for (const path of ['/init', '/bin/gcs', '/bin/busybox', '/usr/bin/runc', '/sbin/mkfs.ext4']) {
      assert.equal(files.get(path)!.mode & 0o777, 0o755, path)
      for (const library of neededLibraries(content(path))) {
        content(library.startsWith('/') ? library : `/lib/x86_64-linux-gnu/${library}`)
      }
    }
    for (const path of ['/bin/sh', '/sbin/modprobe', '/sbin/udhcpc'])
      assert.equal(String(content(path)), '/bin/busybox')
  })

  it('has the modules that a boot needs, in an order in which each finds what it needs', () => {
    const loaded = new Set<string>()
    for (const path of String(content('/lib/modules/boot')).trim().split('\n')) {
      const info = moduleInfo(content(path))
      for (const needed of (info.get('depends')?.[0] ?? '').split(',').filter(Boolean)) {
        assert(loaded.has(needed.replaceAll('-', '_')), `${path} before ${needed}`)
      }
      loaded.add((info.get('name')?.[0] ?? path).replaceAll('-', '_'))
    }
    assert.deepEqual(
      BOOT_MODULES.filter((name) => !loaded.has(name)),
      [],
    )
    const aliases = String(content(`/lib/modules/${image.manifest.kernel.release}/modules.alias`))
    for (const alias of ['fs-ext4 ext4', 'fs-overlay overlay', 'fs-9p 9p'])
      assert.match(aliases, new RegExp(`^alias ${alias}$`, 'm'))
    const names = new Set(
      [...files.keys()].map((path) => path.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_')),
    )
    assert.deepEqual(
      DEMAND_MODULES.filter((name) => !names.has(name)),
      [],
    )
  })

  it('tells version, licence and source of every part', () => {
    const { parts, agent, kernel } = image.manifest
    for (const part of parts) {
      assert(part.version !== '' && part.source !== '', part.name)
      assert(part.licences.length > 0, `${part.name} has no licence`)
    }
    const names = parts.map(({ name }) => name)
    for (const name of ['busybox-static', 'runc', 'libc6', 'init', agent.module + '/cmd/gcs'])
      assert(names.includes(name), name)
    assert(names.some((name) => name === `linux-image-${kernel.release}`))
  })
})

describe('the daemon for vsock', () => {
  it('is built once, and tells who it is', async function () {
    const daemon = await built(buildVsockDaemon(), (why) => console.log(`skipped: ${why}`))
    if (daemon === undefined) return this.skip()
    assert.match((await execute(daemon, ['--version'])).stdout, /^uvm-vsock \d/)
    await assert.rejects(
      execute(daemon, ['--guest-cid', '2', '--socket', '/s', '--uds-path', '/u']),
      /usage: uvm-vsock/,
    )
    assert.equal(await buildVsockDaemon({ onProgress: assert.fail }), daemon)
  })

  it('passes its own tests', async function () {
    const cargo = await execute('cargo', ['--version']).catch(() => undefined)
    if (cargo === undefined) return this.skip()
    const { stdout } = await execute('cargo', ['test', '--locked', '--manifest-path', CRATE, '--target-dir', TARGET])
    assert.match(stdout, /test result: ok\. [1-9]\d* passed; 0 failed/)
  })
})
