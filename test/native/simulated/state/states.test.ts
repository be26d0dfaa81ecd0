// Every cell of the state table, asked of a live service.

import assert from 'node:assert/strict'
import { STATE_TABLE, type Column, type StatefulOp, type TableOp } from '#dist/native/simulated/state/states.js'
import { machineService, type ServiceRig } from '../../../fakes/machine-service.js'
import { minimal } from '../../../support/documents.js'
import { rejection } from '../../../support/expect.js'

const ID = 'vm'
const MEMORY = { ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: 512 }

/** What each row asks for. */
const CALLS: Readonly<Record<Exclude<TableOp, 'create' | 'open'>, [StatefulOp, unknown]>> = {
  start: ['start', ''],
  shutdown: ['shutdown', ''],
  terminate: ['terminate', ''],
  pause: ['pause', ''],
  resume: ['resume', ''],
  'save to file': ['save', { SaveType: 'ToFile', SaveStateFilePath: 'C:\\state.vmrs' }],
  'save as template': ['save', { SaveType: 'AsTemplate' }],
  modify: ['modify', MEMORY],
  properties: ['properties', ''],
  crash: ['crash', { Type: 'CrashGuest' }],
  migrate: ['migrate', ''],
}

/** A service whose VM is in this state, and the open handle on it. */
async function given(column: Column): Promise<ServiceRig & { handle: number }> {
  const rig = machineService()
  if (column === 'none') return { ...rig, handle: 0 }
  const { handle } = await rig.create(ID)
  const way: Record<Exclude<Column, 'none'>, TableOp[]> = {
    Created: [],
    Running: ['start'],
    Paused: ['start', 'pause'],
    SavedAsTemplate: ['start', 'pause', 'save as template'],
    Stopped: ['start', 'terminate'],
  }
  for (const step of way[column]) {
    const [op, argument] = CALLS[step as keyof typeof CALLS]
    await rig.run(handle, op, argument)
  }
  return { ...rig, handle }
}

async function stateOf(rig: ServiceRig, handle: number): Promise<string> {
  const properties = JSON.parse(await rig.run(handle, 'properties')) as { State?: string }
  return properties.State ?? 'Created'
}

describe('state table of the simulated service', () => {
  for (const [row, cells] of Object.entries(STATE_TABLE) as [TableOp, (typeof STATE_TABLE)[TableOp]][]) {
    for (const [column, cell] of Object.entries(cells) as [
      Column,
      { fails?: number; next?: string; evidence: string },
    ][]) {
      const outcome = cell.fails === undefined ? (cell.next ?? 'succeeds') : `0x${cell.fails.toString(16)}`
      it(`${row} when ${column}: ${outcome} [${cell.evidence}]`, async () => {
        const rig = await given(column)
        const attempt = async (): Promise<number> => {
          if (row === 'create') return (await rig.create(ID)).handle
          if (row === 'open') return rig.settle(rig.service.open('other', ID, () => undefined))
          const [op, argument] = CALLS[row]
          if (op === 'migrate') await rig.settle(rig.service.operate(rig.handle, op, '', 'initialize-source'))
          else await rig.run(rig.handle, op, argument)
          return rig.handle
        }
        if (cell.fails === undefined) {
          const handle = await attempt()
          assert.equal(await stateOf(rig, handle), cell.next ?? column)
        } else {
          const error = await rejection<{ hresult: number }>(attempt())
          assert.equal(error.hresult, cell.fails)
          if (column !== 'none') assert.equal(await stateOf(rig, rig.handle), column)
        }
      })
    }
  }

  it('closing the last handle ends the VM only when its document says so', async () => {
    for (const column of ['Created', 'Running', 'Paused', 'SavedAsTemplate'] as const) {
      const rig = await given(column)
      const second = await rig.settle(rig.service.open('other', ID, () => undefined))
      await rig.settle(rig.service.close(second))
      assert.equal(await stateOf(rig, rig.handle), column)
      await rig.settle(rig.service.close(rig.handle))
      assert.equal(rig.service.enumerate(''), '[]')
    }
    const rig = machineService()
    const { handle } = await rig.create(ID, minimal({}, { ShouldTerminateOnLastHandleClosed: false }))
    await rig.run(handle, 'start')
    await rig.settle(rig.service.close(handle))
    const again = await rig.settle(rig.service.open('other', ID, () => undefined))
    assert.equal(await stateOf(rig, again), 'Running')
  })

  it('the guest connection closes before the exit is told, to every handle once', async () => {
    const rig = machineService()
    const document = minimal({ GuestConnection: {} })
    const { handle, events } = await rig.create(ID, document)
    const others: number[] = []
    await rig.settle(rig.service.open('other', ID, ({ type }) => others.push(type)))
    await rig.run(handle, 'start')
    await rig.run(handle, 'terminate')
    await rig.deliver()
    assert.deepEqual(others, [6, 1])
    assert.deepEqual(
      events.map(({ type }) => type),
      [6, 1],
    )
    assert.deepEqual(JSON.parse(events[1]!.data), {
      Status: 0,
      ExitType: 'ForcedExit',
      Attribution: [{ SystemExit: { Detail: 'Terminate', Initiator: 'Client' } }],
    })
  })

  it('nothing is told to a handle whose close has begun, and an orphaned one keeps it for its adopter, in order', async () => {
    const rig = machineService()
    const { handle, events } = await rig.create(ID)
    await rig.run(handle, 'start')
    const deliver = (): void => undefined
    const orphaned = await rig.settle(rig.service.open('other', ID, deliver))
    rig.service.orphan((one) => one === deliver)
    await rig.run(handle, 'crash')
    await rig.deliver()
    const adopted: number[] = []
    rig.service.adopt(orphaned, 'new owner', ({ type }) => adopted.push(type))
    await rig.deliver()
    assert.deepEqual(adopted, [2, 3, 1])
    assert.deepEqual(
      events.map(({ type }) => type),
      [2, 3, 1],
    )
    const { handle: closing, events: unheard } = await rig.create(ID)
    const ending = rig.service.operate(closing, 'terminate', '')
    const closed = rig.service.close(closing)
    await rig.settle(Promise.all([ending, closed]))
    assert.deepEqual(unheard, [])
  })
})
