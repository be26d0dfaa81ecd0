// The VMs of a Host: each handle is attached by an actor of its own, on the thread with the least to do.

import { BridgeClosedError, GuestConnectionUnavailableError } from '../errors.js'
import type { Threads } from './host-environment.js'
import type { HostParts } from './host-parts.js'
import type { HostThreads } from './host-threads.js'
import { callOptionsOf } from './mailbox/call-options.js'
import type { CallOptions, Mailbox } from './mailbox/contract.js'
import type { ActorThread } from './threads/threads.js'
import type { VmSetup } from './vm-setup.js'
import type { VmNotices, VmRequests } from './vm/contract.js'
import type { ExitStatus } from './vm/managers/index.js'
import { UtilityVM } from './vm/proxy.js'

type VmMailbox = Mailbox<VmRequests, VmNotices>

/** What the Host keeps of one UtilityVM. */
export interface VmEntry {
  readonly vm: UtilityVM
  readonly mailbox: VmMailbox
  readonly threads: Threads
  readonly thread: ActorThread
  readonly setup: VmSetup
  exit: Error | undefined
}

interface HostVmsHooks {
  /** A handle hears that its VM ended; `isFirst` once per VM, however many handles there are. */
  exited(vm: UtilityVM, exit: ExitStatus, cause: Error, isFirst: boolean): void
  /** A handle begins to close. */
  closing(vm: UtilityVM): void
}

export class HostVms {
  readonly #parts: HostParts
  readonly #threads: HostThreads
  readonly #hooks: HostVmsHooks
  readonly #entries = new Map<UtilityVM, VmEntry>()
  /** Runtime ids of VMs made elsewhere, or whose start was asked for. */
  readonly #started = new Set<string>()
  /** Runtime ids whose exit was told. */
  readonly #exited = new Set<string>()
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
    const threads = await this.#threads.forVM(op, id)
    const thread = threads.leastLoaded() ?? (await threads.place())
    const mailbox = threads.startActor<VmRequests, VmNotices>(thread, (port) => ({ kind: 'vm', port }))
    this.#unattached.set(mailbox, id)
    try {
      const { document, shutdownOptions } = setUp()
      const common = { id, shutdownOptions, queueLimit: this.#parts.settings.queuePerVM }
      const attached =
        how === 'create'
          ? await mailbox.call('create', { ...common, document }, { op, id }, callOptionsOf(options))
          : await mailbox.call('open', common, { op, id }, callOptionsOf(options))
      this.#parts.assertOpen(op, id)
      const setup = setUp(attached.runtimeOsType)
      const { guestOS } = setup
      const { runtimeId } = attached
      if (how === 'open' && !this.#hasHandle(runtimeId)) this.#started.add(runtimeId)
      const hooks = {
        starting: () => void this.#started.add(runtimeId),
        exited: (exit: ExitStatus, cause: Error) => this.#onExited(entry, exit, cause),
        closing: () => this.#hooks.closing(entry.vm),
        closed: () => this.#onClosed(entry),
      }
      const { relaySocket } = this.#parts.source
      const vm = new UtilityVM({ id, guestOS, attached, mailbox, hooks, relaySocket })
      const entry: VmEntry = { vm, mailbox, threads, thread, setup, exit: undefined }
      this.#entries.set(vm, entry)
      this.#unattached.delete(mailbox)
      return vm
    } catch (error) {
      // A call that its caller gave up goes on in the actor, which makes good what it brings.
      void this.#discard(mailbox, threads)
      throw error
    }
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

  #onClosed(entry: VmEntry): void {
    this.#entries.delete(entry.vm)
    const { runtimeId } = entry.vm
    if (!this.#hasHandle(runtimeId)) {
      this.#exited.delete(runtimeId)
      this.#started.delete(runtimeId)
    }
    void this.#threads.release(entry.threads)
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
