import assert from 'node:assert/strict'
import { vmSid, workingSet, type ProcessCalls } from '#dist/native/computecore/memory-process.js'
import { windowsProcesses } from '#dist/native/computecore/windows-processes.js'

const VM = '0102ABCD-1112-2122-3132-414243444546'
const OTHER = '00000000-0000-0000-0000-000000000001'

function calls(list: ProcessCalls['list'], owners: Record<number, Uint8Array>): ProcessCalls {
  return { list, ownerOf: (pid) => owners[pid], workingSetOf: (pid) => pid * 1000 }
}

describe('the memory process of a VM', () => {
  it('belongs to the account S-1-5-83-1 and the four words of the runtime id', () => {
    const sid = Buffer.from(vmSid(VM))
    assert.deepEqual([sid.readUInt8(0), sid.readUInt8(1), sid.readUIntBE(2, 6)], [1, 6, 5])
    const words = Array.from({ length: 6 }, (_, index) => sid.readUInt32LE(8 + 4 * index).toString(16))
    assert.deepEqual(words, ['53', '1', '102abcd', '21221112', '42413231', '46454443'])
  })

  it('is the one of that name and account, and no other', () => {
    const list = () => [
      { pid: 1, name: 'node.exe' },
      { pid: 2, name: 'vmmem' },
      { pid: 3, name: 'vmmem' },
      { pid: 4, name: 'VMMEM.EXE' },
    ]
    // The first cannot be looked at, the second is another VM's.
    const owners = { 1: vmSid(VM), 3: vmSid(OTHER), 4: vmSid(VM) }
    assert.equal(workingSet(calls(list, owners), VM), 4000)
    assert.equal(workingSet(calls(list, { 3: vmSid(OTHER) }), VM), undefined)
    assert.equal(
      workingSet(
        calls(() => [], {}),
        VM,
      ),
      undefined,
    )
  })

  it('is looked for among the processes that Windows has', function () {
    if (process.platform !== 'win32') this.skip()
    const real = windowsProcesses()
    const own = real.list().find(({ pid }) => pid === process.pid)
    assert.match(own?.name ?? '', /node/i)
    assert((real.workingSetOf(process.pid) ?? 0) > 1024 * 1024)
    assert.equal(real.ownerOf(process.pid)?.[0], 1)
    assert.equal(workingSet(real, VM), undefined)
  })
})
