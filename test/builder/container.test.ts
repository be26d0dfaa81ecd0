// The document of a container around a specification.

import assert from 'node:assert/strict'
import { InvalidConfigError, lcowContainer, type schema } from '#dist/index.js'
import { LCOW_CONTAINER_OPTIONS } from '#dist/builder/container.js'

const SPEC: schema.OciSpec = {
  ociVersion: '1.1.0',
  process: { cwd: '/', user: { uid: 0, gid: 0 }, args: ['sh', '-c', 'exit 3'], env: ['PATH=/bin'] },
  root: { path: '/run/gcs/c/web/rootfs' },
  linux: { namespaces: [{ type: 'mount' }] },
}

describe('lcowContainer', () => {
  it('puts the specification into the document as it is', () => {
    const document = lcowContainer('/run/gcs/c/web', SPEC)
    assert.deepEqual(document, {
      SchemaVersion: { Major: 2, Minor: 1 },
      OciBundlePath: '/run/gcs/c/web',
      OciSpecification: SPEC,
      ScratchDirPath: '/run/gcs/c/web/scratch',
    })
    assert.equal(document.OciSpecification, SPEC)
    assert.equal(lcowContainer('/b', SPEC, { scratchPath: '/s' }).ScratchDirPath, '/s')
    assert.equal('ScratchDirPath' in lcowContainer('/b', SPEC, { namesScratch: false }), false)
  })

  it('refuses what is no path, no specification and no option', () => {
    for (const [call, path] of [
      [() => lcowContainer('web', SPEC), 'bundlePath'],
      [() => lcowContainer(undefined as never, SPEC), 'bundlePath'],
      [() => lcowContainer('/b', SPEC, { scratchPath: 's' }), 'scratchPath'],
      [() => lcowContainer('/b', undefined as never), 'spec'],
      [() => lcowContainer('/b', 'text' as never), 'spec'],
      [() => lcowContainer('/b', SPEC, { scratchPath: 1 as never }), 'scratchPath'],
      ...LCOW_CONTAINER_OPTIONS.names.map(
        (name) => [() => lcowContainer('/b', SPEC, { [`${name}x`]: 1 } as never), `${name}x`] as const,
      ),
    ] as [call: () => unknown, path: string][]) {
      assert.throws(call, (error) => error instanceof InvalidConfigError && error.path === path, path)
    }
  })
})
