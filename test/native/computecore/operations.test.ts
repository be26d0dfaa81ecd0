// HCS 13.4 where it needs a DLL that misbehaves: operations, documents, calls in flight.

import assert from 'node:assert/strict'
import { hcsError } from '#dist/native/hcs-error.js'
import { control, describeDouble } from '../../support/double.js'
import { pending, rejection } from '../../support/expect.js'
import { until, useRig } from './rig.js'

const modifyMemory = (sizeInMB: number): string =>
  JSON.stringify({ ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: sizeInMB })

interface Failure extends Error {
  hresult: number
  document: string
}

describeDouble('computecore: operations', () => {
  const rig = useRig()

  it('HCS-052 a completion that fires before the starting call returns is not lost', async () => {
    const { system } = await rig.running()
    control().configure({
      faults: [
        { op: 'modify', inside: true },
        { op: 'properties', inside: true },
      ],
    })
    await system.modify(modifyMemory(512))
    assert.equal(JSON.parse(await system.properties('')).State, 'Running')
  })

  for (const accept of [0x80370117, 0xc0370103, 1]) {
    it(`HCS-053 a starting call that answers 0x${accept.toString(16)} is accepted`, async () => {
      control().configure({
        faults: [
          { op: 'create', accept },
          { op: 'start', accept },
          { op: 'properties', accept },
        ],
      })
      const { system } = await rig.running()
      assert.equal(JSON.parse(await system.properties('')).State, 'Running')
    })
  }

  it('HCS-054 a refused starting call closes its operation and reports the result document', async () => {
    const { system } = await rig.running()
    control().configure({ faults: [{ op: 'modify', refuse: 0x80370105 }] })
    const failure = await rejection<Failure>(system.modify(modifyMemory(512)))
    assert.equal(failure.hresult, 0x80370105)
    assert.equal(JSON.parse(failure.document).ErrorMessage, 'refused')
    assert.equal(control().counters().operations, 0)
  })

  it('HCS-057 every result document is freed with LocalFree exactly once, also on failure', async () => {
    const { system } = await rig.running()
    await system.properties('')
    await rejection(system.modify('not JSON'))
    await rejection(system.modify(modifyMemory(513)))
    await rejection(rig.provider.createSystem('broken', 'not JSON', () => undefined))
    await rig.provider.serviceProperties('{"PropertyTypes":["Basic"]}')
    await rejection(rig.provider.serviceProperties('not JSON'))
    await rejection(rig.provider.modifyService('{}'))
    const { documents, badFrees } = control().counters()
    assert.deepEqual({ documents, badFrees }, { documents: 0, badFrees: 0 })
  })

  it('HCS-096 empty options and queries reach the DLL as NULL', async () => {
    control().configure({ record: true })
    const { system } = await rig.running()
    for (const call of ['properties', 'pause', 'resume', 'save', 'shutdown', 'modify'] as const) {
      await system[call]('').catch(() => undefined)
    }
    await system.migrate('initialize-source', '').catch(() => undefined)
    await rig.provider.enumerate('')
    await rig.provider.serviceProperties('')
    await system.terminate('')
    const calls = control().calls()
    const wanted = [
      'HcsStartComputeSystem',
      'HcsGetComputeSystemProperties',
      'HcsPauseComputeSystem',
      'HcsResumeComputeSystem',
      'HcsSaveComputeSystem',
      'HcsShutDownComputeSystem',
      'HcsModifyComputeSystem',
      'HcsInitializeLiveMigrationOnSource',
      'HcsEnumerateComputeSystems',
      'HcsGetServiceProperties',
      'HcsTerminateComputeSystem',
    ]
    for (const name of wanted) {
      const made = calls.filter(({ call }) => call === name)
      assert.equal(made.length, 1, name)
      assert.equal(made[0]?.argument, null, name)
    }
  })

  it('a second completion of one operation is ignored', async () => {
    const { system } = await rig.running()
    control().configure({ faults: [{ op: 'properties', twice: true }] })
    for (let time = 0; time < 20; time++) await system.properties('')
    const { badHandles, operations } = control().counters()
    assert.deepEqual({ badHandles, operations }, { badHandles: 0, operations: 0 })
  })

  it('a completion for an operation that ended, and an event for a handle that is closed, are ignored', async () => {
    const { system, events } = await rig.running()
    await system.close()
    const before = control().counters().callbacks
    control().callLate()
    await until(() => control().counters().callbacks === before + 2)
    assert.equal(typeof (await rig.provider.enumerate('')), 'string', 'and the next operation completes')
    assert.deepEqual(events, [])
  })

  it('a missing, an empty and a malformed result document are given as they are', async () => {
    const { system } = await rig.running()
    for (const [fault, text] of [
      [{ noDocument: true }, ''],
      [{ document: '' }, ''],
      [{ document: '{"Id":' }, '{"Id":'],
      [{ document: 'ünï-😀-\ud800' }, 'ünï-😀-\ud800'],
    ] as const) {
      control().configure({ faults: [{ op: 'properties', ...fault }] })
      assert.equal(await system.properties(''), text)
    }
  })

  it('HCS-082 an unknown HRESULT and a document that is no ResultError never hide the code', async () => {
    const { system } = await rig.running()
    for (const document of ['{"Error":', '[]', '"text"', '', '\ud800']) {
      control().configure({ faults: [{ op: 'modify', fail: 0x8abcdef0, document }] })
      const failure = await rejection<Failure>(system.modify(modifyMemory(512)))
      assert.equal(failure.hresult, 0x8abcdef0)
      assert.match(hcsError(failure, { op: 'vm.modify', id: 'x' }).message, /0x8ABCDEF0/i)
    }
  })

  it('a document of many megabytes comes whole', async () => {
    const { system } = await rig.running()
    const document = JSON.stringify({ Id: 'x', Text: '😀'.repeat(1 << 20) })
    control().configure({ faults: [{ op: 'properties', document }] })
    assert.equal(await system.properties(''), document)
  })

  it('HCS-044 closing waits for the call in flight, which settles', async () => {
    const { system } = await rig.running()
    control().configure({ faults: [{ op: 'properties', hold: true }] })
    const reading = system.properties('')
    await until(() => control().counters().held === 1)
    const closing = system.close()
    assert.equal(await pending(closing), true)
    assert.equal(control().counters().handles, 1)
    assert.equal(control().release(), 1)
    assert.equal(JSON.parse(await reading).State, 'Running')
    await closing
    assert.equal(control().counters().handles, 0)
  })

  it('a call on a handle that is being closed, or is closed, is refused without reaching the DLL', async () => {
    const { system } = await rig.running()
    const closing = system.close()
    assert.equal((await rejection<Failure>(system.properties(''))).hresult, 0x80070006)
    await closing
    assert.equal((await rejection<Failure>(system.start(''))).hresult, 0x80070006)
    assert.equal(
      (await rejection<Failure>(rig.provider.adoptSystem(system.token, () => undefined))).hresult,
      0x80070006,
    )
  })

  it('a service that hangs inside its calls leaves the thread pool to the rest of the process', async () => {
    const { readFile } = await import('node:fs/promises')
    const { system } = await rig.running('slow')
    control().configure({ faults: [{ op: 'open', callMs: 300 }] })
    let opened = 0
    const opening = Array.from({ length: 8 }, async () => {
      const handle = await rig.provider.openSystem('slow', () => undefined)
      opened++
      await handle.close()
    })
    await until(() => control().counters().calls > 0)
    await readFile('package.json')
    assert.equal(opened, 0, 'the file was read while the first calls hung')
    await Promise.all(opening)
    await system.close()
  })
})
