// A Host whose VMs and guests are fakes: it makes one for each that is asked for, and keeps them as the real one does.

import { HcsError, InvalidStateError } from '../errors.js'
import { row } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { UtilityVMBuilder } from '../builder/builder.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { HRESULT } from '../protocol/hresult.js'
import type { ComputeSystem } from '../protocol/schema/index.js'
import { HOST_EVENTS, type HostEvents } from '../actors/host-events.js'
import type { HostLike } from '../actors/host-like.js'
import { silent, speaking, type MethodsOf } from './answers.js'
import { FakeGuest } from './fake-guest.js'
import { FakeVM } from './fake-vm.js'
import { FAKE_ROWS, refuse, scripted, type Defaults, type FakeOptions } from './scripted.js'

export interface FakeHostOptions extends Omit<FakeOptions, 'id'> {
  /** Called with each VM that the fake makes of its own accord, before its caller has it: the place for its script. */
  onVM?: (vm: FakeVM) => void
  /** The same of each guest. */
  onGuest?: (guest: FakeGuest, vm: FakeVM) => void
}

const FUNCTION = row('a function', (value) => typeof value === 'function')
export const HOST_FAKE_OPTIONS = optionTable<FakeHostOptions>('options', {
  log: FAKE_ROWS.log,
  unscripted: FAKE_ROWS.unscripted,
  onVM: FUNCTION,
  onGuest: FUNCTION,
})

const RULES = {
  ...silent({
    modifyServiceSettings: 1,
    grantVMAccess: 2,
    revokeVMAccess: 2,
    grantVMGroupAccess: 1,
    revokeVMGroupAccess: 1,
    createEmptyGuestStateFile: 1,
    createEmptyRuntimeStateFile: 1,
    close: 0,
  }),
  ...speaking({
    createVM: 2,
    openVM: 1,
    createGuest: 1,
    recover: 0,
    listVMs: 1,
    serviceProperties: 1,
    workingSet: 1,
    processorCompatibility: 1,
    stats: 1,
  }),
}

const HostBase = scripted<HostEvents, HostLike>('host', HOST_EVENTS, RULES)

export class FakeHost extends HostBase implements HostLike {
  readonly #vms: FakeVM[] = []
  readonly #guests = new Map<FakeVM, FakeGuest>()
  readonly #onVM: FakeHostOptions['onVM']
  readonly #onGuest: FakeHostOptions['onGuest']
  #made = 0

  /** @throws {InvalidConfigError} a bad option */
  constructor(options: FakeHostOptions = {}) {
    checkOptions({ op: 'host script' }, options, HOST_FAKE_OPTIONS)
    super(undefined, options)
    this.#onVM = options.onVM
    this.#onGuest = options.onGuest
  }

  /** Those that it has made and that are not closed. */
  get vms(): FakeVM[] {
    return [...this.#vms]
  }

  /** The one with this id. @throws {InvalidConfigError} it has made none, or it was closed */
  vm(id: string): FakeVM {
    return this.#vms.findLast((vm) => vm.id === id) ?? refuse('host script', 'id', id, 'there is no such VM')
  }

  guestOf(vm: FakeVM): FakeGuest | undefined {
    return this.#guests.get(vm)
  }

  /** Keeps nothing alive, and so has nothing to let go of. */
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  #newVM(id: string, guestOS: GuestOS): FakeVM {
    const runtimeId = `00000000-0000-0000-0000-${(++this.#made).toString(16).padStart(12, '0')}`
    const vm: FakeVM = new FakeVM(
      { ...this.surroundings, id, runtimeId, guestOS },
      {
        exited: (exit) => {
          this.#guests.get(vm)?.ends()
          this.emit('vm-exited', id, exit)
        },
        closed: () => {
          this.#guests.get(vm)?.ends()
          this.#vms.splice(this.#vms.indexOf(vm), 1)
        },
      },
    )
    this.#vms.push(vm)
    this.#onVM?.(vm)
    return vm
  }

  #newGuest(vm: FakeVM): FakeGuest {
    const { id, guestOS } = vm
    if (this.#guests.has(vm)) {
      const reason = 'the VM has a Guest already'
      throw new InvalidStateError({ op: 'host.createGuest', id, state: 'guest-exists', reason })
    }
    const guest = new FakeGuest(
      { ...this.surroundings, id, guestOS },
      {
        disconnected: (...error) => this.emit('guest-disconnected', id, ...error),
        closed: () => this.#guests.delete(vm),
      },
    )
    this.#guests.set(vm, guest)
    this.#onGuest?.(guest, vm)
    this.emit('guest-created', id)
    return guest
  }

  protected override defaults(): Defaults<HostLike> {
    const living = (id: string): FakeVM | undefined => {
      return this.#vms.findLast((vm) => vm.id === id && vm.exit === undefined)
    }
    return {
      createVM: (id: string, config: UtilityVMBuilder | ComputeSystem, options?: { guestOS?: GuestOS }) => {
        if (living(id) !== undefined) {
          throw new HcsError({ op: 'host.createVM', id, hresult: HRESULT.HCS_E_SYSTEM_ALREADY_EXISTS })
        }
        return this.#newVM(id, options?.guestOS ?? systemOf(config))
      },
      openVM: (id: string) => {
        const vm = living(id)
        if (vm !== undefined) return vm
        throw new HcsError({ op: 'host.openVM', id, hresult: HRESULT.HCS_E_SYSTEM_NOT_FOUND })
      },
      createGuest: (vm: FakeVM) => {
        if (this.#vms.includes(vm)) return this.#newGuest(vm)
        return refuse('host.createGuest', 'vm', vm, 'expected a VM of this fake Host; script createGuest for another')
      },
      close: () => undefined,
    }
  }

  protected override done(method: MethodsOf<HostLike>): void {
    if (method !== 'close') return
    for (const vm of this.vms) vm.ends()
    this.endEvents()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** As a builder says; a document is that of a Linux guest unless the call says otherwise. */
function systemOf(config: UtilityVMBuilder | ComputeSystem): GuestOS {
  return 'guestOS' in config ? config.guestOS : 'linux'
}
