// The VM actor: owns one compute-system handle, runs the VM's changes one at a time in call order, and turns events into the one exit.
//
// Who may do what: changes queue; terminate, close, wait and property reads do not. A call that its caller gave up is not torn out from
// under HCS: it ends on its own, and a create that succeeds late is terminated and closed. The exit is whichever comes first of event,
// property read and lost service; it is told once, before terminate and wait are answered.

import type { MessagePort } from 'node:worker_threads'
import {
  HcsError,
  isAlreadyStopped,
  isInvalidState,
  isNotExist,
  isPending,
  OperationTimeoutError,
  UVMError,
} from '../../errors.js'
import { toWireError } from '../../errors-wire.js'
import { hcsError } from '../../native/hcs-error.js'
import { HCS_EVENT, type HcsEvent, type HcsSystem, type MigrationStep } from '../../native/hcs.js'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord, member, parseJson } from '../../protocol/json.js'
import type { Actor, ActorEnvironment, SlotRequest, Slots } from '../environment.js'
import type { ActorCall, ActorPort } from '../mailbox/contract.js'
import { exposeActor } from '../mailbox/expose.js'
import type { ExitNotice, VmAttached, VmNotices, VmRequests } from './contract.js'
import { exitOfEvent, exitOfProperties, tryParse } from './exit.js'
import { ChangeQueue, refusal, type Barrier, type QueueEffect } from './queue.js'

/** Default time of every call but wait, close and those of a migration, milliseconds, from when it leaves its queue. */
const DEFAULT_TIMEOUT_MS = 240_000

interface Turn {
  start: () => void
  refuse: (barrier: Barrier) => void
}

interface Waiter {
  resolve: (exit: ExitNotice) => void
  reject: (error: UVMError) => void
}

/** What a native call is allowed and called. */
interface NativeCall {
  op: string
  path?: string
  call?: ActorCall
  /** Also takes a boot slot. */
  boots?: boolean
  /** Has had its turn in the queue. */
  isChange?: boolean
  /** No default time-out. */
  untimed?: boolean
  /** Takes no slot: it interrupts a call that may hold the last one. */
  slotless?: boolean
}

class VmActor {
  readonly #env: ActorEnvironment
  readonly #port: ActorPort<VmNotices>
  readonly ended: Promise<void>
  #id = ''
  #shutdownOptions = ''
  #queue = new ChangeQueue(0)
  readonly #turns = new Map<number, Turn>()
  readonly #waiters = new Set<Waiter>()
  /** Calls that wait for a slot: a close ends all of them, a terminate those that are changes. */
  readonly #awaitingSlots = new Map<SlotRequest, NativeCall>()
  /** Native calls on the handle that have not ended: close waits for them. */
  readonly #inFlight = new Set<Promise<unknown>>()
  #system: HcsSystem | undefined
  #attached = false
  /** The system is of this actor's making. */
  #created = false
  /** Whoever asked for it has gone: it must not stay. */
  #abandoned = false
  #exit: ExitNotice | undefined
  /** The service went away before the exit was known. */
  #lost: HcsError | undefined
  #terminating: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #startedMs: number | undefined
  /** A migration has begun on this handle. */
  #migrates = false

