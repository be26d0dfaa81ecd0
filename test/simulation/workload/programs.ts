// Programs that follow each other on one service: what of a killed one is there for the next, and what is not.

import type { Host, Simulation } from '#dist/index.js'
import type { Action, Plan } from './plan.js'
import { Slot, type World } from './slot.js'
import { OWNER, POWERS } from './vm-actions.js'

/** What the service had under way for the one that is gone has come to an end, virtual milliseconds. */
const SETTLE_MS = 1000

export class Programs {
  readonly #plan: Plan
  readonly #simulation: Simulation
  readonly #say: World['say']
  readonly #violated: World['violated']
  #world: World
  #killed!: Promise<Action>

  constructor(plan: Plan, simulation: Simulation, say: World['say'], violated: World['violated']) {
    this.#plan = plan
    this.#simulation = simulation
    this.#say = say
    this.#violated = violated
    this.#world = this.#begin(simulation.host)
  }

  /** Of the one that runs. */
  get world(): World {
    return this.#world
  }

  /** By which action the one that runs is killed, when it is. */
  get killed(): Promise<Action> {
    return this.#killed
  }

  #begin(host: Host): World {
    let kill = (_action: Action): void => undefined
    this.#killed = new Promise((resolve) => (kill = resolve))
    const world: World = {
      simulation: this.#simulation,
      host,
      say: (line) => void (world.isGone || this.#say(line)),
      violated: (what) => void (world.isGone || this.#violated(what)),
      hasLimits: this.#plan.limits !== undefined,
      slots: [],
      threadsLost: 0,
      neverEnds: false,
      isHolding: false,
      kill,
      isGone: false,
    }
    for (let number = 0; number < this.#plan.slots; number++) {
      world.slots.push(new Slot(number, world, this.#plan.restarts && number % 2 === 1))
    }
    return world
  }

  /** Kills the one that runs, and starts another, which takes over what is left of it. */
  async next(): Promise<void> {
    const last = this.#world
    this.#say(`the program is killed`)
    last.isGone = true
    this.#simulation.faults.length = 0
    const world = this.#begin(await this.#simulation.restart())
    this.#world = world
    world.neverEnds = last.neverEnds
    await this.#simulation.sleep(SETTLE_MS)
    for (const [number, slot] of world.slots.entries()) await takeOver(slot, last.slots[number]!)
  }
}

async function takeOver(slot: Slot, last: Slot): Promise<void> {
  const { world, id, model } = slot
  // What never ends keeps its VM where it is.
  slot.isStuck = last.isStuck
  if (slot.isStuck) return model.unsure()
  const state = await slot.served()
  const power = state === undefined ? undefined : POWERS[state]
  const isKnown = last.model.isCertain && !last.isBusy && last.outstanding.size === 0 && last.world.threadsLost === 0
  if (!slot.stays) {
    if (state !== undefined) world.violated(`${id} went with its program, and the service has it ${state}`)
    return
  }
  if (isKnown && last.model.power !== 'lost') {
    const wanted = last.model.isAlive ? last.model.power : undefined
    if (wanted !== power)
      world.violated(`${id} was ${last.model.power} when its program died, and is ${state ?? 'gone'}`)
  }
  const adopt = (vm: { Id: string }): 'adopt' | 'leave' => (vm.Id === id ? 'adopt' : 'leave')
  const { vms, guests, failed } = await world.host.recover({ owner: OWNER, adopt, timeoutMs: 120_000 })
  world.say(`${id} recovered: ${vms.length} VMs, ${guests.length} guests, ${failed.length} failures`)
  let [vm] = vms
  if (power !== undefined && vm === undefined) world.violated(`${id} is ${state}, and was not taken over`)
  // One that was being made when its program died may come yet.
  if (vm === undefined) return isKnown ? undefined : model.unsure()
  if (!isKnown && guests.length === 0) {
    // Nobody has written down which system it runs.
    await vm.close()
    vm = await world.host.openVM(id, { guestOS: 'linux' })
  }
  slot.take(vm)
  model.created()
  model.power = power ?? 'gone'
  slot.guest = guests[0]
  slot.guest?.on('disconnected', () => {
    if (model.guest === 'connected') model.guest = 'unsure'
    world.say(`${id} disconnected`)
  })
  const hadGuest = isKnown && last.model.guest === 'connected' && last.model.power === 'running'
  if (hadGuest && world.simulation.weather.refusedDials === 0) {
    const why = failed.filter((one) => one.id === id).map(({ error }) => error.message)
    if (guests.length === 0) world.violated(`${id}: its guest was not taken back: ${why.join()}`)
    model.guest = 'connected'
  } else if (slot.guest !== undefined) model.guest = 'unsure'
  if (!isKnown) model.unsure()
  else model.disks = last.model.disks
}

/** Ends every VM, whoever has a handle on it. */
export async function endAll({ host }: World): Promise<void> {
  const found = await host.listVMs({ Owners: [OWNER] }).catch(() => [])
  await Promise.all(
    found.map(async ({ Id }) => {
      const vm = await host.openVM(Id).catch(() => undefined)
      await vm?.terminate().catch(() => undefined)
      await vm?.close()
    }),
  )
}
