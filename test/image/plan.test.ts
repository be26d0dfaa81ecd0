// What goes into an image, and by which key it is known again.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ImageError, InvalidConfigError } from '#dist/index.js'
import { goVersion, licenceName, moduleVersion } from '#image/agent.js'
import { cacheRoot, contentKey } from '#image/cache.js'
import { findKernel, licencesIn, readPackage } from '#image/debian.js'
import { checkMachine, checkOptions } from '#image/options.js'
import { imageKey, packageNames, planImage } from '#image/plan.js'
import { rejectsWith } from '../support/expect.js'
import { put, temporary, tool } from './support.js'

const SHOW = `Package: runc
Source: runc (1.1.5+ds1-1)
Version: 1.1.5+ds1-1+deb12u1
Depends: libc6 (>= 2.34), libseccomp2
Size: 2709600
SHA256: aa11
Description: a runtime
 Version: not this one
`

/** An index that knows a kernel and every package by the same version. */
const INDEX = `for name; do :; done
case "$name" in
linux-image-amd64) printf 'Package: %s\\nVersion: 6.1.9\\nSHA256: 1\\nDepends: linux-image-6.1.0-9-amd64 (= 6.1.9)\\n' "$name" ;;
lost) echo 'E: No packages found' >&2; exit 100 ;;
*) printf 'Package: %s\\nVersion: 7\\nSHA256: 2\\n' "$name" ;;
esac`

describe('the plan of a guest image', () => {
  const root = temporary()
  let apt: { get: string; cache: string; deb: string }
  before(async () => {
    apt = { get: '/none', deb: '/none', cache: await tool(root(), 'apt-cache', INDEX) }
  })

  it('reads a package of the index: version, source and checksum', () => {
    const { depends, ...found } = readPackage('runc', SHOW)
    assert.deepEqual(found, {
      name: 'runc',
      version: '1.1.5+ds1-1+deb12u1',
      source: 'runc',
      sha256: 'aa11',
      bytes: 2709600,
    })
    assert.match(depends, /libseccomp2/)
    assert.throws(
      () => readPackage('crun', SHOW),
      /the package index of this machine does not have crun; run: apt-get update/,
    )
  })

  it('takes the kernel that the newest is, and says what to do when the index has none', async () => {
    const kernel = await findKernel(apt, 'linux-image-amd64')
    assert.equal(kernel.name, 'linux-image-6.1.0-9-amd64')
    for (const [name, pattern] of [
      ['lost', /No packages found; run: apt-get update/],
      ['bare', /does not have bare with a kernel/],
    ] as const) {
      const error = await rejectsWith(findKernel(apt, name), ImageError)
      assert.equal(error.reason, 'index-unreachable')
      assert.match(error.message, pattern)
    }
  })

  it('is the same for the same parts, and another for every part that changes', async () => {
    const options = await checkOptions({ cacheDirectory: root() })
    const guest = join(root(), 'guest')
    const agent = await put(
      join(guest, 'agent/go.mod'),
      'module x\nrequire github.com/Microsoft/hcsshim v0.14.1 // indirect\n',
    )
    const init = await put(join(guest, 'init/main.c'), 'int main;')
    const plan = await planImage(options, apt, guest)
    assert.equal(plan.agentVersion, 'v0.14.1')
    assert.deepEqual(await planImage(options, apt, guest), plan)
    await put(init, 'int main ;')
    const keys = new Set([plan.key, (await planImage(options, apt, guest)).key])
    await put(agent, 'module x\nrequire github.com/Microsoft/hcsshim v0.14.2 // indirect\n')
    keys.add((await planImage(options, apt, guest)).key)
    await tool(root(), 'apt-cache', INDEX.replace('Version: 7', 'Version: 8'))
    keys.add((await planImage(options, apt, guest)).key)
    assert.equal(keys.size, 4)
  })

  it('does not care in which order the index tells of packages', () => {
    const [a, b] = [
      { name: 'a', version: '1', sha256: 'x' },
      { name: 'b', version: '2', sha256: 'y' },
    ] as const
    const key = (packages: { name: string; version: string; sha256: string }[]): string =>
      imageKey({ packages, sources: [], marks: [] })
    assert.equal(key([a, b]), key([b, a]))
    assert.notEqual(key([a]), key([a, b]))
    assert.notEqual(contentKey({ a: 'bc', d: '' }), contentKey({ a: 'b', cd: '' }))
  })

  it('asks the index for nothing that was given by path', () => {
    assert(!packageNames({ packages: true, busybox: '/b' }).includes('busybox-static'))
    assert(packageNames({ packages: true, busybox: '/b' }).includes('runc'))
    assert.deepEqual(packageNames({ packages: false }), [])
  })

  it('names licences shortly, or the common ones that a text leads to', () => {
    assert.deepEqual(licencesIn('License: GPL-2+\n text\nLicense: MIT\nLicense: GPL-2+\n'), ['GPL-2+', 'MIT'])
    assert.deepEqual(
      licencesIn(`License: ${'This is free software '.repeat(3)}\nsee /usr/share/common-licenses/GPL-2.\n`),
      ['GPL-2'],
    )
    assert.equal(licenceName('Apache License\n   Version 2.0, January 2004'), 'Apache-2.0')
    assert.equal(licenceName('Permission is hereby granted, free of charge, to'), 'MIT')
    assert.equal(licenceName('all rights'), 'see the module')
  })

  it('reads the versions that the agent’s module asks for', () => {
    assert.deepEqual(goVersion('module x\n\ngo 1.24.1\n'), [1, 24])
    assert.equal(moduleVersion('require (\n\tgithub.com/a/b v1.2.3 // indirect\n)', 'github.com/a/b'), 'v1.2.3')
    assert.throws(() => moduleVersion('module x\n', 'github.com/a/b'), { code: 'UVM_IMAGE', reason: 'no-agent' })
  })

  it('keeps images in the user’s cache, by the rules for it', () => {
    assert.equal(cacheRoot({ XDG_CACHE_HOME: '/c', HOME: '/h' }), '/c/uvm-actors')
    assert.equal(cacheRoot({ XDG_CACHE_HOME: 'relative', HOME: '/h' }), '/h/.cache/uvm-actors')
  })
})

describe('options of a guest image', () => {
  const root = temporary()

  it('are refused before anything is done: what is wrong is named', async () => {
    const file = await put(join(root(), 'file'), '')
    const cases: [object, RegExp][] = [
      [{ kernel: 'vmlinuz', modules: root() }, /kernel: expected an absolute path/],
      [{ kernel: join(root(), 'none'), modules: root() }, /kernel: there is no /],
      [{ kernel: root(), modules: root() }, /kernel: .* is a directory/],
      [{ kernel: file, modules: file }, /modules: .* is no directory/],
      [{ kernel: file }, /modules: a kernel and its modules are given together/],
      [{ modules: root() }, /kernel: a kernel and its modules are given together/],
      [{ cacheDirectory: 5 }, /cacheDirectory: expected an absolute path/],
    ]
    for (const [options, pattern] of cases) {
      assert.match((await rejectsWith(checkOptions(options), InvalidConfigError)).message, pattern)
    }
  })

  it('know only Linux on x86-64', () => {
    checkMachine('linux', 'x64')
    assert.throws(() => checkMachine('linux', 'arm64'), /x86-64, and this is linux on arm64/)
    assert.throws(() => checkMachine('win32', 'x64'), { reason: 'wrong-version' })
  })
})
