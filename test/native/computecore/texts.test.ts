// Texts on their way through UTF-16 and back: ids, documents, paths.

import assert from 'node:assert/strict'
import { hcsError } from '#dist/native/hcs-error.js'
import { minimal } from '../../support/documents.js'
import { control, describeDouble, DOUBLE } from '../../support/double.js'
import { rejection } from '../../support/expect.js'
import { useHost } from '../../support/host.js'
import { useRig } from './rig.js'

const TEXTS = [
  'a',
  'with space',
  'ünï',
  '名前',
  '😀𝕏🏴‍☠️',
  '"quoted\\"',
  '\u0001\u001f',
  '\uffff\ufffd',
  'x'.repeat(10_000),
  '😀'.repeat(5_000),
]

describeDouble('computecore: texts', () => {
  context('at the Host', () => {
    const test = useHost(DOUBLE)

    for (const text of TEXTS) {
      it(`an id of ${text.length} units comes back as it was given: ${JSON.stringify(text.slice(0, 12))}`, async () => {
        const vm = await test.create(minimal({}, { Owner: text }), text)
        const listed = await test.host.listVMs({ Ids: [text], Owners: [text] })
        assert.deepEqual(
          listed.map(({ Id, Owner, RuntimeId }) => ({ Id, Owner, RuntimeId })),
          [{ Id: text, Owner: text, RuntimeId: vm.runtimeId }],
        )
        assert.equal((await vm.propertiesV2([])).Id, text)
        const second = await test.host.openVM(text)
        assert.equal(second.runtimeId, vm.runtimeId)
        await second.close()
      })
    }

    for (const id of ['', 'a\0b', '\0', 'a\ud800', '\udc00\ud800', 7 as unknown as string]) {
      it(`refuses the id ${JSON.stringify(id)} before anything is called`, async () => {
        const { calls } = control().counters()
        await assert.rejects(test.host.createVM(id, minimal()), { code: 'UVM_INVALID_CONFIG', path: 'id' })
        await assert.rejects(test.host.openVM(id), { code: 'UVM_INVALID_CONFIG', path: 'id' })
        assert.equal(control().counters().calls, calls)
      })
    }

    it('calls on files that belong to no VM', async () => {
      control().configure({ record: true })
      const path = 'C:\\vm\\😀.vmgs'
      await test.host.grantVMGroupAccess(path)
      await test.host.revokeVMGroupAccess(path)
      await test.host.createEmptyGuestStateFile(path)
      await test.host.createEmptyRuntimeStateFile(path)
      assert.deepEqual(JSON.parse(await test.host.processorCompatibility(path)), { ProcessorFeatures: ['SSE4.2'] })
      assert.deepEqual(
        control()
          .calls()
          .map(({ call, argument }) => [call, argument]),
        [
          ['HcsGrantVmGroupAccess', path],
          ['HcsRevokeVmGroupAccess', path],
          ['HcsCreateEmptyGuestStateFile', path],
          ['HcsCreateEmptyRuntimeStateFile', path],
          ['HcsGetProcessorCompatibilityFromSavedState', path],
        ],
      )
    })

    it('paths reach the access calls unchanged, and refusals name the VM', async () => {
      control().configure({ record: true })
      for (const path of ['C:\\disks\\😀.vhdx', 'x'.repeat(30_000)]) {
        await test.host.grantVMAccess('no-such-vm', path)
        await test.host.revokeVMAccess('no-such-vm', path)
      }
      assert.deepEqual(
        control()
          .calls()
          .map(({ call, argument }) => [call, argument?.length]),
        [
          ['HcsGrantVmAccess', 16],
          ['HcsRevokeVmAccess', 16],
          ['HcsGrantVmAccess', 30_000],
          ['HcsRevokeVmAccess', 30_000],
        ],
      )
      await assert.rejects(test.host.grantVMAccess('no-such-vm', ''), { code: 'UVM_INVALID_CONFIG' })
      const missing = process.platform === 'win32' ? undefined : '/no/such/file'
      if (missing !== undefined) {
        await assert.rejects(test.host.grantVMAccess('vm', missing), { hresult: 0x80070002, id: 'vm' })
      }
    })
  })

  context('at the seam', () => {
    const rig = useRig()

    it('a text with NUL, which would be cut off, is refused without a call', async () => {
      const { system } = await rig.running()
      const { calls } = control().counters()
      const refusals = [
        rig.provider.createSystem('a\0b', '{}', () => undefined),
        rig.provider.createSystem('a', '{"Owner":"\0"}', () => undefined),
        rig.provider.openSystem('a\0b', () => undefined),
        rig.provider.enumerate('\0'),
        rig.provider.serviceProperties('\0'),
        rig.provider.grantAccess!('a', 'b\0c'),
        system.modify('{}\0'),
      ]
      for (const refusal of refusals) {
        const error = await rejection<Error & { hresult: number }>(refusal)
        assert.equal(error.hresult, 0x80070057)
        assert.match(hcsError(error, { op: 'x' }).message, /NUL/)
      }
      assert.equal(control().counters().calls, calls)
    })

    it('unpaired surrogates in documents arrive as they were', async () => {
      control().configure({ record: true })
      const { system } = await rig.create('surrogates', { ...minimal(), Owner: 'a' })
      const odd = '{"PropertyTypes":["\ud800","\udfff\ud83d"]}'
      await rejection(system.properties(odd))
      assert.equal(control().calls().at(-1)?.argument, odd)
    })
  })
})
