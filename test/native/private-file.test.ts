// Files that only their user may read, in both forms.

import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivateFile, writePrivateFileSync } from '#dist/native/private-file.js'

type Write = (path: string, content: Uint8Array) => Promise<void>

const FORMS: Readonly<Record<string, Write>> = {
  'at once': async (path, content) => writePrivateFileSync(path, content),
  'in the background': writePrivateFile,
}

for (const [form, write] of Object.entries(FORMS)) {
  describe(`a private file, written ${form}`, () => {
    let directory: string
    let umask: number
    const at = (name: string): string => join(directory, name)
    const content = Buffer.from('new')
    const codeOf = (path: string): Promise<string | undefined> =>
      write(path, content).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      )

    beforeEach(async () => {
      directory = await mkdtemp('/tmp/pf-')
      umask = process.umask(0)
    })
    afterEach(async () => {
      process.umask(umask)
      await rm(directory, { recursive: true })
    })

    it('is its user’s alone, new or old', async () => {
      await writeFile(at('old'), 'old', { mode: 0o666 })
      for (const name of ['old', 'new']) {
        await write(at(name), content)
        assert.equal((await lstat(at(name))).mode & 0o777, 0o600)
        assert.equal(await readFile(at(name), 'utf8'), 'new')
      }
      assert.deepEqual((await readdir(directory)).sort(), ['new', 'old'])
    })

    it('is no link’s target, whether that exists or not, and no directory', async () => {
      await writeFile(at('victim'), 'precious')
      await symlink(at('victim'), at('link'))
      await symlink(at('nowhere'), at('dangling'))
      await mkdir(at('directory'))
      assert.deepEqual(
        [await codeOf(at('link')), await codeOf(at('dangling')), await codeOf(at('directory'))],
        ['ELOOP', 'ELOOP', 'EEXIST'],
      )
      assert.equal(await readFile(at('victim'), 'utf8'), 'precious')
      assert.deepEqual((await readdir(directory)).sort(), ['dangling', 'directory', 'link', 'victim'])
    })

    it('that cannot be made leaves nothing', async () => {
      assert.equal(await codeOf(at('no/such')), 'ENOENT')
      assert.deepEqual(await readdir(directory), [])
    })
  })
}
