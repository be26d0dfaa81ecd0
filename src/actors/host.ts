// Host: the runtime that owns the actor threads. It places each VM and its guest on a thread, hands out their proxies, and closes
// everything it has opened.

import type { UtilityVMBuilder } from '../builder/builder.js'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  UVMError,
  withContext,
} from '../errors.js'
import { checkOptions } from '../options/table.js'
import type { GuestOS } from '../protocol/guest-os.js'
import type { ComputeSystem, ServicePropertyQuery } from '../protocol/schema/index.js'
import { documentText, isWellFormed, readArgument } from './arguments.js'
import { checkHostOptions, SYSTEM_QUERY, type HostSettings } from './check-host-options.js'
import { Events, type EventNames } from './events.js'
import type { GuestNotices, GuestRequests } from './gcs/contract.js'
import type { GuestOptions } from './gcs/managers.js'
import { Guest } from './gcs/proxy.js'
import { setUpGuest } from './guest-setup.js'
import { systemEnvironment, type HostEnvironment, type Threads } from './host-environment.js'
import type { ComputeSystemQuery, ComputeSystemSummary, HostOptions, HostStats } from './host-options.js'
import { LatencyBook } from './latency.js'
import { callOptionsOf } from './mailbox/call-options.js'
import type { CallOptions, Mailbox } from './mailbox/contract.js'
import type { ProviderSource, SimulatedHold } from './provider-spec.js'
import { documentOf, systemsOf } from './service-answers.js'
import { leaseSlots, slotMemory } from './slots.js'
import type { SocketDirectory } from './socket-directory.js'
import type { ServiceRequests } from './threads/contract.js'
import type { ActorThread } from './threads/threads.js'
import type { TransportSource } from './transport-source.js'
import type { VmNotices, VmRequests } from './vm/contract.js'
import type { ExitStatus } from './vm/managers/index.js'
import { UtilityVM } from './vm/proxy.js'
import { checkVmId, existingVm, setUpVm, VM_OPTIONS, type GuestDials, type VmSetup } from './vm-setup.js'

export interface HostEvents {
  /** A VM has ended; once per VM, however many handles this Host has on it. */
  'vm-exited': [id: string, exit: ExitStatus]
  /** A guest connection ended; no error when it was closed on purpose. */
  'guest-disconnected': [id: string, error?: Error]
  /** An actor thread died; what was in flight on it rejects with ActorLostError. */
  'thread-lost': [threadId: number, cause: Error]
  /** What `close` could not end in order within closeTimeoutMs. */
  'close-forced': [what: string[]]
}

const HOST_EVENTS: EventNames<HostEvents> = {
  'vm-exited': true,
  'guest-disconnected': true,
  'thread-lost': true,
  'close-forced': true,
  'actor-restarted': true,
  'actor-given-up': true,
  'thread-stuck': true,
  'guest-reconnected': true,
  dropped: true,
}

/** What the Host keeps of one UtilityVM. */
interface VmEntry {
  readonly vm: UtilityVM
  readonly mailbox: Mailbox<VmRequests, VmNotices>
  readonly threads: Threads
  readonly thread: ActorThread
  readonly dials: GuestDials
  exit: Error | undefined
}

/** A Guest, or the making of one. */
interface GuestEntry {
  guest: Guest | undefined
}

const FORCED = Symbol('forced')

export class Host extends Events<HostEvents> {
  readonly #settings: HostSettings
  readonly #directory: SocketDirectory
  readonly #source: ProviderSource
  readonly #transport: TransportSource
  readonly #keepAlive: ReturnType<HostEnvironment['keepAlive']>
  readonly #environment: HostEnvironment
  readonly #latency = new LatencyBook()
  readonly #operations: SharedArrayBuffer | undefined
  readonly #boots: SharedArrayBuffer | undefined
  /** All threads, or with `isolation: 'dedicated'` one for what concerns no VM. */
  #shared: Threads | undefined
  readonly #dedicated = new Set<Threads>()
  /** Threads for single VMs that are being started. */
  readonly #dedicating = new Set<Promise<Threads>>()
  #service: Mailbox<ServiceRequests, Record<string, never>> | undefined
  readonly #vms = new Map<UtilityVM, VmEntry>()
  /** By runtime id: one Guest per VM. */
  readonly #guests = new Map<string, GuestEntry>()
  /** Runtime ids whose exit was told. */
  readonly #exited = new Set<string>()
  /** VM actors that are being attached, or that failed to be and are being stopped. */
  readonly #unattached = new Map<Mailbox<VmRequests, VmNotices>, string>()
  #closing: Promise<void> | undefined

