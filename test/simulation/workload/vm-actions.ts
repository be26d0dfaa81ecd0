// What is done to VMs.

import assert from 'node:assert/strict'
import { ActorLostError, lcowBuilder, type CallOptions, type UtilityVM } from '#dist/index.js'
import { seededRandom } from '#dist/simulation/random.js'
import type { Expected } from './model.js'
import type { Action, Kind } from './plan.js'
import type { Slot } from './slot.js'

const OK: Expected = { ok: true }
const LUNS = 4
/** A saved state of the service's memory, on every system. */
const SAVED = '\\\\simulation\\saved.vmrs'

export type Perform = (slot: Slot, action: Action) => Promise<void>

/** Needs an open handle. */
type WithVm = (slot: Slot, action: Action, vm: UtilityVM) => Promise<void>

/** Of one that nobody had a handle of the service cannot always say. */
const LINUX = { guestOS: 'linux' } as const

/** Owner tag of all VMs. */
export const OWNER = 'simulation'

function builder(stays: boolean): ReturnType<typeof lcowBuilder> {
  return lcowBuilder(OWNER, { processors: 1, memoryMB: 512 }).setTerminateOnLastHandleClosed(!stays)
}

function lunOf(action: Action): number {
  return seededRandom(action.seed).below(LUNS)
}

/** A call that the model knows: held against it, and followed. */
export function modelled(slot: Slot, action: Action, vm: UtilityVM, kind: Kind, options?: CallOptions): Promise<void> {
  const lun = lunOf(action)
  const expected = slot.model.expect(kind, lun)
  return slot
    .call(action, kind, expected, () => make(vm, kind, lun, action.number, options))
    .then(({ error }) => {
      if (error === undefined && expected?.ok === true && slot.model.isCertain) slot.model.follow(kind, lun)
      if (kind !== 'terminate' || error !== undefined) return
      if (slot.exits === 0 && slot.vm === vm && slot.model.power !== 'none') {
        slot.world.violated(`#${action.number} ${slot.id}: terminate was answered before its exit was told`)
      }
    })
}

function make(vm: UtilityVM, kind: Kind, lun: number, number: number, options?: CallOptions): Promise<unknown> {
  switch (kind) {
    case 'start':
      return vm.start(options)
    case 'pause':
      return vm.pause(options)
    case 'resume':
      return vm.resume(options)
    case 'save':
      return vm.save({ SaveType: 'ToFile', SaveStateFilePath: SAVED }, options)
    case 'addDisk':
      return vm.addSCSIDisk({ Type: 'VirtualDisk', Path: `\\\\simulation\\disk-${number}.vhdx` }, 0, lun, options)
    case 'removeDisk':
      return vm.removeSCSIDisk(0, lun, options)
    case 'updateMemory':
      return vm.updateMemory(512, options)
    case 'terminate':
      return vm.terminate(options)
    default:
      return vm.propertiesV2([], options)
  }
}

const create: Perform = async (slot, action) => {
  const { model, world } = slot
  if (slot.vm !== undefined) return start(slot, action)
  const expected = model.isCertain && model.power === 'none' ? OK : undefined
  let { value } = await slot.call(action, 'create', expected, () => world.host.createVM(slot.id, builder(slot.stays)))
  // One that nobody had a handle of may be there.
  const isFound = value === undefined && (world.threadsLost > 0 || slot.stays)
  if (isFound) value = (await slot.call(action, 'open', undefined, () => world.host.openVM(slot.id, LINUX))).value
  if (value === undefined) return
  slot.take(value)
  model.created()
  if (action.overlaps || slot.outstanding.size > 0 || isFound || world.threadsLost > 0) model.unsure()
}

function needsVm(perform: WithVm): Perform {
  return async (slot, action) => {
    if (slot.vm === undefined) return create(slot, action)
    await perform(slot, action, slot.vm)
  }
}

const simple = (kind: Kind): Perform => needsVm((slot, action, vm) => modelled(slot, action, vm, kind))
const start: Perform = needsVm((slot, action, vm) => modelled(slot, action, vm, 'start'))

