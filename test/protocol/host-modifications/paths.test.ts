import assert from 'node:assert/strict'
import fc from 'fast-check'
import { findKey } from '#dist/protocol/guid.js'
import { findResource, HOST_RESOURCES, resourcePath } from '#dist/protocol/host-modifications/index.js'

const networkAdapterPath = (id: string): string => resourcePath(HOST_RESOURCES.networkAdapter, () => id)

describe('resource paths', () => {
  it('are spelled as the compute service knows them', () => {
    assert.equal(HOST_RESOURCES.memorySize.path, 'VirtualMachine/ComputeTopology/Memory/SizeInMB')
    assert.equal(HOST_RESOURCES.cpuGroup.path, 'VirtualMachine/ComputeTopology/Processor/CpuGroup')
    assert.equal(HOST_RESOURCES.cpuLimits.path, 'VirtualMachine/ComputeTopology/Processor/Limits')
    assert.equal(networkAdapterPath('nic'), 'VirtualMachine/Devices/NetworkAdapters/nic')
  })

  it('an adapter’s name comes back from its path, whatever it is made of', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[/\n\r\u2028\u2029]/.test(text))
    fc.assert(
      fc.property(name, (id) => {
        assert.deepEqual(findResource(networkAdapterPath(id)), { kind: 'networkAdapter', segments: [id] })
      }),
    )
  })

  it('nothing is understood in another case, with more segments, or with fewer', () => {
    for (const path of [
      '',
      'virtualmachine/ComputeTopology/Memory/SizeInMB',
      'VirtualMachine/ComputeTopology/Memory/SizeInMB/',
      'VirtualMachine/Devices/NetworkAdapters/',
      'VirtualMachine/Devices/NetworkAdapters/a/b',
      'VirtualMachine/Devices/Scsi/x/Attachments/-1',
      'VirtualMachine/Devices/Scsi/x/Attachments/1.5',
      'VirtualMachine/Devices/Nothing/x',
    ])
      assert.equal(findResource(path), undefined, path)
  })

  it('a table’s key is found by GUID in any form, other names to the letter', () => {
    const id = 'df6d0690-79e5-55b6-a5ec-c1e2f77f580a'
    assert.equal(findKey(['x', id], `{${id.toUpperCase()}}`), id)
    assert.equal(findKey(['Primary disk'], 'Primary disk'), 'Primary disk')
    assert.equal(findKey(['Primary disk'], 'primary disk'), undefined)
  })
})
