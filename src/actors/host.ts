// Host: the runtime that owns the actor threads. It opens what it stands on, hands out VMs and guests, and closes everything it has opened.

import type { UtilityVMBuilder } from '../builder/builder.js'
import { InvalidStateError } from '../errors.js'
import { checkOptions } from '../options/table.js'
import type { GuestOS } from '../protocol/guest-os.js'
import type { ComputeSystem, ServicePropertyQuery } from '../protocol/schema/index.js'
import { ANSWERING } from './answering.js'
import { readArgument } from './arguments.js'
import { checkHostOptions, type HostSettings } from './check-host-options.js'
import { Events } from './events.js'
import type { GuestOptions } from './gcs/managers.js'
import type { Guest } from './gcs/proxy.js'
import { ClosingTime } from './host-close.js'
import { systemEnvironment, type HostEnvironment } from './host-environment.js'
import { HOST_EVENTS, type HostEvents } from './host-events.js'
import { assertVm, HostGuests } from './host-guests.js'
import { openHostJournal, type HostJournal } from './host-journal.js'
import type { HostLike } from './host-like.js'
import { HostLogs } from './host-logs.js'
import { HostFigures } from './host-figures.js'
import type {
  ComputeSystemQuery,
  ComputeSystemSummary,
  HostOptions,
  HostStats,
  StatsOptions,
  VmStats,
} from './host-options.js'
import type { HostParts } from './host-parts.js'
import { HostRecovery, type RecoverOptions, type Recovery } from './host-recovery.js'
import { HostService } from './host-service.js'
import { HostThreads } from './host-threads.js'
import { HostVms } from './host-vms.js'
import { LatencyBook } from './latency.js'
import type { CallOptions } from './mailbox/contract.js'
import type { ProviderSource, ServiceHold } from './provider-spec.js'
import type { SocketDirectory } from './socket-directory.js'
import type { TransportSource } from './transport-source.js'
import { Orphans } from './orphans.js'
import { checkVmId, existingVm, setUpVm, VM_OPTIONS } from './vm-setup.js'
import type { UtilityVM } from './vm/proxy.js'

export class Host extends Events<HostEvents> implements HostLike {
  readonly #parts: HostParts
  readonly #keepAlive: ReturnType<HostEnvironment['keepAlive']>
  readonly #latency = new LatencyBook()
  readonly #threads: HostThreads
  readonly #service: HostService
  readonly #vms: HostVms
  readonly #guests: HostGuests
  readonly #recovery: HostRecovery
  readonly #figures: HostFigures
  readonly #logs: HostLogs
  readonly #orphans: Orphans
  #dropped = 0
  #closing: Promise<void> | undefined

