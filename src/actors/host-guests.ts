// The guests of a Host: one per VM, on its VM's thread.

import { InvalidConfigError, InvalidStateError, UVMError, withContext } from '../errors.js'
import type { Timer } from '../native/clock.js'
import type { Answering } from './answering.js'
import { readArgument } from './arguments.js'
import { Activity } from './gcs/activity.js'
import type { GuestInit, GuestNotices, GuestRequests, LogInit } from './gcs/contract.js'
import type { GuestOptions } from './gcs/managers.js'
import { Guest } from './gcs/proxy.js'
import { setUpGuest } from './guest-setup.js'
import type { HostLogs } from './host-logs.js'
import type { HostParts } from './host-parts.js'
import { assertRuns, type HostVms, type VmEntry } from './host-vms.js'
import { callOptionsOf, checkWanted } from './mailbox/call-options.js'
import type { CallOptions, Mailbox } from './mailbox/contract.js'
import { leftOf, ofWhole } from './mailbox/within.js'
import { SupervisedMailbox } from './supervision/supervised-mailbox.js'
import type { ActorThread } from './threads/threads.js'
import { UtilityVM } from './vm/proxy.js'
import { PortBlocks } from './port-blocks.js'

/** How long the service may take to note where this program answers, milliseconds. */
const SAID_MS = 1_000

/** A Guest, or the making of one. */
interface GuestEntry {
  /** The handle it was made through, and ends with: others come and go. */
  readonly vm: UtilityVM
  guest: Guest | undefined
  mailbox: SupervisedMailbox<GuestRequests, GuestNotices> | undefined
  readonly activity: Activity
}

interface HostGuestsHooks {
  /** It listens; nothing that it tells was told yet. */
  created(id: string): void
  disconnected(id: string, error: Error | undefined): void
  dropped(what: string, count: number): void
  reconnected(id: string): void
  restarted(id: string, cause: Error): void
  givenUp(id: string, cause: Error): void
}

export class HostGuests {
  readonly #parts: HostParts
  readonly #vms: HostVms
  readonly #logs: HostLogs
  readonly #hooks: HostGuestsHooks
  /** By runtime id. */
  readonly #entries = new Map<string, GuestEntry>()
  readonly #portBlocks = new PortBlocks()
  /** Addresses at which this program answers, the newest last. */
  readonly #controls: string[] = []

  constructor(parts: HostParts, vms: HostVms, logs: HostLogs, hooks: HostGuestsHooks) {
    this.#parts = parts
    this.#vms = vms
    this.#logs = logs
    this.#hooks = hooks
  }

  get count(): number {
    return this.#entries.size
  }

  /** Undefined also while it is being made. */
  of(vm: UtilityVM): Guest | undefined {
    return this.#entries.get(vm.runtimeId)?.guest
  }

  /** The same, unless it was made through another handle on its VM. */
  madeThrough(vm: UtilityVM): Guest | undefined {
    const entry = this.#entries.get(vm.runtimeId)
    return entry?.vm === vm ? entry.guest : undefined
  }

  /** What goes on in the guest of a VM, and calls on it without an answer; nothing without a Guest. */
  figures(runtimeId: string): Readonly<Activity> & { calls: number } {
    const { activity, mailbox } = this.#entries.get(runtimeId) ?? { activity: new Activity(), mailbox: undefined }
    return { ...activity, calls: mailbox?.outstanding ?? 0 }
  }

  async create(vm: UtilityVM, options: GuestOptions & CallOptions, op = 'host.createGuest'): Promise<Guest> {
    const entry = this.#vms.get(vm)
    const id = entry?.vm.id
    this.#parts.assertOpen(op, id)
    if (entry === undefined) {
      assertVm(op, vm)
      const reason = 'the VM handle is closed, or belongs to another host'
      throw new InvalidStateError({ op, id: vm.id, state: 'closed', reason })
    }
    const subject = { op, id: vm.id }
    const own = readArgument(subject, 'options', () => setUpGuest(vm, options, entry.setup))
    checkWanted(callOptionsOf(options), subject)
    assertRuns(subject, entry)
    if (this.#entries.has(vm.runtimeId)) {
      const reason = 'the VM has a Guest already; close it first'
      throw new InvalidStateError({ ...subject, state: 'guest-exists', reason })
    }
    const place: GuestEntry = { vm, guest: undefined, mailbox: undefined, activity: new Activity() }
    this.#entries.set(vm.runtimeId, place)
    if (this.#parts.source.guests !== undefined) await this.#claim(subject, vm, place)
    const kept = this.#parts.journal?.guestOf(vm.runtimeId, own)
    const init = { ...own, ...kept?.init }
    const { clock } = this.#parts.environment
    const startedMs = clock.now()
    try {
      await entry.mailbox.ready(subject, options)
    } catch (error) {
      await this.#release(vm.runtimeId, place)
      throw error
    }
    const mailbox = this.#start(entry, init, place)
    const guest = new Guest({
      vmId: vm.id,
      guestOS: vm.guestOS,
      mailbox,
      activity: place.activity,
      journal: kept?.journal,
      reconnect: init.reconnect,
      hooks: {
        neverStarted: () => this.#vms.neverStarted(vm.runtimeId),
        disconnected: (error) => {
          // A guest that hangs up may be one whose VM is gone.
          entry.mailbox.call('checkExit', {}, { op: 'vm.checkExit', id: vm.id }).catch(() => undefined)
          this.#hooks.disconnected(vm.id, error)
        },
        dropped: (what, count) => this.#hooks.dropped(what, count),
        reconnected: () => this.#hooks.reconnected(vm.id),
        migrating: (on) => this.#logs.setMigrating(vm.runtimeId, on),
        closed: () => this.#release(vm.runtimeId, place),
      },
    })
    place.guest = guest
    place.mailbox = mailbox
    let isNewLog = false
    try {
      if (init.log) {
        // Before the bridge: some agents stall without it.
        isNewLog = await this.#logs.open(logInit(init), subject, leftOf(options, startedMs, clock))
      }
      await mailbox.call('arm', {}, subject, leftOf(options, startedMs, clock))
      await kept?.made()
      this.#hooks.created(vm.id)
      // What has waited for it comes once its caller can listen.
      this.#parts.environment.clock.immediate(() => {
        if (init.log && this.#entries.get(vm.runtimeId) === place) this.#logs.heardBy(vm.runtimeId, guest)
      })
      return guest
    } catch (error) {
      await guest.close()
      if (isNewLog) await this.#logs.end(vm.runtimeId)
      throw ofWhole(error, options)
    }
  }

