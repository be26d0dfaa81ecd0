// An image is looked at before it is used.

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from '#dist/index.js'
import { describeFile, openImage, type ImageManifest } from '#image/manifest.js'
import { rejectsWith } from '../support/expect.js'
import { put, temporary } from './support.js'

describe('an image on this machine', () => {
  const root = temporary()
  let manifest: ImageManifest
  before(async () => {
    const vmlinuz = await describeFile(await put(join(root(), 'vmlinuz'), 'kernel'))
    const initrd = await describeFile(await put(join(root(), 'initrd.img'), 'first file system'))
    manifest = {
      format: 1,
      key: 'k',
      architecture: 'x86-64',
      kernel: { release: '6.1.0-x', version: '6.1.9' },
      agent: { module: 'github.com/Microsoft/hcsshim', version: 'v0.14.1', path: '/bin/gcs', cgroup: 'v1' },
      files: { vmlinuz, 'initrd.img': initrd },
      parts: [],
    }
  })

  const opened = async (change: object): ReturnType<typeof openImage> => {
    await put(join(root(), 'manifest.json'), JSON.stringify({ ...manifest, ...change }))
    return openImage(root())
  }

  it('is opened with what it says of itself', async () => {
    const image = await opened({})
    assert.deepEqual(image.manifest, manifest)
    assert.equal(image.initrd, join(root(), 'initrd.img'))
  })

  it('is refused, by reason: without an agent, of another form or machine, not whole', async () => {
    for (const [change, reason, pattern] of [
      [{ agent: undefined }, 'no-agent', /has no guest agent; build it again/],
      [{ agent: { version: 'v1', path: '/bin/other' } }, 'no-agent', /has no guest agent/],
      [{ format: 2 }, 'wrong-version', /has the form 2, and this version reads 1/],
      [{ architecture: 'arm64' }, 'wrong-version', /only x86-64/],
      [{ files: { vmlinuz: { bytes: 6, sha256: '' } } }, 'no-image', /does not tell of its initrd\.img/],
      [{ files: { ...manifest.files, vmlinuz: { bytes: 7, sha256: '' } } }, 'no-image', /vmlinuz has 6 bytes, not 7/],
      [{ parts: 'all' }, 'no-image', /does not tell its parts/],
    ] as const) {
      const error = await rejectsWith(opened(change), ImageError)
      assert.equal(error.reason, reason)
      assert.match(error.message, pattern)
      assert.equal(error.op, 'image.open')
    }
    await put(join(root(), 'manifest.json'), '{')
    assert.equal((await rejectsWith(openImage(root()), ImageError)).reason, 'no-image')
    await rm(join(root(), 'initrd.img'))
    assert.match((await rejectsWith(opened({}), ImageError)).message, /initrd\.img has no bytes/)
  })
})
