// Latency and faults: every member of a rule, and that one VM's trace is its own.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FaultRule, HcsOp, SimulatedOptions } from '#dist/index.js'
import { CallPlanner } from '#dist/native/simulated/service/faults.js'
import { machineService } from '../../../fakes/machine-service.js'
import { rejection } from '../../../support/expect.js'

const MEMORY_PATH = 'VirtualMachine/ComputeTopology/Memory/SizeInMB'
const memory = (size: number): unknown => ({ ResourcePath: MEMORY_PATH, Settings: size })

/** A service with these rules, and a VM that runs. */
async function given(faults: FaultRule[], options: SimulatedOptions = {}) {
  const rig = machineService({ ...options, faults })
  const { handle, events } = await rig.create('vm')
  await rig.run(handle, 'start')
  return { ...rig, handle, events, types: () => events.map(({ type }) => type) }
}

async function code(promise: Promise<unknown>): Promise<number> {
  return (await rejection<{ hresult: number }>(promise)).hresult
}

describe('faults of the simulated service', () => {
  it('fail: the call is refused with the code, and nothing is done', async () => {
    const { run, handle } = await given([{ op: 'pause', fail: 0x800705aa }])
    const error = await rejection<{ hresult: number; document: string }>(run(handle, 'pause'))
    assert.equal(error.hresult, 0x800705aa)
    assert.deepEqual(JSON.parse(error.document), {
      Error: 0x800705aa | 0,
      ErrorMessage: '',
      Attribution: [{ OperationFailure: { Detail: 'Pause' } }],
    })
    assert.match(await run(handle, 'properties'), /"State":"Running"/)
  })

  it('never: the call is not answered, and others are', async () => {
    const { service, run, handle, clock } = await given([{ op: 'pause', never: true }])
    let settled = false
    void service.operate(handle, 'pause', '').finally(() => (settled = true))
    assert.match(await run(handle, 'properties'), /"State":"Running"/)
    clock.advance(1_000_000_000)
    await run(handle, 'properties')
    assert.equal(settled, false)
  })

  it('delayMs: comes on top of the latency', async () => {
    const { run, handle, clock } = await given([{ op: 'pause', delayMs: 70 }], { latency: { pause: 30, resume: 5 } })
    const before = clock.now()
    await run(handle, 'pause')
    assert.equal(clock.now() - before, 100)
    await run(handle, 'resume')
    assert.equal(clock.now() - before, 105)
  })

  it('afterExit: the answer comes behind the exit event', async () => {
    for (const fails of [undefined, 0x80370110]) {
      const rule: FaultRule = { op: 'modify', afterExit: true, ...(fails === undefined ? {} : { fail: fails }) }
      const { service, run, handle, types } = await given([rule])
      const heard: string[] = []
      const modifying = service.operate(handle, 'modify', JSON.stringify(memory(512))).then(
        () => heard.push(`answered after ${types().length}`),
        (error: { hresult: number }) => heard.push(`0x${error.hresult.toString(16)} after ${types().length}`),
      )
      await run(handle, 'properties')
      assert.deepEqual(heard, [])
      await run(handle, 'terminate')
      await modifying
      assert.deepEqual(heard, [fails === undefined ? 'answered after 1' : '0x80370110 after 1'])
    }
  })

  it('crash: both reports and then the exit, which is unexpected', async () => {
    const { run, handle, events, types } = await given([{ op: 'modify', crash: true }])
    await run(handle, 'modify', memory(512))
    assert.deepEqual(types(), [2, 3, 1])
    const report = JSON.parse(events[0]!.data) as { SystemId: string; CrashParameters: number[]; Status: number }
    assert.equal(report.SystemId, 'vm')
    assert.equal(report.CrashParameters.length, 5)
    const exit = JSON.parse(events[2]!.data) as { ExitType: string; Status: number }
    assert.deepEqual([exit.ExitType, exit.Status], ['UnexpectedExit', 0xc0370106 | 0])
    assert.equal(await code(run(handle, 'pause')), 0x80370110)
  })

  it('exit: the VM ends so', async () => {
    for (const exit of ['GracefulExit', 'ForcedExit', 'UnexpectedExit', 'None', 'Unknown'] as const) {
      const { run, handle, events, types } = await given([{ op: 'pause', exit }])
      await run(handle, 'pause')
      assert.deepEqual(types(), [1])
      assert.equal((JSON.parse(events[0]!.data) as { ExitType: string }).ExitType, exit)
      assert.match(await run(handle, 'properties'), new RegExp(`"Stopped":true,"ExitType":"${exit}"`))
    }
  })

  it('exit at create: the VM is gone as soon as it is there', async () => {
    const rig = machineService({ faults: [{ op: 'create', exit: 'UnexpectedExit' }] })
    const { events } = await rig.create('vm')
    assert.deepEqual(
      events.map(({ type }) => type),
      [1],
    )
    assert.equal(rig.service.enumerate(''), '[]')
  })

  it('disconnect: every handle hears that the service is gone, and is dead', async () => {
    const { service, settle, run, handle, types } = await given([{ op: 'pause', disconnect: true }])
    const others: number[] = []
    const other = await settle(service.open('other', 'vm', ({ type }) => others.push(type)))
    await run(handle, 'pause')
    assert.deepEqual([types(), others], [[0x02000000], [0x02000000]])
    for (const dead of [handle, other]) assert.equal(await code(run(dead, 'properties')), 0x8037011e)
    await settle(service.close(handle))
    await settle(service.close(other))
    assert.deepEqual([types(), others], [[0x02000000], [0x02000000]])
  })

  it('guest: the guest drops its connection', async () => {
    const { run, handle, told } = await given([{ op: 'modify', guest: 'disconnect' }])
    await run(handle, 'modify', memory(512))
    assert.deepEqual(
      told.map(({ call }) => call),
      ['boot', 'disconnect'],
    )
  })

  it('nth: counts the calls that a rule is about, whichever rule acts', async () => {
    const { run, handle } = await given([
      { op: 'modify', nth: 1, fail: 0x80070005 },
      { op: 'modify', nth: 2, fail: 0x80070020 },
      { op: 'modify', nth: 4, fail: 0x80070570 },
    ])
    const codes: (number | undefined)[] = []
    for (let call = 1; call <= 5; call++) {
      const attempt = run(handle, 'modify', memory(512)).then(
        () => undefined,
        (error: { hresult: number }) => error.hresult,
      )
      codes.push(await attempt)
    }
    assert.deepEqual(codes, [0x80070005, 0x80070020, undefined, 0x80070570, undefined])
  })

  it('id and path: only that VM, only that resource', async () => {
    const { run, handle, create } = await given([
      { op: 'modify', id: 'vm', path: MEMORY_PATH, fail: 0x80070005 },
      { op: 'create', id: 'never', fail: 0x8037011b },
    ])
    assert.equal(await code(run(handle, 'modify', memory(512))), 0x80070005)
    const limits = { ResourcePath: 'VirtualMachine/ComputeTopology/Processor/Limits', Settings: { Limit: 10 } }
    await run(handle, 'modify', limits)
    const other = await create('other')
    await run(other.handle, 'start')
    await run(other.handle, 'modify', memory(512))
    assert.equal(await code(create('never')), 0x8037011b)
  })

  it('probability: 0 never acts, 1 always, and between them about as often as it says', () => {
    const hits = (probability: number): number => {
      const planner = new CallPlanner({ faults: [{ op: 'start', probability, fail: 1 }] }, 7)
      let count = 0
      for (let call = 0; call < 2_000; call++) if (planner.plan('start', 'vm').rule !== undefined) count++
      return count
    }
    assert.equal(hits(0), 0)
    assert.equal(hits(1), 2_000)
    const half = hits(0.5)
    assert(half > 800 && half < 1_200, String(half))
  })

  it('an id goes on with its count for as long as its VM lives, and beyond until many others have come', () => {
    const living = new Set(['kept'])
    const faults: FaultRule[] = [{ op: 'start', nth: 2, fail: 1 }]
    const planner = new CallPlanner({ faults }, 1, (id) => living.has(id))
    const isSecond = (id: string): boolean => planner.plan('start', id).rule !== undefined
    assert.deepEqual([isSecond('kept'), isSecond('gone'), isSecond('again')], [false, false, false])
    for (let other = 0; other < 1000; other++) planner.plan('start', `other-${other}`)
    assert.equal(isSecond('again'), true)
    for (let other = 1000; other < 3000; other++) planner.plan('start', `other-${other}`)
    assert.deepEqual([isSecond('gone'), isSecond('kept')], [false, true])
  })

  it('the first rule that matches acts, alone', () => {
    const first: FaultRule = { op: 'start', delayMs: 1 }
    const planner = new CallPlanner({ faults: [first, { op: 'start', fail: 1 }] }, 1)
    assert.deepEqual(planner.plan('start', 'vm'), { delayMs: 1, rule: first })
  })

  it('one VM’s trace repeats with its seed, whatever the other VMs do', () => {
    const ops: HcsOp[] = ['create', 'start', 'modify', 'properties', 'terminate']
    const call = fc.record({ op: fc.constantFrom(...ops), id: fc.constantFrom('a', 'b', 'c', 'd') })
    const rule: fc.Arbitrary<FaultRule> = fc.record(
      {
        op: fc.constantFrom(...ops),
        nth: fc.integer({ min: 1, max: 5 }),
        probability: fc.double({ min: 0, max: 1, noNaN: true }),
        delayMs: fc.nat(100),
      },
      { requiredKeys: ['op'] },
    )
    const latency = fc.record(
      { start: fc.tuple(fc.nat(10), fc.integer({ min: 10, max: 50 })), modify: fc.nat(20) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(call),
        fc.array(rule, { maxLength: 4 }),
        latency,
        (seed, calls, faults, ms) => {
          const options = { faults, latency: ms }
          const together = new CallPlanner(options, seed)
          const traces = new Map<string, unknown[]>()
          for (const { op, id } of calls) {
            const trace = traces.get(id) ?? []
            traces.set(id, trace)
            trace.push(together.plan(op, id))
          }
          for (const [id, trace] of traces) {
            const alone = new CallPlanner(options, seed)
            const again = calls.filter((one) => one.id === id).map(({ op }) => alone.plan(op, id))
            assert.deepEqual(again, trace)
          }
        },
      ),
    )
  })

  it('the order of a terminate’s answer and its exit event is the seed’s choice, and both occur', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 16; seed++) {
      const choices = new Set<string>()
      for (let round = 0; round < 2; round++) {
        const { service, settle, handle, events } = await given([], { seed })
        const heard: string[] = []
        await settle(service.operate(handle, 'terminate', '').then(() => heard.push(`${events.length}`)))
        choices.add(heard.join())
      }
      assert.equal(choices.size, 1)
      orders.add([...choices].join())
    }
    assert.deepEqual([...orders].sort(), ['0', '1'])
  })
})