  constructor(port: MessagePort, env: ActorEnvironment) {
    this.#env = env
    this.#port = exposeActor<VmRequests, VmNotices>(
      port,
      {
        create: (input, call) =>
          this.#attach('vm.create', input, call, (onEvent) =>
            env.provider.createSystem(input.id, input.document, onEvent),
          ),
        open: (input, call) =>
          this.#attach('vm.open', input, call, (onEvent) => env.provider.openSystem(input.id, onEvent)),
        start: ({ options }, call) =>
          this.#change({ op: 'vm.start', call, boots: true }, async (system) => {
            await system.start(options)
            this.#startedMs ??= env.clock.wallTime()
          }),
        startMigrated: ({ options, socket }, call) =>
          this.#change({ op: 'vm.startWithMigrationOptions', call, boots: true, untimed: true }, async (system) => {
            await system.start(options, socket)
            this.#migrates = true
            this.#startedMs ??= env.clock.wallTime()
          }),
        migrate: ({ step, ...input }, call) =>
          step === 'cancel' ? this.#cancelMigration(input, call) : this.#migrate(step, input, call),
        shutdown: (_input, call) => this.#shutdown(call),
        pause: ({ options }, call) => this.#change({ op: 'vm.pause', call }, (system) => system.pause(options)),
        resume: (_input, call) => this.#change({ op: 'vm.resume', call }, (system) => system.resume('')),
        save: ({ options }, call) => this.#change({ op: 'vm.save', call }, (system) => system.save(options)),
        modify: ({ request, op, path }, call) => this.#change({ op, path, call }, (system) => system.modify(request)),
        properties: ({ query, op }, call) => this.#properties(op, query, call),
        terminate: (_input, call) => this.#terminate(call),
        wait: (_input, call) => this.#wait(call),
        checkExit: () => this.#checkExit(),
        close: () => this.#close(),
        discard: () => this.#discardOwn(),
        times: () => ({
          ...(this.#startedMs === undefined ? {} : { startedMs: this.#startedMs }),
          ...(this.#exit === undefined ? {} : { stoppedMs: this.#exit.atMs }),
        }),
      },
      { onStop: () => this.stop(), clock: env.clock },
    )
    this.ended = this.#port.closed
  }

  async stop(): Promise<void> {
    await this.#close()
  }

  // ------------------------------------------------------------------------------------------------------------ attaching

  async #attach(
    op: string,
    input: { id: string; shutdownOptions: string; queueLimit: number },
    call: ActorCall,
    obtain: (onEvent: (event: HcsEvent) => void) => Promise<HcsSystem>,
  ): Promise<VmAttached> {
    this.#id = input.id
    this.#shutdownOptions = input.shutdownOptions
    this.#queue = new ChangeQueue(input.queueLimit)
    const isOurs = op === 'vm.create'
    const adopt = async (): Promise<HcsSystem> => {
      const system: unknown = await obtain((event) => this.#onEvent(event))
      if (!isSystem(system)) throw this.#unusable(op, 'the provider answered with something that is no compute system')
      this.#env.gauges.handles++
      if (this.#abandoned || this.#closing !== undefined) await this.#discard(system, isOurs)
      else this.#system = system
      return system
    }
    const work = this.#native({ op, call }, adopt)
    call.onCancel(() => (this.#abandoned = true))
    try {
      await work
    } catch (error) {
      this.#abandoned = true
      throw error
    }
    if (this.#system === undefined) throw refusal('closed', { op, id: this.#id })
    try {
      const text = await this.#properties(op, '', call)
      const document = parseJson(text)
      const runtimeId = member(document, 'RuntimeId')
      if (typeof runtimeId !== 'string' || runtimeId === '')
        throw this.#unusable(op, 'the properties have no RuntimeId')
      const os = member(document, 'RuntimeOsType')
      this.#attached = true
      this.#created = isOurs
      return {
        runtimeId: runtimeId.replace(/[{}]/g, '').toLowerCase(),
        ...(typeof os === 'string' ? { runtimeOsType: os } : {}),
        ...(this.#exit === undefined ? {} : { exit: this.#exit }),
      }
    } catch (error) {
      // Nobody will ever own it: what was accepted is ended again.
      const system = this.#system
      this.#system = undefined
      await this.#discard(system, isOurs)
      throw error instanceof UVMError ? error : this.#unusable(op, 'the properties cannot be read', error)
    }
  }

  #unusable(op: string, detail: string, cause?: unknown): HcsError {
    return new HcsError({ op, id: this.#id, hresult: HRESULT.E_UNEXPECTED, detail, cause })
  }

  /** Releases a handle that nobody will own; a VM of our own making goes with it. */
  async #discard(system: HcsSystem, ours: boolean): Promise<void> {
    if (ours) await system.terminate('').catch(() => undefined)
    await system.close().catch(() => undefined)
    this.#env.gauges.handles--
  }

  /** Its answer found nobody: as if it had never been created. */
  async #discardOwn(): Promise<undefined> {
    this.#abandoned = true
    if (this.#created && this.#exit === undefined) await this.#system?.terminate('').catch(() => undefined)
    return this.#close()
  }

  // --------------------------------------------------------------------------------------------------------- native calls

  /**
   * Runs one native call under a slot and, unless the caller keeps the time, the default deadline. The promise may settle before the
   * call has ended; `onEnd` runs when it has.
   */
  async #native<T>(call: NativeCall, work: () => Promise<T>, onEnd: () => void = () => undefined): Promise<T> {
    const releases: (() => void)[] = []
    const finish = (): void => {
      for (const release of releases) release()
      onEnd()
    }
    for (const pool of this.#pools(call)) {
      const request = pool.acquire(this.#id)
      this.#awaitingSlots.set(request, call)
      const forget = call.call?.onCancel(() => request.cancel())
      const release = await request.granted
      this.#awaitingSlots.delete(request)
      forget?.()
      if (release !== undefined) releases.push(release)
      // A change that had its turn, but was not sent before a terminate came, must not follow it.
      const isOvertaken = call.isChange === true && this.#queue.barrier !== undefined
      if (release === undefined || isOvertaken || this.#closing !== undefined) {
        finish()
        throw refusal(this.#queue.barrier ?? 'closed', { op: call.op, id: this.#id })
      }
    }
    this.#env.gauges.operations++
    const running = (async () => {
      try {
        return await work()
      } catch (error) {
        throw hcsError(error, { op: call.op, id: this.#id, path: call.path })
      } finally {
        this.#env.gauges.operations--
        finish()
      }
    })()
    this.#inFlight.add(running)
    running.catch(() => undefined).finally(() => this.#inFlight.delete(running))
    return call.call?.timed === true || call.untimed === true ? running : this.#withDeadline(running, call.op)
  }

  #pools(call: NativeCall): Slots[] {
    if (call.slotless === true) return []
    return call.boots === true ? [this.#env.boots, this.#env.operations] : [this.#env.operations]
  }

  /** Ends the waiting for slots of what must not be sent any more. */
  #refuseAwaiting(which: (call: NativeCall) => boolean): void {
    for (const [request, call] of this.#awaitingSlots) if (which(call)) request.cancel()
  }

  #withDeadline<T>(running: Promise<T>, op: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#env.clock.after(DEFAULT_TIMEOUT_MS, () =>
        reject(new OperationTimeoutError({ op, id: this.#id, timeoutMs: DEFAULT_TIMEOUT_MS })),
      )
      running.then(resolve, reject).finally(() => timer.clear())
    })
  }

  /** The open handle. @throws when there is none, or contact with the service was lost */
  #handle(op: string): HcsSystem {
    if (this.#lost !== undefined) throw new HcsError({ op, id: this.#id, hresult: HRESULT.HCS_E_SERVICE_DISCONNECT })
    if (this.#system === undefined || this.#closing !== undefined) throw refusal('closed', { op, id: this.#id })
    return this.#system
  }

  /** A change: waits for its turn, then runs; the next one starts when it has really ended. */
  async #change(call: NativeCall, work: (system: HcsSystem) => Promise<unknown>): Promise<undefined> {
    this.#handle(call.op)
    const context = { op: call.op, id: this.#id }
    const { ticket, effects } = this.#submit(context)
    let cancelled = false
    const turn = new Promise<void>((start, reject) =>
      this.#turns.set(ticket, { start, refuse: (barrier) => reject(refusal(barrier, context)) }),
    )
    this.#env.gauges.queued++
    const forget = call.call?.onCancel(() => {
      if (!this.#queue.cancel(ticket)) return
      cancelled = true
      this.#turns.get(ticket)?.start()
    })
    this.#perform(effects)
    try {
      await turn
    } finally {
      this.#env.gauges.queued--
      this.#turns.delete(ticket)
      forget?.()
    }
    // Its caller is gone and it was never sent: the answer goes nowhere.
    if (cancelled) return undefined
    let system: HcsSystem
    try {
      system = this.#handle(call.op)
    } catch (error) {
      this.#perform(this.#queue.ended(ticket))
      throw error
    }
    await this.#native(
      { ...call, isChange: true },
      () => work(system),
      () => this.#perform(this.#queue.ended(ticket)),
    )
    return undefined
  }

  #submit(context: { op: string; id: string }): ReturnType<ChangeQueue['submit']> {
    const { barrier } = this.#queue
    if (barrier !== undefined) throw refusal(barrier, context)
    try {
      return this.#queue.submit()
    } catch (error) {
      throw Object.assign(error as object, context)
    }
  }

  #perform(effects: QueueEffect[]): void {
    for (const effect of effects) {
      const turn = this.#turns.get(effect.ticket)
      if (effect.do === 'send') turn?.start()
      else turn?.refuse(effect.barrier)
    }
  }

  // ------------------------------------------------------------------------------------------------------------ lifecycle

  async #shutdown(call: ActorCall): Promise<undefined> {
    if (this.#isOver()) return undefined
    try {
      return await this.#change({ op: 'vm.shutdown', call }, (system) => system.shutdown(this.#shutdownOptions))
    } catch (error) {
      if (this.#exit !== undefined && (isAlreadyStopped(error) || isNotExist(error))) return undefined
      throw error
    }
  }

  /** Closed, or known to have exited: terminate and shutdown have nothing to do. */
  #isOver(): boolean {
    return this.#exit !== undefined || this.#closing !== undefined
  }

  async #terminate(call: ActorCall): Promise<undefined> {
    if (this.#isOver()) return undefined
    this.#handle('vm.terminate')
    this.#terminating ??= this.#terminateOnce(call).finally(() => {
      this.#terminating = undefined
      this.#queue.lift()
    })
    await this.#terminating
    return undefined
  }

  async #terminateOnce(call: ActorCall): Promise<void> {
    const op = 'vm.terminate'
    this.#perform(this.#queue.raise('terminating'))
    this.#refuseAwaiting((call) => call.isChange === true)
    const system = this.#handle(op)
    const exited = new Promise<void>((resolve, reject) => {
      this.#waiters.add({ resolve: () => resolve(), reject })
    })
    exited.catch(() => undefined)
    // The first caller's cancel must not end the termination for those that joined it.
    const shared: ActorCall = { timed: call.timed, onCancel: () => () => undefined, keepsTime: () => undefined }
    const accepted = this.#native({ op, call: shared }, () => system.terminate(''))
    const gone = accepted.then(
      () => exited,
      async (error: unknown) => {
        if (!isAlreadyStopped(error) && !isNotExist(error) && !isPending(error)) throw error
        // It is gone, or going: an event that came before we asked is not repeated.
        if (!isPending(error)) await this.#settleGone()
        return exited
      },
    )
    await (call.timed ? gone : this.#withDeadline(gone, op))
  }

  /** HCS says that the VM is gone: finds out how, and records an exit without detail when nobody can tell. */
  async #settleGone(): Promise<void> {
    await this.#checkExit().catch(() => undefined)
    if (this.#exit === undefined) {
      this.#recordExit({ status: 0, exitType: 'Unknown', atMs: this.#env.clock.wallTime() })
    }
  }

  #wait(call: ActorCall): Promise<ExitNotice> {
    if (this.#exit !== undefined) return Promise.resolve(this.#exit)
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    if (this.#closing !== undefined) return Promise.reject(refusal('closed', { op: 'vm.wait', id: this.#id }))
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject }
      this.#waiters.add(waiter)
      call.onCancel(() => this.#waiters.delete(waiter))
    })
  }

  async #properties(op: string, query: string, call: ActorCall): Promise<string> {
    const system = this.#handle(op)
    const text = await this.#native({ op, call }, () => system.properties(query))
    if (text === '') throw this.#unusable(op, 'the service answered the query without a document')
    if (this.#exit === undefined && text.includes('"Stop')) {
      const exit = exitOfProperties(tryParse(text), this.#id, this.#env.clock.wallTime())
      if (exit !== undefined) this.#recordExit(exit)
    }
    return text
  }

  async #checkExit(): Promise<undefined> {
    if (this.#exit !== undefined || this.#system === undefined || this.#closing !== undefined) return undefined
    try {
      await this.#properties('vm.checkExit', '', {
        timed: false,
        onCancel: () => () => undefined,
        keepsTime: () => undefined,
      })
    } catch (error) {
      if (!isNotExist(error) && !isAlreadyStopped(error)) throw error
    }
    return undefined
  }

  #close(): Promise<undefined> {
    this.#closing ??= this.#closeOnce()
    return this.#closing.then(() => undefined)
  }

  async #closeOnce(): Promise<void> {
    this.#perform(this.#queue.raise('closed'))
    this.#refuseAwaiting(() => true)
    // What HCS has is waited for: it uses the handle until it has answered.
    while (this.#inFlight.size > 0) await Promise.allSettled([...this.#inFlight])
    const system = this.#system
    this.#system = undefined
    if (system !== undefined) {
      await system.close().catch(() => undefined)
      this.#env.gauges.handles--
    }
    for (const waiter of this.#waiters) waiter.reject(refusal('closed', { op: 'vm.wait', id: this.#id }))
    this.#waiters.clear()
  }

  // ------------------------------------------------------------------------------------------------------------- migration

  async #migrate(
    step: Exclude<MigrationStep, 'cancel'>,
    { op, options, socket }: { op: string; options: string; socket?: bigint },
    call: ActorCall,
  ): Promise<undefined> {
    return this.#change({ op, call, untimed: true }, async (system) => {
      await (socket === undefined ? system.migrate(step, options) : system.migrate(step, options, socket))
      this.#migrates = true
    })
  }

  /** Overtakes everything: it must be able to interrupt the transfer that has the turn. */
  async #cancelMigration({ op, options }: { op: string; options: string }, call: ActorCall): Promise<undefined> {
    const system = this.#handle(op)
    try {
      await this.#native({ op, call, untimed: true, slotless: true }, () => system.migrate('cancel', options))
    } catch (error) {
      // What began is over already, or the VM has gone with it.
      const isOver = isInvalidState(error) || isAlreadyStopped(error) || isNotExist(error)
      if (!this.#migrates || !isOver) throw error
    }
    return undefined
  }

  // --------------------------------------------------------------------------------------------------------------- events

  #onEvent(event: HcsEvent): void {
    if (this.#system === undefined && this.#attached) return
    switch (event.type >>> 0) {
      case HCS_EVENT.systemExited:
        this.#recordExit(exitOfEvent(event.data, this.#id, this.#env.clock.wallTime()))
        return
      case HCS_EVENT.crashInitiated:
      case HCS_EVENT.crashReport:
        this.#port.notify('crashReport', tryParse(event.data))
        return
      case HCS_EVENT.guestConnectionClosed:
        this.#port.notify('guestConnectionClosed')
        void this.#checkExit().catch(() => undefined)
        return
      case HCS_EVENT.groupLiveMigration:
        this.#tellMigration(event.data)
        return
      case HCS_EVENT.serviceDisconnect:
        this.#recordLoss()
        return
      default:
        // Newer services say more; nothing here depends on it.
        return
    }
  }

  /** No payload is an empty notification; one that is no document is dropped. */
  #tellMigration(data: string): void {
    const info = data === '' ? {} : tryParse(data)
    if (isRecord(info)) this.#port.notify('migration', info)
  }

  #recordExit(exit: ExitNotice): void {
    if (this.#exit !== undefined || this.#lost !== undefined) return
    this.#exit = exit
    this.#port.notify('exit', exit)
    for (const waiter of this.#waiters) waiter.resolve(exit)
    this.#waiters.clear()
  }

  #recordLoss(): void {
    if (this.#exit !== undefined || this.#lost !== undefined) return
    this.#lost = new HcsError({ op: 'vm.wait', id: this.#id, hresult: HRESULT.HCS_E_SERVICE_DISCONNECT })
    this.#port.notify('disconnected', toWireError(this.#lost))
    for (const waiter of this.#waiters) waiter.reject(this.#lost)
    this.#waiters.clear()
  }
}

/** As far as this side depends on it: without these no handle could be given back. */
function isSystem(value: unknown): value is HcsSystem {
  if (typeof value !== 'object' || value === null) return false
  const { properties, terminate, close } = value as Partial<HcsSystem>
  return [properties, terminate, close].every((method) => typeof method === 'function')
}

/** Starts a VM actor on a port. Its first request must be `create` or `open`. */
export function startVmActor(port: MessagePort, env: ActorEnvironment): Actor {
  return new VmActor(port, env)
}
