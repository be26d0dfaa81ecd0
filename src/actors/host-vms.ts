// The VMs of a Host: each handle is attached by an actor of its own, on the thread with the least to do. An actor that is lost with its
// thread is started again and takes the handle back by its token; the VM runs on.

import { BridgeClosedError, GuestConnectionUnavailableError, UVMError, withContext } from '../errors.js'
import type { Threads } from './host-environment.js'
import type { HostParts } from './host-parts.js'
import type { HostThreads } from './host-threads.js'
import { Seat } from './host-seat.js'
import type { CallOptions, Mailbox } from './mailbox/contract.js'
import { AWAITS_THREAD, leftOf, ofWhole, within } from './mailbox/within.js'
import { DEFAULT_TIMEOUT_MS } from './default-timeout.js'
import { SupervisedMailbox } from './supervision/supervised-mailbox.js'
import type { ActorThread } from './threads/threads.js'
import type { VmSetup } from './vm-setup.js'
import type { VmNotices, VmRecall, VmRequests } from './vm/contract.js'
import type { ExitStatus } from './vm/managers/index.js'
import { UtilityVM } from './vm/proxy.js'

type VmMailbox = Mailbox<VmRequests, VmNotices>
type SupervisedVm = SupervisedMailbox<VmRequests, VmNotices>

/** What the Host keeps of one UtilityVM. */
export interface VmEntry {
  readonly vm: UtilityVM
  readonly mailbox: SupervisedVm
  readonly seat: Seat
  /** Of the handle, at the provider. */
  readonly token: string
  readonly setup: VmSetup
  exit: Error | undefined
}

interface HostVmsHooks {
  /** A handle hears that its VM ended; `isFirst` once per VM, however many handles there are. */
  exited(vm: UtilityVM, exit: ExitStatus, cause: Error, isFirst: boolean): void
  /** A handle begins to close. */
  closing(vm: UtilityVM): Promise<void> | undefined
  /** A thread with an actor of the VM has died. `exited`: nothing of it runs any more. */
  lost(runtimeId: string, exited: Promise<void>): void
  /** Nothing runs any more on the thread that it was on, and it is about to go to another. */
  moving(runtimeId: string): Promise<void>
  dropped(what: string, count: number): void
  restarted(id: string, cause: Error): void
  givenUp(id: string, cause: Error): void
  /** The last handle on a VM was closed; `isOver`: it has exited, or goes with that handle. Awaited by whoever closed it. */
  unheld(runtimeId: string, isOver: boolean): Promise<void>
}

export class HostVms {
  readonly #parts: HostParts
  readonly #threads: HostThreads
  readonly #hooks: HostVmsHooks
  readonly #entries = new Map<UtilityVM, VmEntry>()
  /** Runtime ids of VMs made elsewhere, or whose start was asked for. */
  readonly #started = new Set<string>()
  /** Tokens of handles whose actor will not come back. */
  readonly #givenUp = new Set<string>()
  /** Runtime ids whose exit was told. */
  readonly #exited = new Set<string>()
  /** Runtime ids of VMs that go with their last handle. */
  readonly #passing = new Set<string>()
  /** Actors that are being attached, or that failed to be and are being stopped. */
  readonly #unattached = new Map<VmMailbox, string>()

  constructor(parts: HostParts, threads: HostThreads, hooks: HostVmsHooks) {
    this.#parts = parts
    this.#threads = threads
    this.#hooks = hooks
  }

  get count(): number {
    return this.#entries.size
  }