  /** An actor on the thread of its VM; when it is lost, it is started again where the VM's is. */
  #start(entry: VmEntry, init: GuestInit, place: GuestEntry): SupervisedMailbox<GuestRequests, GuestNotices> {
    const { seat, vm } = entry
    let { thread } = seat
    const { id, runtimeId } = vm
    const start = (next: ActorThread, what: GuestInit): Mailbox<GuestRequests, GuestNotices> => {
      thread = next
      const own = { ...what, firstPort: this.#portBlocks.next(runtimeId, what.firstPort) }
      return seat.threads.startActor<GuestRequests, GuestNotices>(next, (port) => ({ kind: 'guest', port, init: own }))
    }
    return new SupervisedMailbox<GuestRequests, GuestNotices>({
      subject: { op: 'guest.restart', id },
      first: start(thread, init),
      revival: {
        lost: (cause) => place.guest?.life.actorLost(cause),
        // The system inside has booted: it asks for no entropy any more.
        start: () => seat.leave(thread, (next) => start(next, { ...init, entropy: false })),
        restore: async (mailbox) => place.guest?.life.restore(mailbox),
        restarted: (cause) => {
          this.#hooks.restarted(id, cause)
          void place.guest?.life.rejoin()
        },
        givenUp: (error) => {
          place.guest?.life.actorGivenUp(error)
          // Another may be made in its place.
          void this.#release(runtimeId, place)
          this.#hooks.givenUp(id, error)
        },
      },
    })
  }

  /** The VM is no more: nothing of its guest dials. */
  gone(runtimeId: string): void {
    this.#portBlocks.forget(runtimeId)
  }

  /** Before the end of the threads: none of their actors is started again. */
  retire(): void {
    for (const { mailbox } of this.#entries.values()) mailbox?.retire(new Error('the host is closed'))
  }

  /** After the end of the threads: nothing waits for an actor any more. */
  abandon(): void {
    for (const { mailbox } of this.#entries.values()) mailbox?.lose(new Error('the host is closed'))
  }

  /** Where this program answers: whoever wants a guest connection that is held here finds it there. */
  readonly answering: Answering = {
    begin: (control) => {
      this.#controls.push(control)
      return this.#sayControl()
    },
    end: (control) => {
      this.#controls.splice(this.#controls.lastIndexOf(control), 1)
      return this.#sayControl()
    },
  }

  async #sayControl(): Promise<void> {
    const { source, environment } = this.#parts
    const { guests } = source
    if (guests === undefined) return
    // Said in one turn: a release that follows is asked behind it.
    const said = [...this.#entries]
      .filter(([, { guest }]) => guest !== undefined)
      .map(([runtimeId, { vm }]) => guests.claim({ op: 'control.serve', id: vm.id }, runtimeId, this.#controls.at(-1)))
    // Without the service there is nobody left who could look for it; one that is held hears it later.
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => (timer = environment.clock.after(SAID_MS, resolve)))
    await Promise.race([Promise.allSettled(said), late])
    timer?.clear()
  }

  /** Where other processes may want the guest connection too. Looks again at what may have changed meanwhile. */
  async #claim(subject: { op: string; id: string }, vm: UtilityVM, place: GuestEntry): Promise<void> {
    try {
      await this.#parts.source.guests?.claim(subject, vm.runtimeId, this.#controls.at(-1))
    } catch (error) {
      this.#entries.delete(vm.runtimeId)
      throw error instanceof UVMError ? withContext(error, subject) : error
    }
    try {
      this.#parts.assertOpen(subject.op, subject.id)
      const entry = this.#vms.get(vm)
      if (entry !== undefined) return assertRuns(subject, entry)
      throw new InvalidStateError({ ...subject, state: 'closed', reason: 'the VM handle was closed meanwhile' })
    } catch (error) {
      await this.#release(vm.runtimeId, place)
      throw error
    }
  }

  async #release(runtimeId: string, place: GuestEntry): Promise<void> {
    if (this.#entries.get(runtimeId) !== place) return
    this.#entries.delete(runtimeId)
    this.#logs.unheard(runtimeId)
    // A claim of our own that follows is asked behind it, on the same way.
    await this.#parts.source.guests?.release(runtimeId)
  }

  close(): [what: string, closing: Promise<unknown>][] {
    return [...this.#entries].map(([runtimeId, { guest }]) => [
      `guest of ${runtimeId}`,
      guest?.close() ?? Promise.resolve(),
    ])
  }
}

/** @throws {InvalidConfigError} it is none */
export function assertVm(op: string, vm: unknown): asserts vm is UtilityVM {
  if (readArgument({ op }, 'vm', () => vm instanceof UtilityVM)) return
  throw new InvalidConfigError({ op, path: 'vm', secret: vm, reason: 'expected a UtilityVM of this host' })
}

function logInit({ vmId, runtimeId, guestOS }: GuestInit): LogInit {
  return { vmId, runtimeId, guestOS }
}
