// What goes wrong: at one VM, which alone may feel it, or with a thread and all that is on it.

import { lcowBuilder, type FaultRule, type HcsOp, type UtilityVM } from '#dist/index.js'
import { seededRandom } from '#dist/simulation/random.js'
import type { Expected } from './model.js'
import type { Kind } from './plan.js'
import type { Slot } from './slot.js'
import type { Perform } from './vm-actions.js'

/** A built-in guest dials again after a second, virtual milliseconds. */
const BACK_MS = 10_000

/** Whatever is under way has come to an end by then, virtual milliseconds. */
const QUIET_MS = 10_000

/** E_FAIL: no state answers so. */
const FAILURE = 0x8000_4005

/** While `work` runs, a rule for this VM. */
async function under<T>(slot: Slot, rule: Omit<FaultRule, 'id'>, work: () => Promise<T>): Promise<T> {
  const { faults } = slot.world.simulation
  const own: FaultRule = { ...rule, id: slot.id }
  faults.push(own)
  try {
    return await work()
  } finally {
    faults.splice(faults.indexOf(own), 1)
  }
}

const CALLS: readonly [HcsOp, (vm: UtilityVM) => Promise<unknown>][] = [
  ['start', (vm) => vm.start()],
  ['pause', (vm) => vm.pause()],
  ['modify', (vm) => vm.updateMemory(512)],
  ['properties', (vm) => vm.propertiesV2([])],
]

/** A call that the service fails: its caller hears of it, and nothing has changed. */
const failing: Perform = async (slot, action) => {
  const { vm, model } = slot
  if (vm === undefined) return
  const [op, make] = seededRandom(action.seed).pick(CALLS)
  const isSent = model.isCertain && model.power !== 'lost' && slot.outstanding.size === 0
  const expected: Expected | undefined = isSent ? { ok: false, code: 'UVM_HCS_FAILED', says: 'E_FAIL' } : undefined
  if (!isSent) model.unsure()
  await under(slot, { op, fail: FAILURE }, () => slot.call(action, `failing ${op}`, expected, () => make(vm)))
}

/** Its caller has given up when it comes: the VM must go again. */
const lateCreate: Perform = async (slot, action) => {
  const { world, model } = slot
  if (slot.vm !== undefined || slot.outstanding.size > 0) return
  slot.mayTimeOut = true
  await under(slot, { op: 'create', delayMs: 300 }, async () => {
    await slot.call(action, 'late create', undefined, async () => {
      const vm = await world.host.createVM(slot.id, lcowBuilder('simulation'), { timeoutMs: 5 })
      world.violated(`#${action.number} ${slot.id}: a create of 300 ms took less than 5 ms`)
      await vm.close()
    })
    await world.simulation.sleep(600)
  })
  if (model.isCertain && world.threadsLost === 0 && !world.neverEnds && (await slot.served()) !== undefined) {
    world.violated(`#${action.number} ${slot.id}: a VM that came late was left`)
  }
}

const crash: Perform = async (slot, action) => {
  const { vm, model, world } = slot
  if (vm === undefined) return
  const isCertain = model.isCertain && model.isAlive && slot.outstanding.size === 0
  await under(slot, { op: 'properties', crash: true }, () =>
    slot.call(action, 'crash', undefined, () => vm.propertiesV2([])),
  )
  await world.simulation.sleep(150)
  if (isCertain && model.isCertain && slot.vm === vm) {
    if (slot.exits !== 1) world.violated(`#${action.number} ${slot.id}: it crashed, and ${slot.exits} exits were told`)
    model.power = 'gone'
    if (model.guest !== 'none') model.guest = 'unsure'
  } else model.unsure()
}

/** The service forgets the handle. */
const serviceGone: Perform = async (slot, action) => {
  const { vm, model, world } = slot
  if (vm === undefined) return
  const isCertain = model.isCertain && model.isAlive && slot.outstanding.size === 0
  await under(slot, { op: 'properties', disconnect: true }, () =>
    slot.call(action, 'service gone', undefined, () => vm.propertiesV2([])),
  )
  await world.simulation.sleep(150)
  model.unsure()
  if (slot.vm !== vm) return
  model.power = 'lost'
  model.isCertain = isCertain && world.threadsLost === 0
}

/**
 * A call that never ends: its caller's time does, and all other VMs go on. Not where it would hold one of few slots for ever, nor with calls
 * behind it that have no time of their own: those wait for it.
 */
const never: Perform = async (slot, action) => {
  const { vm, model, world } = slot
  if (vm === undefined || slot.outstanding.size > 0 || world.hasLimits) return
  world.neverEnds = true
  slot.isStuck = true
  slot.mayTimeOut = true
  model.unsure()
  await under(slot, { op: 'modify', never: true }, () =>
    slot.call(action, 'never', undefined, () => vm.updateMemory(512, { timeoutMs: 20 })),
  )
}

const cut: Perform = async (slot, action) => {
  const { vm, model, world } = slot
  if (vm === undefined) return
  if (model.guest !== 'none') model.guest = 'unsure'
  const count = world.simulation.cutGuest(vm.runtimeId)
  world.say(`#${action.number} ${slot.id} cut ${count}`)
  await world.simulation.sleep(5)
}

/** The guest's connection breaks, and it dials again: nothing of it is lost but what was under way. */
const comeBack: Perform = async (slot, action) => {
  const { vm, model, world, guest } = slot
  const { simulation } = world
  const isCertain = model.isCertain && model.power === 'running' && model.guest === 'connected'
  if (vm === undefined || guest === undefined || !isCertain || slot.outstanding.size > 0) return
  model.guest = 'unsure'
  slot.mayTimeOut = true
  const back = new Promise<boolean>((resolve) => {
    const timer = simulation.clock.after(BACK_MS, () => resolve(false))
    guest.once('reconnected', () => {
      timer.clear()
      resolve(true)
    })
  })
  world.say(`#${action.number} ${slot.id} cut ${simulation.cutGuest(vm.runtimeId)}, and waited for`)
  const isBack = await back
  // Its VM or its thread may have gone meanwhile, by what was done to others.
  if (!model.isCertain || slot.guest !== guest || simulation.weather.refusedDials > 0) return
  if (!isBack) world.violated(`#${action.number} ${slot.id}: its guest did not come back within ${BACK_MS} ms`)
  else model.guest = 'connected'
}

/** The program is killed: in the middle of everything, or when all that it did has come to an end. */
const restart: Perform = async (slot, action) => {
  const { world } = slot
  world.isHolding = true
  if (seededRandom(action.seed).chance(0.5)) {
    for (let waited = 0; world.slots.some((one) => one !== slot && one.isBusy) && waited < QUIET_MS; waited += 10) {
      await world.simulation.sleep(10)
    }
  }
  slot.isBusy = false
  world.kill(action)
  await new Promise(() => undefined)
}

const loseThread: Perform = async (slot, action) => {
  const { world } = slot
  const { simulation } = world
  const { threadIds } = simulation
  if (threadIds.length === 0) return
  const threadId = seededRandom(action.seed).pick(threadIds)
  world.threadsLost++
  for (const { model } of world.slots) model.unsure()
  const lost = await simulation.loseThread(threadId)
  world.say(`#${action.number} thread ${threadId} ${lost ? 'lost' : 'was gone'}`)
}

export const FAULT_ACTIONS: Partial<Record<Kind, Perform>> = {
  failing,
  lateCreate,
  crash,
  serviceGone,
  never,
  cut,
  comeBack,
  loseThread,
  restart,
}
