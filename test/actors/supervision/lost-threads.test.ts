// Actor threads that die under load: 1 of 2, then 2 of 2, then their replacements once. Every VM runs on, every guest is there again or
// told to be gone, no call hangs, every handle is given back.

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { ActorLostError, type Guest, type Host, type UtilityVM } from '#dist/index.js'
import { ActorWorkers } from '../../support/actor-threads.js'
import { linux, minimal } from '../../support/documents.js'
import { describeDouble, DOUBLE } from '../../support/double.js'
import { assertNothingOpen, SIMULATED, type VmProvider } from '../../support/host.js'

const VMS = 200
const THREADS = 2
const BATCH = 20

/** Calls in a VM until told to end; each settles, with its answer or with ActorLostError. */
class Load {
  readonly #vms: readonly UtilityVM[]
  #isOver = false
  readonly #running: Promise<void>[]
  readonly #wrong: Error[] = []
  answered = 0
  lost = 0

  constructor(vms: readonly UtilityVM[]) {
    this.#vms = vms
    this.#running = this.#vms.map((vm) => this.#run(vm))
  }

  async #run(vm: UtilityVM): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      try {
        if (n % 2 === 0) await vm.propertiesV2([])
        else await vm.updateMemory(256 + 2 * (n % 4))
        this.answered++
      } catch (error) {
        if (error instanceof ActorLostError && typeof error.sent === 'boolean') this.lost++
        else this.#wrong.push(error as Error)
      }
      // One call a VM at a time, and a little of everything.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
    assert.deepEqual(this.#wrong, [])
  }
}

/** Every VM's guest: connected, lost and back. */
class GuestWatch {
  readonly #guests: readonly Guest[]
  readonly #up: Set<Guest>
  #changed: () => void = () => undefined
  disconnects = 0

  constructor(guests: readonly Guest[]) {
    this.#guests = guests
    this.#up = new Set(guests)
    for (const guest of guests) {
      guest.on('disconnected', (error) => {
        // Closed by the test.
        if (error === undefined) return
        this.disconnects += error instanceof ActorLostError ? 1 : Infinity
        this.#up.delete(guest)
      })
      guest.on('reconnected', () => {
        this.#up.add(guest)
        this.#changed()
      })
    }
  }

  /** Resolves when all are connected again. */
  async allBack(): Promise<void> {
    while (this.#up.size < this.#guests.length) await new Promise<void>((resolve) => (this.#changed = resolve))
  }
}

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += BATCH) {
    results.push(...(await Promise.all(items.slice(at, at + BATCH).map(work))))
  }
  return results
}

/** The n-th 'actor-restarted' of a kind and later. */
function restarts(host: Host): { of: (kind: string) => number; until: (vms: number) => Promise<void> } {
  const counts = new Map<string, number>()
  const changes = new Set<() => void>()
  host.on('actor-restarted', (kind, _id, cause) => {
    assert(cause instanceof Error)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    for (const change of changes) change()
    changes.clear()
  })
  const of = (kind: string): number => counts.get(kind) ?? 0
  return {
    of,
    until: async (vms) => {
      while (of('vm') < vms) await new Promise<void>((resolve) => changes.add(resolve))
    },
  }
}

/** A thread that dies while it starts is none that was lost. */
async function allThere(host: Host): Promise<void> {
  while ((await host.stats()).threads.actors < THREADS) await new Promise((resolve) => setImmediate(resolve))
}

function behaves(provider: VmProvider, open: () => Promise<Host>): void {
  let workers: ActorWorkers
  let host: Host

  beforeEach(async () => {
    workers = await ActorWorkers.open(open, THREADS)
    host = workers.host
  })

  afterEach(async () => {
    await host.close()
    workers.end()
  })

  it(`HCS-095 ${VMS} VMs under load outlive 1 of 2 threads, 2 of 2, and the replacements`, async () => {
    const hasGuests = provider.hasBuiltinGuest
    const givenUp: string[] = []
    const told: string[][] = []
    const causes: Error[] = []
    host.on('actor-given-up', (kind, id, cause) => givenUp.push(`${kind} ${id}: ${cause.message}`))
    host.on('thread-lost', (_threadId, cause, vmIds) => {
      told.push(vmIds)
      causes.push(cause)
    })
    const ids = Array.from({ length: VMS }, (_, n) => `vm-${n}`)
    const vms = await inBatches(ids, (id) => host.createVM(id, hasGuests ? linux('quiet -- /bin/gcs') : minimal()))
    const guests = hasGuests ? await inBatches(vms, (vm) => host.createGuest(vm)) : []
    await inBatches(vms, (vm) => vm.start())
    await inBatches(guests, (guest) => guest.createConnection())
    const watch = new GuestWatch(guests)
    const back = restarts(host)
    const load = new Load(vms)

    await workers.kill(1)
    await allThere(host)
    assert.equal(told.length, 1)
    const first = told[0]!.length
    await back.until(first)

    await workers.kill(2)
    await allThere(host)
    await back.until(first + VMS)
    await workers.kill(2)
    await allThere(host)
    await back.until(first + 2 * VMS)
    await load.end()
    // Guests of Linux dial again, and nobody closes them.
    await watch.allBack()
    const answers = await inBatches(guests, (guest) => guest.execInUVM({ args: ['true'] }))
    assert.deepEqual(new Set(answers), new Set(hasGuests ? [0] : []))

    assert.deepEqual(givenUp, [])
    assert.equal(told.length, 5, inspect(causes))
    for (const killed of [told.slice(1, 3), told.slice(3)]) assert.deepEqual(new Set(killed.flat()), new Set(ids))
    // Once for each thread that it was on: what the first of two leaves may have come to the second before that ended, too.
    for (const vmIds of told) assert.equal(new Set(vmIds).size, vmIds.length)
    assert(load.answered > 0)
    await inBatches(vms, async (vm) => {
      const { State } = (await vm.propertiesV2([])) as { State?: string }
      assert.equal(State, 'Running')
    })
    if (hasGuests)
      assert(watch.disconnects >= first && watch.disconnects < Infinity, `${watch.disconnects} disconnects`)
    await inBatches(guests, (guest) => guest.close())
    await inBatches(vms, async (vm) => {
      await vm.terminate()
      assert.equal((await vm.wait()).exitType, 'ForcedExit')
      await vm.close()
    })
    await assertNothingOpen(host)
    assert.equal((await host.stats()).threads.actors, THREADS)
    assert.deepEqual(await host.listVMs(), [])
  })
}

describe('Lost actor threads', () => {
  context('on the simulated service', () => {
    behaves(SIMULATED, () => SIMULATED.open({}, { threads: THREADS }))
  })
})

describeDouble('Lost actor threads', () => {
  behaves(DOUBLE, () => DOUBLE.open({}, { threads: THREADS }))
})
