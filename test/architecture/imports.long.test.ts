// The whole repository, read for imports that go the wrong way: seconds, which `npm run check` takes too.

import assert from 'node:assert/strict'

const { badImports } = (await import(new URL('../../../scripts/imports.js', import.meta.url).href)) as {
  badImports(): Promise<string[]>
}

describe('the layers', () => {
  it('hold: no import goes the wrong way, none in a cycle', async () => {
    assert.deepEqual(await badImports(), [])
  })
})
