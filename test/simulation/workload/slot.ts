// One VM of a run: what is called on it, what its model makes of that, and what must hold however it ends.

import {
  ActorLostError,
  OperationTimeoutError,
  UVMError,
  type Guest,
  type Host,
  type Simulation,
  type UtilityVM,
} from '#dist/index.js'
import { mismatch, Model, type Expected } from './model.js'
import type { Action } from './plan.js'

/** A thread that is lost may take the question with it; those that are lost too often are given up. */
const TRIES = 10

/** What all slots of a run share. */
export interface World {
  readonly simulation: Simulation
  readonly host: Host
  readonly say: (line: string) => void
  /** Something does not hold. */
  readonly violated: (what: string) => void
  /** An actor thread was lost: from then on calls may reject with ActorLostError. */
  threadsLost: number
  readonly slots: Slot[]
  /** Slots are few. */
  readonly hasLimits: boolean
  /** A call of the service never ends: nor need the handle that it is on. */
  neverEnds: boolean
  /** No slot begins anything more. */
  isHolding: boolean
  /** The program is killed, at once after what happens now; what follows is another one's, with a world of its own. */
  readonly kill: (action: Action) => void
  /** The program is gone: what is left of it here counts for nothing. */
  isGone: boolean
}

export class Slot {
  readonly model = new Model()
  readonly id: string
  readonly world: World
  vm: UtilityVM | undefined
  /** Handles that told an exit. */
  readonly exited = new Set<UtilityVM>()
  /** For exits, without a time. */
  readonly waits = new Set<Promise<void>>()
  /** All that were ever given. */
  readonly vms = new Set<UtilityVM>()
  /** One that was closed. */
  formerVm: UtilityVM | undefined
  guest: Guest | undefined
  /** Exits that the handle told. */
  exits = 0
  /** Calls that have not settled. */
  readonly outstanding = new Set<Promise<unknown>>()
  /** Times given by us: a call may end by them. */
  mayTimeOut = false
  mayAbort = false
  /** A call on its handle never ends: nothing more is called on it. */
  isStuck = false
  /** In the middle of something. */
  isBusy = false

  constructor(
    readonly number: number,
    world: World,
    /** Its VMs live on without a handle. */
    readonly stays: boolean,
  ) {
    this.id = `vm-${number}`
    this.world = world
  }

  take(vm: UtilityVM): void {
    this.vm = vm
    this.vms.add(vm)
    this.exits = 0
    let exits = 0
    vm.on('exit', () => {
      exits++
      this.exited.add(vm)
      if (this.vm === vm) this.exits = exits
      this.world.say(`${this.id} exit`)
      if (exits > 1) this.world.violated(`${this.id}: its exit was told ${exits} times`)
    })
  }

  /** Everything that was called has settled. */
  async quiet(): Promise<void> {
    while (this.outstanding.size > 0) await Promise.allSettled([...this.outstanding])
  }

  /**
   * Makes a call and holds it against the model. Never rejects; answers what the call does, or undefined when it failed.
   *
   * @param expected undefined: anything that is typed will do
   */
  async call<T>(
    action: Action,
    what: string,
    expected: Expected | undefined,
    make: () => Promise<T>,
  ): Promise<{ value?: T; error?: unknown }> {
    const { world, id } = this
    const label = `#${action.number} ${id} ${what}`
    world.say(`${label} ...`)
    const settled = (async () => {
      try {
        return { value: await make() }
      } catch (error) {
        this.#checkError(label, error)
        return { error }
      }
    })()
    this.outstanding.add(settled)
    const outcome: { value?: T; error?: unknown } = await settled
    this.outstanding.delete(settled)
    const { error } = outcome
    world.say(`${label} -> ${error === undefined ? 'ok' : nameOf(error)}`)
    if (error instanceof ActorLostError) {
      this.model.unsure()
      return outcome
    }
    // Its thread may have been lost meanwhile.
    const wrong = expected === undefined || !this.model.isCertain ? undefined : mismatch(expected, error)
    if (wrong !== undefined) world.violated(`${label}: ${wrong}`)
    return outcome
  }

  #checkError(label: string, error: unknown): void {
    const { world } = this
    if (!(error instanceof UVMError)) {
      world.violated(`${label}: an error that is not ours: ${String((error as Error | undefined)?.stack ?? error)}`)
      return
    }
    if (error.op === undefined) world.violated(`${label}: an error that does not say what was tried: ${error.message}`)
    if (error.id !== undefined && error.id !== this.id && !error.id.startsWith(`${this.id}:`)) {
      world.violated(`${label}: an error of another VM: ${error.message}`)
    }
    if (error instanceof ActorLostError && world.threadsLost === 0) {
      world.violated(`${label}: an actor was lost, and no thread was: ${error.message}`)
    }
    if (error instanceof OperationTimeoutError && !this.mayTimeOut && !world.neverEnds) {
      world.violated(`${label}: its time ran out, and nothing held it up: ${error.message}`)
    }
    if (error.code === 'ABORT_ERR' && !this.mayAbort) world.violated(`${label}: nobody aborted it: ${error.message}`)
  }

  /** What the service has, when everything is quiet; undefined when there is no such VM, 'unknown' when nobody is left who could ask. */
  async served(): Promise<string | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        const [found] = await this.world.host.listVMs({ Ids: [this.id] })
        return found?.State
      } catch (error) {
        if (!(error instanceof ActorLostError) || this.world.threadsLost === 0) throw error
        await this.world.simulation.sleep(10)
      }
    }
    return 'unknown'
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof UVMError)) return String(error)
  const { hresultName, state } = error as { hresultName?: string; state?: string }
  return [error.name, hresultName ?? state].filter((part) => part !== undefined).join(' ')
}
