// One run: a plan, performed, and everything that must hold after each step and at the end.

import { Simulation, SimulationStuckError } from '#dist/index.js'
import { FAULT_ACTIONS } from './fault-actions.js'
import { GUEST_ACTIONS } from './guest-actions.js'
import { onArrival } from './order.js'
import type { Action, Kind, Plan } from './plan.js'
import { endAll, Programs } from './programs.js'
import type { Slot, World } from './slot.js'
import { settleModel, VM_ACTIONS, type Perform } from './vm-actions.js'

export interface RunResult {
  /** The first thing that did not hold. */
  violation: string | undefined
  /** What was called, and what came of it. */
  trace: readonly string[]
  fingerprint: string
  /** Steps of the scheduler. */
  events: number
}

const ACTIONS = { ...VM_ACTIONS, ...GUEST_ACTIONS, ...FAULT_ACTIONS } as Record<Kind, Perform>

/** Virtual time that a run may take: no deadline of the library is longer. */
const LIMIT_MS = 1_200_000
/** What happens behind the answers, such as an exit that is late. */
const SETTLE_MS = 200

/** These wait for everything that is under way. */
const ALONE: ReadonlySet<Kind> = new Set(['check', 'lateCreate', 'comeBack', 'restart'])

class Violation extends Error {}

export async function run(plan: Plan, onTrace?: (line: string) => void): Promise<RunResult> {
  const trace: string[] = []
  const { roughness } = plan
  const simulation = await Simulation.open({
    seed: plan.seed,
    host: {
      threads: plan.threads,
      isolation: plan.dedicated ? 'dedicated' : 'pooled',
      ...(plan.limits === undefined ? {} : { limits: plan.limits }),
      ...(plan.restarts ? { journal: 'journal' } : {}),
    },
    simulated: { latency: { start: [0, 20], modify: [0, 4], terminate: [0, 10], properties: [0, 1] } },
    weather: {
      lateAnswers: roughness * 0.2,
      lateMs: 100,
      repeatedEvents: roughness * 0.5,
      refusedDials: roughness > 0.5 ? roughness * 0.2 : 0,
    },
    ...(onTrace === undefined ? {} : { onTrace }),
  })
  let violation: string | undefined
  let fail = (_error: Error): void => undefined
  const failed = new Promise<never>((_resolve, reject) => (fail = reject))
  failed.catch(() => undefined)
  const say = (line: string): void => void trace.push(`${simulation.clock.now().toFixed(3)} ${line}`)
  const violated = (what: string): void => {
    violation ??= what
    say(`VIOLATION ${what}`)
    fail(new Violation(what))
  }
  const programs = new Programs(plan, simulation, say, violated)
  const stray = (error: unknown): void =>
    violated(`an error that nobody caught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.on('unhandledRejection', stray)
  const unlisten = watchOrder(violated)
  try {
    await simulation.run(() => Promise.race([perform(plan, programs), failed]), { limitMs: LIMIT_MS })
    await simulation.close()
    checkEnd(simulation, programs.world)
  } catch (error) {
    if (error instanceof SimulationStuckError) violated(`something never settles: ${error.message}`)
    else if (!(error instanceof Violation)) stray(error)
  } finally {
    unlisten()
    process.off('unhandledRejection', stray)
  }
  return { violation, trace, fingerprint: simulation.fingerprint, events: simulation.steps }
}

/** Changes of one handle reach the service in the order in which they were called. */
function watchOrder(violated: World['violated']): () => void {
  const last = new Map<number, number>()
  return onArrival((_service, handle, argument) => {
    const number = Number(/disk-([\d.]+)\.vhdx/.exec(argument)?.[1] ?? NaN)
    if (Number.isNaN(number)) return
    const before = last.get(handle) ?? -1
    if (number < before) violated(`a change of ${number} reached the service behind that of ${before}`)
    last.set(handle, number)
  })
}

async function perform(plan: Plan, programs: Programs): Promise<void> {
  for (let from = 0; ;) {
    const killer = await Promise.race([all(plan, programs.world, from), programs.killed])
    if (killer === undefined) break
    await programs.next()
    // What the program had not done yet went with it.
    from = killer.number + 1
  }
  const { world } = programs
  await world.simulation.sleep(SETTLE_MS)
  for (const slot of world.slots) await settleModel(slot, 'at the end')
  await closeAll(plan, world)
}

/** The actions from one on, those of a slot one after the other. */
async function all(plan: Plan, world: World, from: number): Promise<undefined> {
  await Promise.all(
    world.slots.map(async (slot, number) => {
      for (const action of plan.actions) {
        if (action.slot !== number || action.number < from) continue
        if (world.isHolding) await new Promise(() => undefined)
        slot.isBusy = true
        await step(slot, action, world)
        slot.isBusy = false
      }
      await slot.quiet()
    }),
  )
}

async function step(slot: Slot, action: Action, world: World): Promise<void> {
  const { simulation } = world
  if (slot.isStuck) return
  if (action.pauseMs > 0) await simulation.sleep(action.pauseMs)
  if (action.overlaps && !ALONE.has(action.kind)) {
    slot.model.unsure()
    // It is there until it has settled.
    const performed = ACTIONS[action.kind](slot, action)
    slot.outstanding.add(performed)
    void performed.then(
      () => slot.outstanding.delete(performed),
      (error: unknown) => world.violated(String(error)),
    )
    return
  }
  if (!slot.model.isCertain) {
    await slot.quiet()
    await simulation.sleep(SETTLE_MS)
    await settleModel(slot, `#${action.number}`)
  }
  await ACTIONS[action.kind](slot, action)
  for (const { thread, error } of simulation.crashes)
    world.violated(`${thread} died: ${String((error as Error).stack)}`)
}

/** Everything that was opened is closed again, and the Host knows that. */
async function closeAll(plan: Plan, world: World): Promise<void> {
  const { host, simulation, slots } = world
  if (world.neverEnds) return
  if (plan.restarts) await endAll(world)
  await Promise.all(slots.flatMap(({ vms }) => [...vms].map((vm) => vm.close())))
  await Promise.all(slots.flatMap(({ waits }) => [...waits]))
  await simulation.sleep(SETTLE_MS)
  // A time that is not over leaves nothing behind.
  await host.listVMs({}, { timeoutMs: LIMIT_MS }).catch(() => undefined)
  const { actors, handles, operations, sockets, queued } = await host.stats()
  const left = { ...actors, handles, operations, sockets, queued }
  if (Object.values(left).some((count) => count !== 0)) {
    world.violated(`everything is closed, and the Host has ${JSON.stringify(left)}`)
  }
  const { slots: taken, timers } = simulation.resources()
  if (timers !== 0) world.violated(`everything is closed, and ${timers} timers run`)
  if (taken !== 0) world.violated(`everything is closed, and ${taken} slots are taken`)
  const living = world.threadsLost > 0 ? [] : (await host.listVMs()).map(({ Id }) => Id)
  if (living.length > 0) {
    world.violated(`everything is closed, and the service has ${living.join(', ')}`)
  }
}

function checkEnd(simulation: Simulation, world: World): void {
  const { slots: _slots, ports, ...rest } = simulation.resources()
  // An actor whose end was forced is looked for once more, over a channel that closes later.
  const left = world.neverEnds ? rest : { ports, ...rest }
  if (Object.values(left).some((count) => count !== 0)) {
    world.violated(`the Host is closed, and there is left: ${JSON.stringify(left)}`)
  }
}
