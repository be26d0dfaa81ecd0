// Kernel modules and programs: what they need is read from themselves.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ImageError } from '#dist/index.js'
import { moduleInfo, neededLibraries } from '#image/elf.js'
import { moduleName, modprobeLists, readTree, withDependencies } from '#image/modules.js'
import { librariesOf } from '#image/programs.js'
import { rejectsWith } from '../support/expect.js'
import { elf, kernelModule, program, put, temporary } from './support.js'

describe('kernel modules of a guest image', () => {
  const root = temporary()
  let directory: string
  before(async () => {
    directory = join(root(), 'lib/modules/6.1.0-x')
    await put(join(directory, 'kernel/net/vsock.ko'), kernelModule('name=vsock', 'alias=net-pf-40'))
    await put(
      join(directory, 'kernel/net/virtio-vsock.ko'),
      kernelModule('depends=vsock,virtio_ring', 'alias=virtio:d00000013v*'),
    )
    await put(join(directory, 'kernel/drivers/virtio_ring.ko'), kernelModule('depends='))
    await put(
      join(directory, 'kernel/fs/ext4.ko'),
      kernelModule('depends=jbd2,crc16', 'softdep=pre: crc32c', 'alias=fs-ext4'),
    )
    await put(join(directory, 'kernel/fs/jbd2.ko'), kernelModule('depends=crc16'))
    await put(join(directory, 'kernel/lib/crc32c.ko'), kernelModule('license=GPL'))
    await put(join(directory, 'kernel/fs/xfs.ko.xz'), 'xz')
    await put(join(directory, 'kernel/fs/bad.ko'), elf([]))
    await put(join(directory, 'modules.builtin'), 'kernel/lib/crc16.ko\n')
  })

  it('come each after what they need, once; what is built in is none, what is wished for is taken when it is there', async () => {
    const tree = await readTree(directory)
    assert.equal(tree.release, '6.1.0-x')
    const found = await withDependencies(tree, ['virtio-vsock', 'ext4', 'vsock', 'crc16'].map(moduleName))
    const order = found.map(({ name }) => name)
    assert.deepEqual(order, ['vsock', 'virtio_ring', 'virtio_vsock', 'jbd2', 'crc32c', 'ext4'])
  })

  it('are listed for modprobe: by what they need and by all their names', async () => {
    const { dep, alias } = modprobeLists(await withDependencies(await readTree(directory), ['virtio_vsock']))
    assert.equal(
      dep,
      'kernel/net/vsock.ko:\nkernel/drivers/virtio_ring.ko:\n' +
        'kernel/net/virtio-vsock.ko: kernel/net/vsock.ko kernel/drivers/virtio_ring.ko\n',
    )
    assert.equal(alias, 'alias net-pf-40 vsock\nalias virtio:d00000013v* virtio_vsock\n')
  })

  it('are refused, by reason, when they are missing, compressed or none', async () => {
    const tree = await readTree(directory)
    const refused = async (name: string): Promise<ImageError> => rejectsWith(withDependencies(tree, [name]), ImageError)
    assert.match((await refused('nosuch')).message, /the kernel has no module nosuch in 6\.1\.0-x/)
    const compressed = await refused('xfs')
    assert.equal(compressed.reason, 'wrong-version')
    assert.match(compressed.message, /xfs\.ko\.xz is compressed; unpack the modules first/)
    await assert.rejects(withDependencies(tree, ['bad']), /no \.modinfo/)
    assert.equal((await rejectsWith(readTree(join(root(), 'none')), ImageError)).reason, 'no-image')
  })

  it('say several things under one name', () => {
    const info = moduleInfo(kernelModule('alias=a', 'alias=b', 'license=GPL', 'odd'))
    assert.deepEqual(
      [...info],
      [
        ['alias', ['a', 'b']],
        ['license', ['GPL']],
      ],
    )
  })

  it('are read within their bytes: a header that lies is an error', () => {
    const bytes = kernelModule('alias=a')
    for (const at of [40, 60]) {
      const lying = Buffer.from(bytes)
      lying.writeUInt16LE(0xffff, at)
      assert.throws(() => moduleInfo(lying), RangeError)
    }
    assert.throws(
      () => moduleInfo(Buffer.from('no ELF file at all, but long enough to be one: more than 64 bytes.')),
      RangeError,
    )
  })
})

describe('programs of a guest image', () => {
  const root = temporary()

  it('bring the libraries that they and those need, from the packages, and the loader by its path', async () => {
    await put(join(root(), 'libc6/lib64/ld.so'), program([]))
    await put(join(root(), 'libc6/lib/x86_64-linux-gnu/libc.so.6'), program(['ld.so']))
    await put(join(root(), 'other/usr/lib/x86_64-linux-gnu/libx.so.1'), program(['libc.so.6']))
    const runc = await put(join(root(), 'runc'), program(['libx.so.1', 'libc.so.6'], '/lib64/ld.so'))
    const found = await librariesOf(runc, [join(root(), 'libc6'), join(root(), 'other')])
    const names = [
      '/lib64/ld.so',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib/x86_64-linux-gnu/libx.so.1',
      '/lib/x86_64-linux-gnu/ld.so',
    ]
    assert.deepEqual([...found.keys()].sort(), names.sort())
  })

  it('are refused when none of the packages has a library, before a guest finds out', async () => {
    const lost = await put(join(root(), 'lost'), program(['libnone.so.9']))
    const error = await rejectsWith(librariesOf(lost, [join(root(), 'libc6')]), ImageError)
    assert.equal(error.reason, 'wrong-version')
    assert.match(error.message, /lost needs libnone\.so\.9/)
  })

  it('that are static need nothing', () => {
    assert.deepEqual(neededLibraries(elf([])), [])
  })
})
