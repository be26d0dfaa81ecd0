// The order and overlap rules: on one VM one change at a time, in call order; nothing of one VM holds up another; terminate overtakes.

import assert from 'node:assert/strict'
import { Host, InvalidStateError, type UtilityVM } from '#dist/index.js'
import { HCS_EVENT } from '#dist/native/hcs.js'
import { chances } from '#dist/native/simulated/seeded.js'
import { FakeProvider, PROPERTIES, type FakeCall, type FakeOp } from '../../fakes/provider.js'
import type { Recorded, RecordingOptions } from '../../fakes/recording-provider.js'
import { useFakeVms } from '../../fakes/vm.js'
import { minimal } from '../../support/documents.js'
import { pending, rejectsWith } from '../../support/expect.js'
import { assertNothingOpen } from '../../support/host.js'
import { SEED } from '../../support/seed.js'

const VMS = 20
const CALLS = 1000

/** Ops of the seam that queue. */
const CHANGES: readonly FakeOp[] = ['start', 'shutdown', 'pause', 'resume', 'save', 'modify', 'migrate']

/** One call of a random kind, unlike any other, and what the seam must see of it. */
function randomCall(vm: UtilityVM, number: number, random: () => number): [Promise<unknown>, op: string, seen: string] {
  const kinds: (() => [Promise<unknown>, string, string])[] = [
    () => [vm.updateMemory(number * 2), 'modify', `"Settings":${number * 2}}`],
    () => [vm.addPipe(`p${number}.`), 'modify', `MappedPipes/p${number}."`],
    () => [vm.addSCSIDisk({ Path: 'd' }, number % 4, number), 'modify', `Attachments/${number}"`],
    () => [vm.removeNIC(`n${number}.`), 'modify', `NetworkAdapters/n${number}."`],
    () => [vm.save({ SaveStateFilePath: `s${number}.` }), 'save', `"s${number}."`],
    () => [vm.start(), 'start', ''],
    () => [vm.pause(), 'pause', ''],
    () => [vm.resume(), 'resume', ''],
    () => [vm.shutdown(), 'shutdown', ''],
    () => [vm.startLiveMigrationTransfer(), 'migrate', 'transfer'],
  ]
  return kinds[Math.floor(random() * kinds.length)]!()
}

describe(`order of calls [seed ${SEED}]`, () => {
  const make = useFakeVms()

  it('HCS-055 1,000 interleaved calls over 20 VMs: changes of one VM never overlap and keep their order', async function () {
    const random = chances(SEED, 'order')
    const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
    const provider = new FakeProvider()
    const ids = Array.from({ length: VMS }, (_, index) => `vm-${index}`)
    const vms = new Map<string, UtilityVM>()
    for (const id of ids) vms.set(id, (await make({ provider, id })).vm)
    provider.calls.length = 0
    /** Changes at the seam by VM; two of one VM at once are a violation. */
    const active = new Map<string, FakeOp>()
    const violations: string[] = []
    provider.script = (op, argument, id) => {
      if (op === 'properties') return PROPERTIES
      if (!CHANGES.includes(op)) return ''
      const other = active.get(id)
      if (other !== undefined) violations.push(`${op} ${argument} of ${id} during ${other}`)
      active.set(id, op)
      return undefined
    }
    const settled = new Set<FakeCall>()
    const settleOne = (): boolean => {
      const open = provider.calls.filter((call) => CHANGES.includes(call.op) && !settled.has(call))
      if (open.length === 0) return false
      const call = pick(open)
      settled.add(call)
      active.delete(call.id)
      if (random() < 0.1) call.reject(Object.assign(new Error('refused'), { hresult: 0x80370105 }))
      else call.resolve()
      return true
    }
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

    const expected = new Map<string, { op: string; seen: string }[]>(ids.map((id) => [id, []]))
    const outcomes: Promise<unknown>[] = []
    for (let number = 1; number <= CALLS; number++) {
      const id = pick(ids)
      const [promise, op, seen] = randomCall(vms.get(id)!, number, random)
      outcomes.push(promise.catch(() => undefined))
      expected.get(id)!.push({ op, seen })
      while (random() < 0.5) settleOne()
      if (random() < 0.3) await turn()
      if (random() < 0.05) assert.equal((await vms.get(pick(ids))!.propertiesV2([])).Id, 'fake')
    }
    let isDone = false
    const all = Promise.all(outcomes).then(() => (isDone = true))
    while (!isDone) {
      settleOne()
      await turn()
    }
    await all
    assert.deepEqual(violations, [])
    for (const id of ids) {
      const sent = provider.calls.filter((call) => call.id === id && CHANGES.includes(call.op))
      const wanted = expected.get(id)!
      assert.equal(sent.length, wanted.length)
      for (const [index, { op, seen }] of wanted.entries()) {
        assert.equal(sent[index]!.op, op, `${id}, change ${index}`)
        assert(sent[index]!.argument.includes(seen), `${id}, change ${index}: ${sent[index]!.argument} lacks ${seen}`)
      }
    }
  })

  it('HCS-055 while one VM’s change is held, every call to the other 19 completes', async () => {
    const random = chances(SEED, 'gate')
    const provider = new FakeProvider()
    provider.script = (op, _argument, id) =>
      op === 'properties' ? PROPERTIES : op === 'modify' && id === 'vm-0' ? undefined : ''
    const vms: UtilityVM[] = []
    for (let index = 0; index < VMS; index++) vms.push((await make({ provider, id: `vm-${index}` })).vm)
    const held = vms[0]!.updateMemory(2)
    const behind = vms[0]!.pause()
    const gate = await provider.next('modify')
    const others = Array.from({ length: 500 }, (_, number) => {
      const vm = vms[1 + Math.floor(random() * (VMS - 1))]!
      return random() < 0.2 ? vm.propertiesV2([]) : randomCall(vm, number, random)[0]
    })
    await Promise.all(others)
    await vms[0]!.propertiesV2([])
    assert.equal(await pending(held), true)
    assert.equal(await pending(behind), true)
    gate.resolve()
    await Promise.all([held, behind])
  })

  it('HCS-056 a terminate overtakes a queue of 100, which is refused and never sent', async () => {
    const provider = new FakeProvider((op) => (op === 'modify' ? undefined : op === 'properties' ? PROPERTIES : ''))
    const { vm } = await make({ provider })
    const current = vm.updateMemory(2)
    const gate = await provider.next('modify')
    const random = chances(SEED, 'queue')
    const queued = Array.from({ length: 100 }, (_, number) =>
      rejectsWith(randomCall(vm, number, random)[0], InvalidStateError),
    )
    const terminating = vm.terminate()
    for (const error of await Promise.all(queued)) assert.equal(error.state, 'terminating')
    provider.emit('fake', HCS_EVENT.systemExited, { Status: 0, ExitType: 'ForcedExit' })
    await terminating
    gate.resolve()
    await current
    assert.deepEqual(provider.names(), ['modify', 'terminate'])
  })
})

