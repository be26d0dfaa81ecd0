// Taking VMs over from a program that is gone. What the compute service says decides which VMs there are; the journal says what it cannot
// know. Nothing here makes a VM worse: what fails is told, and the VM is left as it was.

import {
  AbortError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  OperationTimeoutError,
} from '../errors.js'
import { row, TEXT } from '../options/rows.js'
import { checkPresent, checkRequired, optionTable } from '../options/table.js'
import type { Container } from './gcs/container/container-proxy.js'
import type { GuestProcess } from './gcs/process/process-proxy.js'
import type { Guest } from './gcs/proxy.js'
import type { HostGuests } from './host-guests.js'
import type { ComputeSystemSummary } from './host-options.js'
import type { HostParts } from './host-parts.js'
import type { HostService } from './host-service.js'
import type { HostVms } from './host-vms.js'
import type { JournalGuest, JournalVm } from './journal/state.js'
import { CALL_ROWS } from './mailbox/call-options.js'
import type { CallOptions } from './mailbox/contract.js'
import { existingVm, type VmSetup } from './vm-setup.js'
import type { UtilityVM } from './vm/proxy.js'

/** What to do with a VM that is found. */
export type RecoverDecision = 'adopt' | 'reap' | 'leave'

export interface RecoverOptions {
  /** Owner tag, as in the create document. */
  owner: string
  adopt: 'all' | ((vm: ComputeSystemSummary) => RecoverDecision)
}

export interface Recovery {
  /** Handles on the VMs that were taken over. */
  vms: UtilityVM[]
  /** Their guests: connected again, or listened for where the VM was never started. */
  guests: Guest[]
  /** Processes whose exit is waited for again, `save().containerId` says in which container. */
  processes: GuestProcess[]
  /** Containers whose exit is waited for again. */
  containers: Container[]
  /** Ids of VMs that were ended. */
  reaped: string[]
  /** Ids of VMs that were left alone. */
  left: string[]
  /** What could not be done, by the id of the VM: also what of an adopted VM could not be taken back, and VMs that have ended meanwhile. */
  failed: { id: string; error: Error }[]
}

const OP = 'host.recover'
/** VMs that are dealt with at once. */
const AT_ONCE = 16

const RECOVER_OPTIONS = optionTable<RecoverOptions & CallOptions>('options', {
  ...CALL_ROWS,
  owner: TEXT,
  adopt: row("'all' or a function", (value) => value === 'all' || typeof value === 'function'),
})

const DECISIONS: readonly unknown[] = ['adopt', 'reap', 'leave'] satisfies RecoverDecision[]

/** The caller's time and signal, for each of many steps. */
interface Bounds {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | undefined
  /** What is left of it. @throws {OperationTimeoutError | AbortError} nothing */
  options(id?: string): CallOptions
}

/** @internal */
export class HostRecovery {
  readonly #parts: HostParts
  readonly #service: HostService
  readonly #vms: HostVms
  readonly #guests: HostGuests

  constructor(parts: HostParts, service: HostService, vms: HostVms, guests: HostGuests) {
    this.#parts = parts
    this.#service = service
    this.#vms = vms
    this.#guests = guests
  }

  async run(options: RecoverOptions & CallOptions): Promise<Recovery> {
    const { owner, adopt } = checked(options)
    this.#parts.assertOpen(OP)
    const bounds = this.#bounds(options)
    const listed = await this.#service.list({ Owners: [owner] }, bounds.options(), OP)
    const found = listed.filter(({ RuntimeId }) => !this.#vms.has(RuntimeId))
    const decided = found.map((vm) => ({ vm, decision: adopt === 'all' ? 'adopt' : decide(adopt, vm) }))
    const recovery: Recovery = {
      vms: [],
      guests: [],
      processes: [],
      containers: [],
      reaped: [],
      left: [],
      failed: this.#endedOf(owner, listed),
    }
    await eachOf(decided, AT_ONCE, async ({ vm, decision }) => {
      try {
        if (decision === 'leave') recovery.left.push(vm.Id)
        else if (decision === 'reap') await this.#reap(vm, bounds, recovery)
        else await this.#adopt(vm, bounds, recovery)
      } catch (error) {
        fail(recovery, vm.Id, error)
      }
    })
    if (options.signal?.aborted !== true) return recovery
    // The VMs go on: what terminates with its last handle would not have been there.
    await Promise.all(recovery.vms.map((vm) => vm.close()))
    throw new AbortError({ op: OP, cause: options.signal.reason })
  }

  #bounds({ signal, timeoutMs }: CallOptions): Bounds {
    const { clock } = this.#parts.environment
    const startedMs = clock.now()
    return {
      signal,
      timeoutMs,
      options: (id) => {
        const subject = id === undefined ? { op: OP } : { op: OP, id }
        if (signal?.aborted === true) throw new AbortError({ ...subject, cause: signal.reason })
        if (timeoutMs === undefined) return { signal }
        const left = timeoutMs - (clock.now() - startedMs)
        if (left > 0) return { signal, timeoutMs: left }
        throw new OperationTimeoutError({ ...subject, timeoutMs, sent: false })
      },
    }
  }

  /** VMs that the journal knows and the service does not. Told once. */
  #endedOf(owner: string, listed: readonly ComputeSystemSummary[]): Recovery['failed'] {
    const { journal } = this.#parts
    const alive = new Set(listed.map(({ RuntimeId }) => RuntimeId))
    const ended = journal?.ofOwner(owner).filter(({ vm }) => !alive.has(vm.runtimeId) && !this.#vms.has(vm.runtimeId))
    return (ended ?? []).map(({ vm: { id, runtimeId } }) => {
      journal?.gone(runtimeId)
      const reason = 'the VM has ended while no program held it; how it ended is not known'
      return { id, error: new InvalidStateError({ op: OP, id, state: 'exited', reason }) }
    })
  }