  private constructor(
    settings: HostSettings,
    directory: SocketDirectory,
    source: ProviderSource,
    transport: TransportSource,
    keepAlive: ReturnType<HostEnvironment['keepAlive']>,
    environment: HostEnvironment,
  ) {
    super('host', HOST_EVENTS)
    this.#keepAlive = keepAlive
    this.#environment = environment
    this.#settings = settings
    this.#directory = directory
    this.#source = source
    this.#transport = transport
    this.#operations = slotMemory(settings.operations)
    this.#boots = slotMemory(settings.boots)
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
    let hold: SimulatedHold | undefined
    let directory: SocketDirectory | undefined
    let transport: TransportSource | undefined
    let source: ProviderSource | undefined
    let host: Host | undefined
    try {
      hold = await environment.holdSimulated?.(settings)
      // VMs of a service process outlive this Host: their guests dial in the directory of the service.
      directory = await environment.openSocketDirectory(hold?.service.directory ?? settings.socketDirectory)
      source = await environment.openProviderSource(settings, directory.path, hold)
      transport = await environment.openTransportSource(settings.transport, directory.path)
      host = new Host(settings, directory, source, transport, keepAlive, environment)
      await host.#start()
      return host
    } catch (error) {
      if (host !== undefined) await host.#shared?.close()
      await source?.close(Promise.resolve())
      if (source === undefined && hold?.isOwn === true) await hold.service.close()
      await transport?.close()
      await directory?.release()
      keepAlive.end()
      throw error
    }
  }