describe(`order of calls through threads [seed ${SEED}]`, () => {
  const MODULE = new URL('../../fakes/recording-provider.js', import.meta.url)
  let host: Host | undefined

  async function givenVms(count: number, options: RecordingOptions = {}): Promise<UtilityVM[]> {
    const opened = await Host.open({ threads: 2, provider: { module: MODULE, options } })
    host = opened
    return Promise.all(Array.from({ length: count }, (_, index) => opened.createVM(`vm-${index}`, minimal())))
  }

  async function logOf(vm: UtilityVM): Promise<Recorded[]> {
    const { Log } = (await vm.propertiesV3({ Queries: { Log: null } })) as { Log?: Recorded[] }
    assert(Log !== undefined)
    return Log
  }

  afterEach(async () => {
    await host!.close()
    await assertNothingOpen(host!)
  })

  it('HCS-055 1,000 calls over 20 VMs keep their order per VM and never overlap', async () => {
    const random = chances(SEED, 'threads')
    const vms = await givenVms(VMS)
    const wanted = new Map(vms.map((vm) => [vm, [] as { op: string; seen: string }[]]))
    const calls = Array.from({ length: CALLS }, (_, number) => {
      const vm = vms[Math.floor(random() * VMS)]!
      const [promise, op, seen] = randomCall(vm, number, random)
      wanted.get(vm)!.push({ op, seen })
      return promise
    })
    await Promise.all(calls)
    for (const vm of vms) {
      const log = await logOf(vm)
      assert.deepEqual(
        log.map(({ op, overlaps }) => ({ op, overlaps })),
        wanted.get(vm)!.map(({ op }) => ({ op, overlaps: 0 })),
      )
      log.forEach(({ argument }, index) => assert(argument.includes(wanted.get(vm)![index]!.seen), argument))
    }
  })

  it('HCS-055 a VM that hangs holds up no other, on its own thread or another', async () => {
    const random = chances(SEED, 'threads gate')
    const vms = await givenVms(VMS, { held: ['vm-0 modify'] })
    const held = vms[0]!.updateMemory(2)
    const others = Array.from({ length: 400 }, (_, number) =>
      randomCall(vms[1 + Math.floor(random() * (VMS - 1))]!, number, random),
    )
    await Promise.all(others.map(([promise]) => promise))
    assert.equal(await pending(held), true)
    await vms[0]!.propertiesV3({ Queries: { Release: null } })
    await held
  })

  it('HCS-056 no change is sent behind a terminate that was asked for in the same moment', async () => {
    const [vm] = await givenVms(1)
    const calls = Array.from({ length: 20 }, (_, number) =>
      vm!.addPipe(`p${number}`).catch((error: unknown) => assert(error instanceof InvalidStateError)),
    )
    await Promise.all([vm!.terminate(), ...calls])
    assert.equal((await logOf(vm!)).at(-1)?.op, 'terminate')
  })

  it('HCS-056 a terminate overtakes a queue of 100, which is never sent', async () => {
    const [vm] = await givenVms(1, { held: ['vm-0 modify'] })
    const current = vm!.updateMemory(2)
    while ((await logOf(vm!)).length === 0);
    const queued = Array.from({ length: 100 }, (_, number) => rejectsWith(vm!.addPipe(`p${number}`), InvalidStateError))
    await vm!.terminate()
    for (const error of await Promise.all(queued)) assert.equal(error.state, 'terminating')
    await current
    assert.deepEqual(
      (await logOf(vm!)).map(({ op }) => op),
      ['modify', 'terminate'],
    )
    assert.equal((await vm!.wait()).exitType, 'ForcedExit')
  })
})
