// Calls on files that belong to no VM yet: access of all VMs, empty state files, what a saved state needs of its host.

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Host, HcsError, InvalidConfigError } from '#dist/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { linux } from '../support/documents.js'
import { rejection } from '../support/expect.js'

describe('files of VMs to come', () => {
  let directory: TemporaryDirectory
  let host: Host

  before(async () => {
    directory = await temporaryDirectory()
    host = await Host.open({ threads: 1 })
  })
  after(async () => {
    await host.close()
    await directory.remove()
  })

  it('an empty state file is made, private, and never over another', async function () {
    if (process.platform === 'win32') this.skip()
    for (const make of ['createEmptyGuestStateFile', 'createEmptyRuntimeStateFile'] as const) {
      const path = join(directory.path, make)
      await host[make](path)
      assert.equal((await readFile(path)).byteLength, 0)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      await writeFile(path, 'mine')
      const error = await rejection(host[make](path))
      assert(error instanceof HcsError)
      assert.equal(error.hresult, 0x80070050)
      assert.equal(await readFile(path, 'utf8'), 'mine')
    }
  })

  it('a path whose directory is missing is told with its code', async function () {
    if (process.platform === 'win32') this.skip()
    const error = await rejection(host.createEmptyGuestStateFile('/no/such/directory/f'))
    assert.equal(error['hresult'], 0x80070003)
  })

  it('access of all VMs is given and taken once', async () => {
    await host.grantVMGroupAccess('C:\\layers\\base.vhdx')
    await host.revokeVMGroupAccess('C:\\layers\\base.vhdx')
    const error = await rejection(host.revokeVMGroupAccess('C:\\layers\\base.vhdx'))
    assert.equal(error['hresult'], 0x80070490)
  })

  it('what a saved state needs is a document of the service’s', async () => {
    assert.deepEqual(JSON.parse(await host.processorCompatibility('C:\\vm.vmrs')), { ProcessorFeatures: [] })
  })

  it('the memory that a VM holds, by its runtime id', async () => {
    await using vm = await host.createVM('held', linux('quiet'))
    const bytes = await host.workingSet(vm.runtimeId.toUpperCase())
    assert.equal(typeof bytes === 'number' && bytes > 0 && bytes % (1024 * 1024) === 0, true)
    assert.equal(await host.workingSet('00000000-0000-0000-0000-000000000001'), undefined)
    const error = await rejection(host.workingSet('held'))
    assert.equal(error['path'], 'runtimeId')
  })

  it('refuses what is no path, before anything is asked', async () => {
    for (const path of ['', 'a\0b', 7, undefined]) {
      for (const method of [
        'grantVMGroupAccess',
        'revokeVMGroupAccess',
        'createEmptyGuestStateFile',
        'createEmptyRuntimeStateFile',
        'processorCompatibility',
      ] as const) {
        const error = await rejection(host[method](path as string))
        assert(error instanceof InvalidConfigError)
        assert.equal(error.path, 'path')
        assert.equal(error.op, `host.${method}`)
      }
    }
  })
})