  get handles(): UtilityVM[] {
    return [...this.#entries.keys()]
  }

  get(vm: UtilityVM): VmEntry | undefined {
    return this.#entries.get(vm)
  }

  /** Whether there is a handle on it. */
  has(runtimeId: string): boolean {
    return this.#hasHandle(runtimeId)
  }

  #hasHandle(runtimeId: string): boolean {
    return [...this.#entries.keys()].some((vm) => vm.runtimeId === runtimeId)
  }

  /** Nobody has asked for a start, as far as this Host can know. */
  neverStarted(runtimeId: string): boolean {
    return !this.#started.has(runtimeId)
  }

  /** @param setUp asked for the document first, and once more when the guest system is known */
  async attach(
    how: 'create' | 'open',
    op: string,
    id: string,
    options: CallOptions,
    setUp: (runtimeOsType?: string) => VmSetup,
  ): Promise<UtilityVM> {
    this.#parts.assertOpen(op, id)
    const { clock } = this.#parts.environment
    const startedMs = clock.now()
    const { threads, thread: found } = await this.#place(op, id, options)
    const left = leftOf(options, startedMs, clock)
    // Chosen in the turn in which it is used: others may have come meanwhile.
    const thread = threads.leastLoaded() ?? found
    const mailbox = threads.startActor<VmRequests, VmNotices>(thread, (port) => ({ kind: 'vm', port }))
    this.#unattached.set(mailbox, id)
    try {
      const { document, shutdownOptions } = setUp()
      const common = { id, shutdownOptions, queueLimit: this.#parts.settings.queuePerVM }
      const attached =
        how === 'create'
          ? await mailbox.call('create', { ...common, document }, { op, id }, left)
          : await mailbox.call('open', common, { op, id }, left)
      this.#parts.assertOpen(op, id)
      const setup = setUp(attached.runtimeOsType)
      const { guestOS } = setup
      const { runtimeId } = attached
      if (setup.stays === false) this.#passing.add(runtimeId)
      if (how === 'open' && !this.#hasHandle(runtimeId)) this.#started.add(runtimeId)
      const hooks = {
        dropped: (what: string, count: number) => this.#hooks.dropped(what, count),
        starting: () => void this.#started.add(runtimeId),
        exited: (exit: ExitStatus, cause: Error) => this.#onExited(entry, exit, cause),
        closing: () => this.#hooks.closing(entry.vm),
        closed: () => this.#onClosed(entry),
      }
      const { relaySocket } = this.#parts.source
      const { token } = attached
      const seat = new Seat(threads, thread, clock, () => this.#hooks.moving(runtimeId))
      const recall = { ...common, token, origin: how === 'create' ? 'created' : 'opened' } as const
      const supervised = this.#supervise(mailbox, seat, { ...recall, hasMigrated: false }, () => entry)
      const vm: UtilityVM = new UtilityVM({ id, guestOS, attached, mailbox: supervised, hooks, relaySocket })
      const entry: VmEntry = { vm, mailbox: supervised, seat, token, setup, exit: undefined }
      this.#entries.set(vm, entry)
      this.#unattached.delete(mailbox)
      return vm
    } catch (error) {
      // A call that its caller gave up goes on in the actor, which makes good what it brings.
      void this.#discard(mailbox, threads)
      throw ofWhole(error, options)
    }
  }

  /** A thread for one VM, within its caller's time, or the default. */
  async #place(op: string, id: string, options: CallOptions): Promise<{ threads: Threads; thread: ActorThread }> {
    const { clock } = this.#parts.environment
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const placing = this.#threads.placeVM(op, id)
    let isGivenUp = false
    // A thread of its own that comes too late has nobody.
    void placing.then(({ threads }) => (isGivenUp ? this.#threads.release(threads) : undefined)).catch(() => undefined)
    try {
      const time = { signal: options.signal, timeoutMs }
      const place = await within(placing, { op, id }, time, clock, AWAITS_THREAD)
      this.#parts.assertOpen(op, id)
      return place
    } catch (error) {
      isGivenUp = true
      throw error instanceof UVMError ? withContext(error, { op, id }) : error
    }
  }

  #supervise(first: VmMailbox, seat: Seat, recall: VmRecall, entry: () => VmEntry): SupervisedVm {
    let { thread } = seat
    const { id } = recall
    const lost = (): void => this.#hooks.lost(entry().vm.runtimeId, thread.exited)
    const supervised = new SupervisedMailbox<VmRequests, VmNotices>({
      subject: { op: 'vm.adopt', id },
      first,
      revival: {
        lost: () => undefined,
        start: () => {
          // Also one that was lost while the actor was brought back to it.
          lost()
          return seat.leave(thread, (next) => {
            thread = next
            return seat.threads.startActor<VmRequests, VmNotices>(next, (port) => ({ kind: 'vm', port }))
          })
        },
        restore: (mailbox) => {
          const input = { ...recall, ...entry().vm.recall }
          return mailbox.call('adopt', input, { op: 'vm.adopt', id }, { timeoutMs: DEFAULT_TIMEOUT_MS })
        },
        restarted: (cause) => this.#hooks.restarted(id, cause),
        givenUp: (error) => {
          this.#givenUp.add(entry().token)
          // Its handle is nobody's any more.
          this.#threads.reap(thread)
          this.#hooks.givenUp(id, error)
        },
      },
    })
    // While it was being stopped, or for good.
    void supervised.ended.then((cause) => (cause === undefined && !supervised.wasCutOff ? undefined : lost()))
    return supervised
  }

  /** Handles that somebody has, or will take back. */
  get tokens(): string[] {
    return [...this.#entries.values()].map(({ token }) => token).filter((token) => !this.#givenUp.has(token))
  }

  /** The VMs on a thread. */
  on(thread: ActorThread): string[] {
    return [...this.#entries.values()].filter(({ seat }) => seat.thread === thread).map(({ vm }) => vm.id)
  }

  async #discard(mailbox: VmMailbox, threads: Threads): Promise<void> {
    await mailbox.call('discard', {}, { op: 'vm.discard' }).catch(() => undefined)
    await mailbox.stop()
    this.#unattached.delete(mailbox)
    await this.#threads.release(threads)
  }

  #onExited(entry: VmEntry, exit: ExitStatus, cause: Error): void {
    entry.exit = cause
    const { runtimeId } = entry.vm
    const isFirst = !this.#exited.has(runtimeId)
    this.#exited.add(runtimeId)
    this.#hooks.exited(entry.vm, exit, cause, isFirst)
  }

  async #onClosed(entry: VmEntry): Promise<void> {
    this.#entries.delete(entry.vm)
    const { runtimeId } = entry.vm
    this.#givenUp.delete(entry.token)
    void this.#threads.release(entry.seat.threads)
    if (this.#hasHandle(runtimeId)) return
    this.#started.delete(runtimeId)
    const [hasExited, goes] = [this.#exited.delete(runtimeId), this.#passing.delete(runtimeId)]
    await this.#hooks.unheld(runtimeId, hasExited || goes)
  }

  /** Before the end of the threads: none of their actors is started again. */
  retire(): void {
    for (const { mailbox } of this.#entries.values()) mailbox.retire(new Error('the host is closed'))
  }

  /** After the end of the threads: nothing waits for an actor any more. */
  abandon(): void {
    for (const { mailbox } of this.#entries.values()) mailbox.lose(new Error('the host is closed'))
  }

  /** Closes each handle and stops each actor that has none yet. */
  close(): [what: string, closing: Promise<unknown>][] {
    return [
      ...[...this.#entries.keys()].map((vm): [string, Promise<unknown>] => [`vm ${vm.id}`, vm.close()]),
      ...[...this.#unattached].map(([mailbox, id]): [string, Promise<unknown>] => [`vm ${id}`, mailbox.stop()]),
    ]
  }
}

/** @throws {GuestConnectionUnavailableError} the VM has exited */
export function assertRuns(subject: { op: string; id: string }, { exit }: VmEntry): void {
  if (exit === undefined) return
  const reason = 'the VM has exited'
  const cause = new BridgeClosedError({ ...subject, reason, cause: exit })
  throw new GuestConnectionUnavailableError({ ...subject, reason, cause })
}