  async #start(): Promise<void> {
    const shared = await this.#openThreads(this.#settings.isolation === 'dedicated' ? 1 : this.#settings.threads)
    this.#shared = shared
    await this.#startService()
  }

  /** Starts the actor for the service as a whole; again, when it was lost with its thread. */
  async #startService(): Promise<Mailbox<ServiceRequests, Record<string, never>>> {
    const shared = this.#shared!
    const thread = shared.leastLoaded() ?? (await shared.place())
    if (this.#service !== undefined) return this.#service
    const service = shared.startActor<ServiceRequests, Record<string, never>>(thread, (port) => ({
      kind: 'service',
      port,
    }))
    this.#service = service
    void service.ended.then((cause) => {
      if (cause !== undefined && this.#service === service) this.#service = undefined
    })
    return service
  }

  #openThreads(count: number): Promise<Threads> {
    const { clock, openChannel } = this.#environment
    return this.#environment.openThreads({
      clock,
      openChannel,
      count,
      setup: () => {
        const { provider, transfer } = this.#source.next()
        const { transport, transfer: more } = this.#transport.next()
        const [operations, boots] = [leaseSlots(this.#operations), leaseSlots(this.#boots)]
        const socketDirectory = this.#directory.path
        return { setup: { provider, transport, socketDirectory, operations, boots }, transfer: [...transfer, ...more] }
      },
      onLost: (threadId, cause) => this.emit('thread-lost', threadId, cause),
      onLatency: (op, ms) => this.#latency.record(op, ms),
    })
  }

  #assertOpen(op: string, id?: string): void {
    if (this.#closing === undefined) return
    throw new InvalidStateError({ op, id, state: 'closed', reason: 'the host is closed' })
  }

  // ------------------------------------------------------------------------------------------------------------------- VMs

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
    return this.#attach('create', op, id, options, () => setup)
  }

  /** A further handle on a compute system that exists, made by whatever process. `guestOS` overrides what its properties say. */
  async openVM(id: string, options: { guestOS?: GuestOS } & CallOptions = {}): Promise<UtilityVM> {
    const op = 'host.openVM'
    checkVmId(op, id)
    checkOptions({ op, id }, options, VM_OPTIONS)
    return this.#attach('open', op, id, options, (runtimeOsType) => {
      const reported = runtimeOsType?.toLowerCase() === 'linux' ? 'linux' : 'windows'
      return existingVm(options.guestOS ?? reported)
    })
  }

  async #attach(
    how: 'create' | 'open',
    op: string,
    id: string,
    options: CallOptions,
    setUp: (runtimeOsType?: string) => VmSetup,
  ): Promise<UtilityVM> {
    this.#assertOpen(op, id)
    const threads = this.#settings.isolation === 'dedicated' ? await this.#dedicate(op, id) : this.#shared!
    const thread = threads.leastLoaded() ?? (await threads.place())
    const mailbox = threads.startActor<VmRequests, VmNotices>(thread, (port) => ({ kind: 'vm', port }))
    this.#unattached.set(mailbox, id)
    try {
      const { document, shutdownOptions } = setUp()
      const common = { id, shutdownOptions, queueLimit: this.#settings.queuePerVM }
      const attached =
        how === 'create'
          ? await mailbox.call('create', { ...common, document }, { op, id }, callOptionsOf(options))
          : await mailbox.call('open', common, { op, id }, callOptionsOf(options))
      this.#assertOpen(op, id)
      const { guestOS, dials } = setUp(attached.runtimeOsType)
      const hooks = {
        exited: (exit: ExitStatus, cause: Error) => this.#vmExited(entry, exit, cause),
        closing: () => void this.#guests.get(entry.vm.runtimeId)?.guest?.close(),
        closed: () => this.#vmClosed(entry),
      }
      const { relaySocket } = this.#source
      const vm = new UtilityVM({ id, guestOS, attached, mailbox, hooks, relaySocket })
      const entry: VmEntry = { vm, mailbox, threads, thread, dials, exit: undefined }
      this.#vms.set(vm, entry)
      this.#unattached.delete(mailbox)
      return vm
    } catch (error) {
      // A call that its caller gave up goes on in the actor, which makes good what it brings.
      void this.#discard(mailbox, threads)
      throw error
    }
  }

  async #discard(mailbox: Mailbox<VmRequests, VmNotices>, threads: Threads): Promise<void> {
    await mailbox.call('discard', {}, { op: 'vm.discard' }).catch(() => undefined)
    await mailbox.stop()
    this.#unattached.delete(mailbox)
    await this.#undedicate(threads)
  }

  async #dedicate(op: string, id: string): Promise<Threads> {
    const opening = this.#openThreads(1)
    this.#dedicating.add(opening)
    try {
      const threads = await opening
      this.#dedicated.add(threads)
      if (this.#closing !== undefined) await this.#undedicate(threads)
      this.#assertOpen(op, id)
      return threads
    } finally {
      this.#dedicating.delete(opening)
    }
  }

  async #undedicate(threads: Threads): Promise<void> {
    if (!this.#dedicated.has(threads)) return
    await threads.close()
    this.#dedicated.delete(threads)
  }

  #vmExited(entry: VmEntry, exit: ExitStatus, cause: Error): void {
    entry.exit = cause
    const { id, runtimeId } = entry.vm
    this.#guests.get(runtimeId)?.guest?.vmExited(cause)
    if (this.#exited.has(runtimeId)) return
    this.#exited.add(runtimeId)
    this.emit('vm-exited', id, exit)
  }

  #vmClosed(entry: VmEntry): void {
    this.#vms.delete(entry.vm)
    const { runtimeId } = entry.vm
    if (![...this.#vms.keys()].some((vm) => vm.runtimeId === runtimeId)) this.#exited.delete(runtimeId)
    void this.#undedicate(entry.threads)
  }

  /** Compute systems known to the service, whoever made them. Never waits for a VM. Keys of the query combine with AND. */
  async listVMs(query: ComputeSystemQuery = {}, options?: CallOptions): Promise<ComputeSystemSummary[]> {
    const op = 'host.listVMs'
    checkOptions({ op }, query, SYSTEM_QUERY)
    // Members of a query keep the caller's order.
    const text = documentText({ op }, undefined, query)
    return systemsOf(op, await this.#ask('enumerate', { query: text === '{}' ? '' : text }, op, options))
  }

  // ---------------------------------------------------------------------------------------------------------------- guests

  /**
   * Listens for the VM's guest and waits for nobody: call it before `vm.start`. A VM has one Guest at a time; it ends with its VM.
   *
   * @throws {InvalidStateError} a second Guest while one lives; 'guest-held': another process at the same service process has one
   */
  async createGuest(vm: UtilityVM, options: GuestOptions & CallOptions = {}): Promise<Guest> {
    const op = 'host.createGuest'
    const entry = this.#vms.get(vm)
    const id = entry?.vm.id
    this.#assertOpen(op, id)
    if (entry === undefined) {
      if (!readArgument({ op }, 'vm', () => vm instanceof UtilityVM)) {
        throw new InvalidConfigError({ op, path: 'vm', secret: vm, reason: 'expected a UtilityVM of this host' })
      }
      const reason = 'the VM handle is closed, or belongs to another host'
      throw new InvalidStateError({ op, id: vm.id, state: 'closed', reason })
    }
    const init = readArgument({ op, id: vm.id }, 'options', () => setUpGuest(vm, options, entry.dials))
    assertRuns({ op, id: vm.id }, entry)
    if (this.#guests.has(vm.runtimeId)) {
      throw new InvalidStateError({
        op,
        id,
        state: 'guest-exists',
        reason: 'the VM has a Guest already; close it first',
      })
    }
    const place: GuestEntry = { guest: undefined }
    this.#guests.set(vm.runtimeId, place)
    if (this.#source.guests !== undefined) await this.#claimGuest({ op, id: vm.id }, vm, place)
    const mailbox = entry.threads.startActor<GuestRequests, GuestNotices>(entry.thread, (port) => ({
      kind: 'guest',
      port,
      init,
    }))
    const guest = new Guest({
      vmId: vm.id,
      guestOS: vm.guestOS,
      mailbox,
      hooks: {
        disconnected: (error) => {
          // A guest that hangs up may be one whose VM is gone.
          entry.mailbox.call('checkExit', {}, { op: 'vm.checkExit', id: vm.id }).catch(() => undefined)
          if (error === undefined) this.emit('guest-disconnected', vm.id)
          else this.emit('guest-disconnected', vm.id, error)
        },
        closed: () => this.#releaseGuest(vm.runtimeId, place),
      },
    })
    place.guest = guest
    try {
      await mailbox.call('arm', {}, { op, id: vm.id }, callOptionsOf(options))
      return guest
    } catch (error) {
      await guest.close()
      throw error
    }
  }

  /** Where other processes may want the guest connection too. Looks again at what may have changed meanwhile. */
  async #claimGuest(subject: { op: string; id: string }, vm: UtilityVM, place: GuestEntry): Promise<void> {
    try {
      await this.#source.guests?.claim(subject, vm.runtimeId)
    } catch (error) {
      this.#guests.delete(vm.runtimeId)
      throw error instanceof UVMError ? withContext(error, subject) : error
    }
    try {
      this.#assertOpen(subject.op, subject.id)
      const entry = this.#vms.get(vm)
      if (entry !== undefined) return assertRuns(subject, entry)
      throw new InvalidStateError({ ...subject, state: 'closed', reason: 'the VM handle was closed meanwhile' })
    } catch (error) {
      await this.#releaseGuest(vm.runtimeId, place)
      throw error
    }
  }

  async #releaseGuest(runtimeId: string, place: GuestEntry): Promise<void> {
    if (this.#guests.get(runtimeId) !== place) return
    await this.#source.guests?.release(runtimeId)
    if (this.#guests.get(runtimeId) === place) this.#guests.delete(runtimeId)
  }

  // --------------------------------------------------------------------------------------------------------------- service

  async #ask<K extends keyof ServiceRequests>(
    method: K,
    input: ServiceRequests[K]['input'],
    op: string,
    options: CallOptions | undefined,
    id?: string,
  ): Promise<ServiceRequests[K]['output']> {
    this.#assertOpen(op, id)
    const service = this.#service ?? (await this.#startService())
    return service.call(method, input, id === undefined ? { op } : { op, id }, options)
  }

  /** Properties of the compute service itself, as the service words them. */
  async serviceProperties(query: ServicePropertyQuery, options?: CallOptions): Promise<unknown> {
    const op = 'host.serviceProperties'
    // Members of a query keep the caller's order.
    const text = documentText({ op }, undefined, query)
    return documentOf(op, await this.#ask('serviceProperties', { query: text }, op, options))
  }

  /** Changes settings of the compute service, such as CPU groups. */
  async modifyServiceSettings(settings: unknown, options?: CallOptions): Promise<void> {
    const op = 'host.modifyServiceSettings'
    const text = documentText({ op }, 'ModificationRequest', settings)
    await this.#ask('modifyService', { settings: text }, op, options)
  }

  /** Lets the VM open a file of the host. */
  async grantVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void> {
    await this.#access('grantAccess', 'host.grantVMAccess', vmId, path, options)
  }

  async revokeVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void> {
    await this.#access('revokeAccess', 'host.revokeVMAccess', vmId, path, options)
  }

  async #access(
    method: 'grantAccess' | 'revokeAccess',
    op: string,
    vmId: string,
    path: string,
    options: CallOptions | undefined,
  ): Promise<void> {
    checkVmId(op, vmId)
    if (typeof path !== 'string' || path === '' || path.includes('\0') || !isWellFormed(path)) {
      throw new InvalidConfigError({ op, id: vmId, path: 'path', value: path, reason: 'expected a file path' })
    }
    await this.#ask(method, { vmId, path }, op, options, vmId)
  }

  // --------------------------------------------------------------------------------------------------------------- the end

  /** What is open now; the counts are exact, and all zero once everything is closed. */
  async stats(): Promise<HostStats> {
    const pools = [...(this.#shared === undefined ? [] : [this.#shared]), ...this.#dedicated]
    const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0 }
    for (const one of await Promise.all(pools.map((pool) => pool.gauges()))) {
      for (const key of Object.keys(gauges) as (keyof typeof gauges)[]) gauges[key] += one[key]
    }
    // The ledger also knows what threads that are gone have opened; the gauges also know what is on its way to it.
    const native = this.#source.counts?.()
    gauges.handles = Math.max(gauges.handles, native?.handles ?? 0)
    gauges.operations = Math.max(gauges.operations, native?.operations ?? 0)
    return {
      threads: {
        actors: pools.reduce((sum, pool) => sum + pool.count, 0),
        service: this.#shared === undefined ? 0 : this.#source.serviceThreads,
        callback: this.#shared === undefined ? 0 : this.#source.callbackThreads,
        acceptor: this.#shared === undefined ? 0 : this.#transport.acceptorThreads,
      },
      actors: { vm: this.#vms.size, guest: this.#guests.size },
      ...gauges,
      latencyMs: this.#latency.summary(),
    }
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
    // Whoever closes waits for it, also after `unref`.
    this.#keepAlive.ref()
    const left = new Set<string>()
    let force = (): void => undefined
    const forced = new Promise<void>((resolve) => (force = resolve))
    const deadline = this.#environment.clock.after(this.#settings.closeTimeoutMs, force)
    const within = async (what: string, work: Promise<unknown>): Promise<void> => {
      const ended = await Promise.race([work.catch(() => undefined), forced.then(() => FORCED)])
      if (ended === FORCED) left.add(what)
    }
    // Guests and VMs at once, so that a VM's own closing finds its guest ending on purpose.
    await Promise.all([
      ...[...this.#guests].map(([runtimeId, { guest }]) =>
        within(`guest of ${runtimeId}`, guest?.close() ?? Promise.resolve()),
      ),
      ...[...this.#vms.keys()].map((vm) => within(`vm ${vm.id}`, vm.close())),
      ...[...this.#unattached].map(([mailbox, id]) => within(`vm ${id}`, mailbox.stop())),
    ])
    await within('the service actor', this.#service?.stop() ?? Promise.resolve())
    await Promise.race([Promise.allSettled(this.#dedicating), forced])
    const pools = [...(this.#shared === undefined ? [] : [this.#shared]), ...this.#dedicated]
    await Promise.all(
      pools.map(async (pool) => {
        for (const what of await pool.close(forced)) left.add(what)
      }),
    )
    this.#shared = undefined
    this.#dedicated.clear()
    const forcedLast = await this.#source.close(forced).catch((error: unknown) => [`the provider: ${String(error)}`])
    for (const what of forcedLast) left.add(what)
    deadline.clear()
    await this.#transport.close().catch(() => left.add('the transport'))
    await this.#directory.release().catch(() => left.add(`the directory ${this.#directory.path}`))
    this.#keepAlive.end()
    if (left.size > 0) this.emit('close-forced', [...left])
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

/** @throws {GuestConnectionUnavailableError} the VM has exited */
function assertRuns(subject: { op: string; id: string }, { exit }: VmEntry): void {
  if (exit === undefined) return
  const reason = 'the VM has exited'
  const cause = new BridgeClosedError({ ...subject, reason, cause: exit })
  throw new GuestConnectionUnavailableError({ ...subject, reason, cause })
}