const createTwice: Perform = needsVm(async (slot, action) => {
  const { model, world } = slot
  if (!model.isAlive) return
  const says = 'HCS_E_SYSTEM_ALREADY_EXISTS'
  const expected: Expected | undefined = model.isCertain ? { ok: false, code: 'UVM_HCS_FAILED', says } : undefined
  // Where the first has ended unseen there is a second for a moment, which goes with its handle; nothing is quiet until it is gone.
  await slot.call(action, 'createTwice', expected, async () => {
    const second = await world.host.createVM(slot.id, builder(false))
    await second.close()
  })
})

const openTwice: Perform = async (slot, action) => {
  const { model, world } = slot
  const isThere = model.isAlive
  const expected: Expected | undefined = !model.isCertain
    ? undefined
    : isThere
      ? OK
      : model.power === 'lost'
        ? undefined
        : { ok: false, code: 'UVM_HCS_FAILED', says: 'HCS_E_SYSTEM_NOT_FOUND' }
  const { value } = await slot.call(action, 'openTwice', expected, () => world.host.openVM(slot.id))
  if (value !== undefined) await slot.call(action, 'close the second', OK, () => value.close())
}

/** Nobody waits for it: it settles with the exit, or when the handle closes. */
const wait: Perform = needsVm(async (slot, action, vm) => {
  const label = `#${action.number} ${slot.id} wait`
  slot.waits.add(
    vm.wait().then(
      () => slot.world.say(`${label} -> ok`),
      (error: unknown) => {
        slot.world.say(`${label} -> ${String(error)}`)
        const hasExited = slot.exited.has(vm)
        if (hasExited && !(error instanceof ActorLostError)) {
          slot.world.violated(`${label}: the exit was told, and not to who waited for it: ${String(error)}`)
        }
      },
    ),
  )
})

const shutdown: Perform = needsVm(async (slot, action, vm) => {
  slot.model.unsure()
  await slot.call(action, 'shutdown', undefined, () => vm.shutdown())
  await slot.world.simulation.sleep(20)
})

const close: Perform = needsVm(async (slot, action, vm) => {
  slot.formerVm = vm
  slot.vm = undefined
  slot.guest = undefined
  const ended = slot.stays ? await slot.call(action, 'terminate for good', undefined, () => vm.terminate()) : {}
  // However often, and whatever is under way.
  const again = vm.close()
  await slot.call(action, 'close', OK, () => vm.close())
  await again
  slot.model.closed()
  // A handle that a lost thread had stays with the service, and keeps its VM.
  if (slot.outstanding.size > 0 || ended.error !== undefined || slot.world.threadsLost > 0) slot.model.unsure()
})

const useClosed: Perform = async (slot, action) => {
  const vm = slot.formerVm
  if (vm === undefined) return
  const expected: Expected = { ok: false, code: 'UVM_INVALID_STATE', says: 'closed' }
  await slot.call(action, 'start of a closed handle', expected, () => vm.start())
  await slot.call(action, 'terminate of a closed handle', OK, () => vm.terminate())
}

const badArgument: Perform = needsVm(async (slot, action, vm) => {
  const random = seededRandom(action.seed)
  const calls: (() => Promise<unknown>)[] = [
    () => vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'x' }, 0, -1),
    () => vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'x' }, 0, 1.5),
    () => vm.start({ timeoutMs: -1 }),
    () => vm.terminate({ timeOutMs: 1 } as CallOptions),
    () => slot.world.host.createVM(slot.id, { SchemaVersion: 1 } as never, { guestOs: 'linux' } as never),
    () => slot.world.host.openVM(''),
  ]
  await slot.call(action, 'bad argument', { ok: false, code: 'UVM_INVALID_CONFIG' }, random.pick(calls))
})

const abortedBefore: Perform = needsVm(async (slot, action, vm) => {
  slot.mayAbort = true
  const signal = AbortSignal.abort()
  const isNeeded = !(slot.model.isCertain && slot.model.power === 'gone')
  const expected: Expected | undefined = isNeeded ? { ok: false, code: 'ABORT_ERR' } : undefined
  await slot.call(action, 'aborted before', expected, () => vm.pause({ signal }))
})

const SOMETHING: readonly Kind[] = ['start', 'pause', 'resume', 'addDisk', 'removeDisk', 'properties', 'terminate']

