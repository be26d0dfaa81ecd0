// What was built is kept whole or not at all.

import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from '#dist/index.js'
import { forget, kept } from '#image/cache.js'
import { rejection, rejectsWith } from '../support/expect.js'
import { put, temporary } from './support.js'

const make = (text: string) => (directory: string) => writeFile(join(directory, 'file'), text)

describe('the cache of images', () => {
  const root = temporary()

  it('builds once, and gives the same from then on', async () => {
    const first = await kept(root(), 'key1', make('one'))
    const second = await kept(root(), 'key1', () => assert.fail('built again'))
    assert.deepEqual([first.fresh, second.fresh], [true, false])
    assert.equal(first.directory, second.directory)
    assert.equal(await readFile(join(second.directory, 'file'), 'utf8'), 'one')
  })

  it('lets two builds of the same run at once: both have it whole', async () => {
    let both: () => void
    const met = new Promise<void>((resolve) => (both = resolve))
    let begun = 0
    const slow = async (directory: string): Promise<void> => {
      if (++begun === 2) both()
      await met
      await make('two')(directory)
    }
    const made = await Promise.all([kept(root(), 'key2', slow), kept(root(), 'key2', slow)])
    assert.equal(made.filter(({ fresh }) => fresh).length, 1)
    assert.equal(await readFile(join(made[1].directory, 'file'), 'utf8'), 'two')
    assert.deepEqual(
      (await readdir(root())).filter((name) => name.startsWith('.')),
      [],
    )
  })

  it('keeps nothing of a build that fails, and tells its own reason', async () => {
    const why = new ImageError({ reason: 'no-go', what: 'no Go' })
    assert.equal(await rejection(kept(root(), 'key3', () => Promise.reject(why))), why)
    assert(!(await readdir(root())).some((name) => name.includes('key3')))
  })

  it('tells a full disk, and any other failure of the disk, as what it is', async () => {
    for (const [code, reason] of [
      ['ENOSPC', 'no-space'],
      ['EDQUOT', 'no-space'],
      ['EACCES', 'tool-failed'],
    ] as const) {
      const failing = kept(root(), 'key4', () =>
        Promise.reject(Object.assign(new Error(`${code}: so it is`), { code })),
      )
      const error = await rejectsWith(failing, ImageError)
      assert.equal(error.reason, reason)
      assert.match(error.message, new RegExp(code))
    }
    const file = await put(join(root(), 'plain'), '')
    const error = await rejectsWith(kept(join(file, 'below'), 'key5', make('x')), ImageError)
    assert.match(error.message, /ENOTDIR/)
  })

  it('forgets: the next build makes it again', async () => {
    const { directory } = await kept(root(), 'key6', make('old'))
    await forget(directory)
    await forget(directory)
    assert.equal((await kept(root(), 'key6', make('new'))).fresh, true)
    assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'new')
    assert.deepEqual(
      (await readdir(root())).filter((name) => name.startsWith('.')),
      [],
    )
  })
})