  private constructor(parts: Omit<HostParts, 'assertOpen'>, keepAlive: ReturnType<HostEnvironment['keepAlive']>) {
    super('host', HOST_EVENTS)
    this.#keepAlive = keepAlive
    this.#parts = { ...parts, assertOpen: (op, id) => this.#assertOpen(op, id) }
    this.#orphans = new Orphans(parts.directory, parts.environment.clock, (runtimeId) => this.#vms.has(runtimeId))
    this.#threads = new HostThreads(this.#parts, {
      lost: (thread, cause) => this.emit('thread-lost', thread.id, cause, this.#vms.on(thread)),
      stuck: (thread) => this.emit('thread-stuck', thread.id, this.#vms.on(thread)),
      handles: () => this.#vms.tokens,
      latency: (op, ms) => this.#latency.record(op, ms),
    })
    this.#service = new HostService(this.#parts, this.#threads)
    this.#logs = new HostLogs(this.#parts, this.#threads, {
      dropped: (count) => this.#countDropped('log', count),
      lost: (runtimeId, exited) => this.#orphans.lost(runtimeId, exited),
      moving: (runtimeId) => this.#orphans.tidy(runtimeId),
    })
    this.#vms = new HostVms(this.#parts, this.#threads, {
      exited: (vm, exit, cause, isFirst) => {
        this.#guests.of(vm)?.vmExited(cause)
        this.#guests.gone(vm.runtimeId)
        this.#logs.exited(vm.runtimeId)
        this.#parts.journal?.gone(vm.runtimeId)
        if (isFirst) this.emit('vm-exited', vm.id, exit)
      },
      closing: (vm) => {
        this.#parts.journal?.closing(vm)
        return this.#guests.madeThrough(vm)?.close()
      },
      lost: (runtimeId, exited) => this.#orphans.lost(runtimeId, exited),
      moving: (runtimeId) => this.#orphans.tidy(runtimeId),
      dropped: (what, count) => this.#countDropped(what, count),
      restarted: (id, cause) => this.emit('actor-restarted', 'vm', id, cause),
      givenUp: (id, cause) => this.emit('actor-given-up', 'vm', id, cause),
      unheld: async (runtimeId, isOver) => {
        // An exit of one that goes with its handle is told to nobody.
        if (isOver) this.#guests.gone(runtimeId)
        await this.#logs.end(runtimeId)
        await this.#orphans.over(runtimeId)
      },
    })
    this.#guests = new HostGuests(this.#parts, this.#vms, this.#logs, {
      disconnected: (id, error) => {
        if (error === undefined) this.emit('guest-disconnected', id)
        else this.emit('guest-disconnected', id, error)
      },
      created: (id) => this.emit('guest-created', id),
      dropped: (what, count) => this.#countDropped(what, count),
      reconnected: (id) => this.emit('guest-reconnected', id),
      restarted: (id, cause) => this.emit('actor-restarted', 'guest', id, cause),
      givenUp: (id, cause) => this.emit('actor-given-up', 'guest', id, cause),
    })
    ANSWERING.set(this, this.#guests.answering)
    this.#recovery = new HostRecovery(this.#parts, this.#service, this.#vms, this.#guests)
    this.#figures = new HostFigures(this.#parts, this.#threads, this.#vms, this.#guests, this.#latency)
  }

  #countDropped(what: string, count: number): void {
    this.#dropped += count
    this.emit('dropped', what, count)
  }

  /**
   * Starts the actor threads and whatever the provider needs.
   *
   * @throws {InvalidConfigError} naming the option; nothing was started
   * @throws {ProviderUnavailableError} the provider or transport is missing on this machine, or cannot be loaded
   */
  static async open(options?: HostOptions): Promise<Host> {
    return Host.openWith(readArgument({ op: 'host.open' }, 'options', () => checkHostOptions(options)))
  }

  /** @internal The same with settings that were checked; tests bring a transport of their own, or all that the Host stands on. */
  static async openWith(settings: HostSettings, environment = systemEnvironment): Promise<Host> {
    const keepAlive = environment.keepAlive()
    let hold: ServiceHold | undefined
    let directory: SocketDirectory | undefined
    let transport: TransportSource | undefined
    let source: ProviderSource | undefined
    let host: Host | undefined
    let journal: HostJournal | undefined
    try {
      if (settings.journal !== undefined) journal = await openHostJournal(settings.journal, environment)
      hold = await environment.holdService?.(settings)
      // VMs of a service process outlive this Host: their guests dial in the directory of the service.
      directory = await environment.openSocketDirectory(hold?.service.directory ?? settings.socketDirectory)
      source = await environment.openProviderSource(settings, directory.path, hold)
      transport = await environment.openTransportSource(settings.transport, directory.path)
      host = new Host({ settings, directory, source, transport, environment, journal }, keepAlive)
      await host.#threads.start()
      await host.#service.start()
      host.#tellOfJournal()
      return host
    } catch (error) {
      if (host !== undefined) await host.#threads.close(Promise.resolve())
      await source?.close(Promise.resolve())
      if (source === undefined && hold?.isOwn === true) await hold.service.close()
      await transport?.close()
      await directory?.release()
      await journal?.close()
      keepAlive.end()
      throw error
    }
  }

  /** Whoever opens a Host listens from the next turn on. */
  #tellOfJournal(): void {
    const { journal, environment } = this.#parts
    if (journal === undefined) return
    environment.clock.immediate(() => journal.listen((error) => this.emit('warning', error)))
  }

  #assertOpen(op: string, id?: string): void {
    if (this.#closing === undefined) return
    throw new InvalidStateError({ op, id, state: 'closed', reason: 'the host is closed' })
  }

  // ------------------------------------------------------------------------------------------------------- VMs and guests

  /**
   * Creates a compute system; it is not started. `guestOS` overrides what the builder or the document says.
   *
   * @throws {HcsError} the compute service refused the document, or the id is in use
   */
  async createVM(
    id: string,
    config: UtilityVMBuilder | ComputeSystem,
    options: { guestOS?: GuestOS } & CallOptions = {},
  ): Promise<UtilityVM> {
    const op = 'host.createVM'
    checkVmId(op, id)
    checkOptions({ op, id }, options, VM_OPTIONS)
    const setup = readArgument({ op, id }, 'config', () => setUpVm(op, id, config, options.guestOS))
    return this.#noted(await this.#vms.attach('create', op, id, options, () => setup))
  }

  /**
   * A further handle on a compute system that exists, made by whatever process. `guestOS` overrides what its properties say, and is needed
   * for a Guest when they say nothing.
   */
  async openVM(id: string, options: { guestOS?: GuestOS } & CallOptions = {}): Promise<UtilityVM> {
    const op = 'host.openVM'
    checkVmId(op, id)
    checkOptions({ op, id }, options, VM_OPTIONS)
    return this.#noted(
      await this.#vms.attach('open', op, id, options, (reported) => existingVm(options.guestOS, reported)),
    )
  }

  /** Written down before its caller has it. */
  async #noted(vm: UtilityVM): Promise<UtilityVM> {
    const entry = this.#vms.get(vm)
    if (entry !== undefined && entry.exit === undefined) await this.#parts.journal?.attached(vm, entry.setup)
    return vm
  }

  /**
   * Listens for the VM's guest and waits for nobody: call it before `vm.start`. A VM has one Guest at a time; it ends
   * with its VM, and with the handle given here.
   *
   * @throws {InvalidConfigError} a bad option; 'guestOS': nobody has said which system the VM runs
   * @throws {InvalidStateError} a second Guest while one lives; 'guest-held': another process at the same service process has one
   */
  createGuest(vm: UtilityVM, options: GuestOptions & CallOptions = {}): Promise<Guest> {
    return this.#guests.create(vm, options)
  }

  /**
   * Finds the VMs of an owner tag and takes them over, ends them, or leaves them, as `adopt` says of each ('all' takes over). Of a VM that
   * is taken over the guest is connected again, and what was waited for inside is waited for again, as far as the journal of the program
   * before this one knows (the option `journal` of this Host, its directory). VMs that this Host has already are not asked about.
   *
   * What could not be done is in `failed`, VMs that have ended meanwhile among it; so is what `timeoutMs` left no time for. The VMs
   * themselves are none the worse for it.
   *
   * @throws {InvalidConfigError} a bad option, or `adopt` threw or gave none of its three answers; nothing was done
   * @throws {AbortError} what was taken over was given back
   * @throws {HcsError} the service could not list its VMs
   */
  recover(options: RecoverOptions & CallOptions): Promise<Recovery> {
    return this.#recovery.run(options)
  }

  /** The VMs that this Host has handles on, in the order in which it got them. */
  get vms(): UtilityVM[] {
    return this.#vms.handles
  }

  /** The Guest of a VM, as long as there is one; undefined also while it is being made. @throws {InvalidConfigError} no UtilityVM */
  guestOf(vm: UtilityVM): Guest | undefined {
    assertVm('host.guestOf', vm)
    return this.#guests.of(vm)
  }

  // --------------------------------------------------------------------------------------------------------------- service

  /** Compute systems known to the service, whoever made them. Never waits for a VM. Keys of the query combine with AND. */
  listVMs(query: ComputeSystemQuery = {}, options?: CallOptions): Promise<ComputeSystemSummary[]> {
    return this.#service.list(query, options)
  }

  /** Properties of the compute service itself, as the service words them. */
  serviceProperties(query: ServicePropertyQuery, options?: CallOptions): Promise<unknown> {
    return this.#service.properties(query, options)
  }

  /** Changes settings of the compute service, such as CPU groups. */
  modifyServiceSettings(settings: unknown, options?: CallOptions): Promise<void> {
    return this.#service.modify(settings, options)
  }

  /** Lets the VM open a file of the host. */
  grantVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void> {
    return this.#service.access('grantAccess', 'host.grantVMAccess', vmId, path, options)
  }

  revokeVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void> {
    return this.#service.access('revokeAccess', 'host.revokeVMAccess', vmId, path, options)
  }

  /**
   * Bytes of host memory that a VM holds, by its runtime id: the working set of its memory process on Windows, which the compute service
   * itself does not tell of VMs with virtual backing. Undefined when it cannot be told: no such VM, or no right to look.
   */
  workingSet(runtimeId: string, options?: CallOptions): Promise<number | undefined> {
    return this.#service.workingSet(runtimeId, options)
  }

  /** Lets every VM read a file of the host, such as a layer that many of them share. */
  async grantVMGroupAccess(path: string, options?: CallOptions): Promise<void> {
    await this.#service.file('grant-group-access', 'host.grantVMGroupAccess', path, options)
  }

  async revokeVMGroupAccess(path: string, options?: CallOptions): Promise<void> {
    await this.#service.file('revoke-group-access', 'host.revokeVMGroupAccess', path, options)
  }

  /** Makes an empty file for the guest state (VMGS) of a VM to come. @throws {HcsError} it exists, or cannot be made */
  async createEmptyGuestStateFile(path: string, options?: CallOptions): Promise<void> {
    await this.#service.file('create-guest-state', 'host.createEmptyGuestStateFile', path, options)
  }

  /** Makes an empty file for the runtime state (VMRS) of a VM to come. @throws {HcsError} it exists, or cannot be made */
  async createEmptyRuntimeStateFile(path: string, options?: CallOptions): Promise<void> {
    await this.#service.file('create-runtime-state', 'host.createEmptyRuntimeStateFile', path, options)
  }

  /**
   * The processor features that a saved runtime state needs, as the compute service writes them: what a host must have to restore it.
   *
   * @throws {HcsError} the file is missing, or no saved state
   */
  processorCompatibility(path: string, options?: CallOptions): Promise<string> {
    return this.#service.file('processor-compatibility', 'host.processorCompatibility', path, options)
  }

  // --------------------------------------------------------------------------------------------------------------- the end

  /**
   * What is open now; the counts are exact, and all zero once everything is closed. With `vms` also figures of each VM. Waits a second at
   * most: what a thread or a VM has not said by then is what it said last.
   *
   * @throws {InvalidConfigError} an option that does not exist
   */
  stats(options: StatsOptions & { vms: true }): Promise<HostStats & { vms: VmStats[] }>
  stats(options?: StatsOptions): Promise<HostStats>
  async stats(options?: StatsOptions): Promise<HostStats> {
    return this.#figures.read(options, () => this.#dropped)
  }

  /**
   * Takes no new work, closes every guest and VM, stops every thread. What does not end within `closeTimeoutMs` is forced, and told
   * by 'close-forced'. Idempotent; never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { environment, settings, source, transport, directory, journal } = this.#parts
    // Whoever closes waits for it, also after `unref`.
    this.#keepAlive.ref()
    const time = new ClosingTime(environment.clock, settings.closeTimeoutMs)
    // Guests and VMs at once, so that a VM's own closing finds its guest ending on purpose.
    const handles = [...this.#guests.close(), ...this.#vms.close()]
    await Promise.all(handles.map(([what, closing]) => time.wait(what, closing)))
    await time.wait('the logs of guests', this.#logs.close())
    await time.wait('the service actor', this.#service.stop())
    this.#vms.retire()
    this.#guests.retire()
    time.leave(...(await this.#threads.close(time.over)))
    this.#vms.abandon()
    this.#guests.abandon()
    time.leave(...(await source.close(time.over).catch((error: unknown) => [`the provider: ${String(error)}`])))
    time.end()
    await transport.close().catch(() => time.leave('the transport'))
    await this.#orphans.allOver()
    await directory.release().catch(() => time.leave(`the directory ${directory.path}`))
    // Last: until here there was something to write down.
    await journal?.close()
    this.#keepAlive.end()
    const { left } = time
    if (left.length > 0) this.emit('close-forced', [...left])
    this.endEvents()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** An open Host keeps the process alive: the state after `open`. */
  ref(): this {
    this.#keepAlive.ref()
    return this
  }

  /** Lets the process end although the Host is open. */
  unref(): this {
    this.#keepAlive.unref()
    return this
  }
}