const abortedDuring: Perform = needsVm(async (slot, action, vm) => {
  slot.mayAbort = true
  slot.model.unsure()
  const random = seededRandom(action.seed)
  const controller = new AbortController()
  slot.world.simulation.clock.after(random.next() * 10, () => controller.abort())
  await modelled(slot, action, vm, random.pick(SOMETHING), { signal: controller.signal })
})

const timedOut: Perform = needsVm(async (slot, action, vm) => {
  slot.mayTimeOut = true
  slot.model.unsure()
  const random = seededRandom(action.seed)
  await modelled(slot, action, vm, random.pick(SOMETHING), { timeoutMs: 1 + random.next() * 10 })
})

/** Many changes at once: each settles, and they end in the order of their calls. */
const burst: Perform = needsVm(async (slot, action, vm) => {
  slot.model.unsure()
  const random = seededRandom(action.seed)
  const ended: number[] = []
  const calls = Array.from({ length: 2 + random.below(5) }, (_, index) => {
    const number = action.number + index / 100
    const made = make(vm, 'addDisk', random.below(LUNS), number)
    return slot
      .call({ ...action, number }, 'burst addDisk', undefined, () => made)
      .then(({ error }) => {
        if (error === undefined) ended.push(index)
      })
  })
  await Promise.all(calls)
  if (ended.some((index, at) => at > 0 && index < ended[at - 1]!)) {
    slot.world.violated(
      `#${action.number} ${slot.id}: changes ended in another order than they were called in: ${ended.join()}`,
    )
  }
})

/** Changes that wait are refused when their VM or its handle ends, and each settles. */
const endBusy: Perform = needsVm(async (slot, action, vm) => {
  slot.model.unsure()
  const random = seededRandom(action.seed)
  const changes = Array.from({ length: 2 + random.below(4) }, (_, index) =>
    slot.call({ ...action, number: action.number + index / 100 }, 'busy addDisk', undefined, () =>
      make(vm, 'addDisk', random.below(LUNS), action.number + index / 100),
    ),
  )
  await (random.chance(0.5) ? close(slot, action) : modelled(slot, action, vm, 'terminate'))
  await Promise.all(changes)
})

const check: Perform = async (slot, action) => {
  await slot.quiet()
  await settleModel(slot, `#${action.number}`)
}

const list: Perform = async (slot, action) => {
  await slot.call(action, 'list', OK, () => slot.world.host.listVMs())
}

export const VM_ACTIONS: Partial<Record<Kind, Perform>> = {
  create,
  createTwice,
  openTwice,
  start: simple('start'),
  pause: simple('pause'),
  resume: simple('resume'),
  save: simple('save'),
  addDisk: simple('addDisk'),
  removeDisk: simple('removeDisk'),
  updateMemory: simple('updateMemory'),
  properties: simple('properties'),
  wait,
  terminate: simple('terminate'),
  shutdown,
  close,
  useClosed,
  badArgument,
  abortedBefore,
  abortedDuring,
  timedOut,
  burst,
  endBusy,
  check,
  list,
}

export const POWERS: Readonly<Record<string, 'created' | 'running' | 'paused'>> = {
  Created: 'created',
  Running: 'running',
  Paused: 'paused',
}

/** The model and the service agree; where the model was not certain it learns. Nothing is under way. */
export async function settleModel(slot: Slot, label: string): Promise<void> {
  const { model, world } = slot
  const state = await slot.served()
  if (state === 'unknown') return
  const power = state === undefined ? undefined : POWERS[state]
  assert(state === undefined || power !== undefined, `${label}: the service tells of the state ${state}`)
  if (model.isCertain) {
    const wanted = model.isAlive ? model.power : undefined
    // The handle that the service forgot says nothing of the VM.
    if (model.power !== 'lost' && wanted !== power) {
      world.violated(`${label} ${slot.id}: the model says ${model.power}, the service ${state ?? 'that there is none'}`)
    }
    return
  }
  if (slot.vm === undefined || model.power === 'lost' || world.threadsLost > 0) return
  model.power = power ?? 'gone'
  // A change that was given up may still be with the service.
  model.isCertain = true
}