  async #open({ Id: id, RuntimeId }: ComputeSystemSummary, bounds: Bounds): Promise<UtilityVM> {
    const known = this.#parts.journal?.of(RuntimeId)
    const vm = await this.#vms.attach('open', OP, id, bounds.options(id), (reported) => setUp(known, reported))
    if (vm.runtimeId === RuntimeId) return vm
    await vm.close()
    const reason = 'the VM has ended, and another one has its id'
    throw new InvalidStateError({ op: OP, id, state: 'exited', reason })
  }

  async #reap(found: ComputeSystemSummary, bounds: Bounds, { reaped }: Recovery): Promise<void> {
    const vm = await this.#open(found, bounds)
    try {
      await vm.terminate(bounds.options(found.Id))
      reaped.push(found.Id)
      this.#parts.journal?.gone(vm.runtimeId)
    } finally {
      await vm.close()
    }
  }

  async #adopt(found: ComputeSystemSummary, bounds: Bounds, recovery: Recovery): Promise<void> {
    const vm = await this.#open(found, bounds)
    recovery.vms.push(vm)
    const { journal } = this.#parts
    const known = journal?.of(vm.runtimeId)
    const entry = this.#vms.get(vm)
    // Of an exit that this handle has seen, its waiters are told.
    if (entry === undefined || entry.exit !== undefined) return
    await journal?.attached(vm, { ...entry.setup, owner: found.Owner ?? '' })
    if (known === undefined) {
      const reason = 'no journal knows the VM, so its guest was not taken back: createGuest and createConnection would'
      throw new InvalidStateError({ op: OP, id: vm.id, state: 'journal-unknown', reason })
    }
    if (known.guest !== undefined) await this.#adoptGuest(vm, found.State, known, known.guest, bounds, recovery)
  }

  async #adoptGuest(
    vm: UtilityVM,
    state: string,
    { vm: { outlivesHost } }: JournalVm,
    known: JournalGuest,
    bounds: Bounds,
    recovery: Recovery,
  ): Promise<void> {
    const { id } = vm
    if (!outlivesHost && state !== 'Created') {
      const reason =
        'the guest does not survive the program that held its sockets: its vsockexec was started without -r, so it dies with its log'
      throw new GuestConnectionUnavailableError({ op: OP, id, reason })
    }
    // Before a Guest is made: from then on what happens to them is written down.
    const { isConnected, options } = known
    const processes = [...known.processes.values()]
    const containers = [...known.containers]
    const isBooted = state !== 'Created'
    // A system that has booted asks for no entropy any more.
    const own = { ...options, entropy: options.entropy && !isBooted }
    const guest = await this.#guests.create(vm, { ...own, ...bounds.options(id) }, OP)
    if (!isBooted) {
      recovery.guests.push(guest)
      return
    }
    try {
      await guest.createConnection({ coldStart: !isConnected, ...bounds.options(id) })
    } catch (error) {
      // Somebody else may try again.
      await guest.close()
      throw error
    }
    recovery.guests.push(guest)
    const each = async <T>(work: () => Promise<T>, into: T[]): Promise<void> => {
      try {
        into.push(await work())
      } catch (error) {
        fail(recovery, id, error)
      }
    }
    for (const one of containers) await each(() => guest.openContainer(one, bounds.options(id)), recovery.containers)
    for (const one of processes) await each(() => guest.openProcess(one, bounds.options(id)), recovery.processes)
  }
}

/** @throws {InvalidConfigError} */
function checked(options: RecoverOptions & CallOptions): RecoverOptions {
  const subject = { op: OP }
  checkPresent(subject, options, RECOVER_OPTIONS)
  const { owner, adopt } = options
  checkRequired(subject, { owner, adopt }, REQUIRED)
  return { owner, adopt }
}

const REQUIRED = optionTable<RecoverOptions>('options', { owner: TEXT, adopt: row("'all' or a function", () => true) })

/** @throws {InvalidConfigError} */
function decide(adopt: Exclude<RecoverOptions['adopt'], 'all'>, vm: ComputeSystemSummary): RecoverDecision {
  const subject = { op: OP, id: vm.Id, path: 'adopt' }
  let decision: unknown
  try {
    decision = adopt({ ...vm })
  } catch (cause) {
    throw new InvalidConfigError({ ...subject, reason: 'it threw', cause })
  }
  if (DECISIONS.includes(decision)) return decision as RecoverDecision
  throw new InvalidConfigError({
    ...subject,
    value: decision,
    reason: "expected it to give 'adopt', 'reap' or 'leave'",
  })
}

function setUp(known: JournalVm | undefined, reported: string | undefined): VmSetup {
  const existing = existingVm(known?.vm.isGuessed === true ? undefined : known?.vm.guestOS, reported)
  if (known === undefined) return existing
  const { shutdownOptions, dials, outlivesHost, owner, stays } = known.vm
  return {
    ...existing,
    shutdownOptions,
    dials,
    outlivesHost,
    ...(owner === undefined ? {} : { owner }),
    ...(stays === undefined ? {} : { stays }),
  }
}

function fail({ failed }: Recovery, id: string, error: unknown): void {
  failed.push({ id, error: error instanceof Error ? error : new Error(String(error)) })
}

async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
