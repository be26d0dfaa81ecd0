// The archive of the first file system.

import assert from 'node:assert/strict'
import { archive, readArchive, type ArchiveEntry } from '#image/cpio.js'

const ENTRIES: ArchiveEntry[] = [
  { path: '/lib/modules/1/a.ko', kind: 'file', bytes: Buffer.from('abc') },
  { path: '/bin/sh', kind: 'link', target: '/bin/busybox' },
  { path: '/init', kind: 'file', bytes: Buffer.from('#!'), mode: 0o755 },
  { path: '/run', kind: 'directory', mode: 0o700 },
]
const packed = (entries: ArchiveEntry[]): Buffer => Buffer.concat([...archive(entries)])

describe('the first file system of a guest', () => {
  it('has every entry, and the directories on the way to each', () => {
    const read = [...readArchive(packed(ENTRIES))].map(({ path, mode, bytes }) => [
      path,
      mode.toString(8),
      bytes.toString(),
    ])
    assert.deepEqual(read, [
      ['bin', '40755', ''],
      ['bin/sh', '120777', '/bin/busybox'],
      ['init', '100755', '#!'],
      ['lib', '40755', ''],
      ['lib/modules', '40755', ''],
      ['lib/modules/1', '40755', ''],
      ['lib/modules/1/a.ko', '100644', 'abc'],
      ['run', '40700', ''],
    ])
  })

  it('is the same whatever the order of its entries: its key can be trusted', () => {
    assert.deepEqual(packed([...ENTRIES].reverse()), packed(ENTRIES))
  })

  it('keeps every entry at a multiple of four bytes, as the kernel reads it', () => {
    const bytes = packed(ENTRIES)
    for (let at = bytes.indexOf('070701'); at >= 0; at = bytes.indexOf('070701', at + 1)) assert.equal(at % 4, 0)
  })

  it('is refused when it is cut off or damaged', () => {
    const bytes = packed(ENTRIES)
    for (const end of [300, bytes.length - 130])
      assert.throws(() => [...readArchive(bytes.subarray(0, end))], RangeError)
    bytes[0] = 0
    assert.throws(() => [...readArchive(bytes)], /no entry at byte 0/)
  })
})
