// One compute-system handle in action: performs what lifecycle/ decides on the provider, the queue and those who wait.
// A call that its caller gave up is not torn out from under HCS: it ends on its own, and a create that succeeds late is terminated and
// closed. The exit is whichever comes first of event, property read and lost service; it is told before terminate and wait are answered.

import { HcsError, isAlreadyStopped, isNotExist, isPending, isTimeout, UVMError } from '../../errors.js'
import type { HcsEvent, HcsSystem } from '../../native/hcs.js'
import type { ActorEnvironment } from '../environment.js'
import type { ActorCall } from '../mailbox/contract.js'
import { NativeCalls, READS_OF_VM, slotPools, type SlotPool } from '../native-calls.js'
import { endedMeanwhile, assertSystem, readAttached, unusable, type Obtain, type Subject } from './attachment.js'
import type { ExitNotice, VmAttached, VmRecall, VmRequests } from './contract.js'
import { readState } from './exit.js'
import { exitOf, isOver, isUsable, lossOf, powerOf } from './lifecycle/states.js'
import type { Origin, VmEffect, VmEvent, VmState } from './lifecycle/states.js'
import { step } from './lifecycle/table.js'
import { explained, followPower } from './power.js'
import { barredError, type Barrier } from './queue.js'
import { Turns, type Change, type Turn, type VmCall } from './turns.js'
import { ExitWaiters, knownExit, TerminateCallers } from './waiters.js'

type AttachInput = VmRequests['open']['input']

/** Told once, before whoever waits. */
export interface VmHandleHooks {
  onEvent(event: HcsEvent): void
  onExit(exit: ExitNotice): void
  onLoss(error: UVMError): void
}

export class VmHandle {
  readonly #env: ActorEnvironment
  readonly #hooks: VmHandleHooks
  readonly #pools: ReturnType<typeof slotPools>
  #id = ''
  #runtimeId: string | undefined
  #state: VmState = { kind: 'new' }
  #system: HcsSystem | undefined
  #turns: Turns
  #calls: NativeCalls<VmCall>
  readonly #waiters = new ExitWaiters()
  readonly #terminations: TerminateCallers
  #settleClosed: () => void = () => undefined
  readonly #closed = new Promise<void>((resolve) => (this.#settleClosed = resolve))

  constructor(env: ActorEnvironment, hooks: VmHandleHooks) {
    this.#env = env
    this.#hooks = hooks
    const bootOf = (): string | undefined => (this.exit === undefined ? this.#runtimeId : undefined)
    this.#pools = slotPools(env, env.boots.ofVM(bootOf), READS_OF_VM)
    this.#turns = new Turns('', 0, env)
    this.#calls = new NativeCalls(env, '')
    this.#terminations = new TerminateCallers(env.clock)
  }

  get id(): string {
    return this.#id
  }

  get exit(): ExitNotice | undefined {
    return exitOf(this.#state)
  }

  /** Closed, or known to have exited: terminate and shutdown have nothing to do. */
  get isOver(): boolean {
    return isOver(this.#state)
  }

  /** An event told of it. */
  heard(event: Extract<VmEvent, { type: 'exited' | 'disconnected' }>): void {
    this.#apply(event)
  }

  /** Lets go of the handle: `discard` ends a VM of our making with it. Legal in every state, idempotent. */
  async end(how: 'close' | 'discard'): Promise<undefined> {
    this.#apply({ type: how })
    await this.#closed
    return undefined
  }

  // ------------------------------------------------------------------------------------------------------------ lifecycle

  /** @throws {InvalidStateError} what may not be asked now */
  #apply(event: VmEvent): readonly VmEffect[] {
    const { state, effects } = step(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    if (state.kind === 'closed') this.#settleClosed()
    return effects
  }

  #perform(effect: VmEffect): void {
    switch (effect.do) {
      case 'raise':
        this.#turns.raise(effect.barrier)
        this.#endWaiting(effect.barrier, (role) =>
          effect.barrier === 'closed' ? role !== 'terminate' : role === 'change',
        )
        return
      case 'lift':
        this.#turns.lift()
        // Nobody waits for it any more: it must not be sent later, and holds no slot.
        this.#endWaiting('terminating', (role) => role === 'terminate')
        this.#calls.abandon(({ role }) => role === 'terminate')
        return
      case 'ask-terminate':
        void this.#askTerminate(effect.ask)
        return
      case 'settle-terminates':
        this.#terminations.settle(effect.error)
        return
      case 'tell-exit':
        this.#endBoot()
        this.#hooks.onExit(effect.exit)
        this.#waiters.settle(({ resolve }) => resolve(effect.exit))
        return
      case 'tell-loss':
        this.#hooks.onLoss(effect.error)
        this.#waiters.settle(({ reject }) => reject(effect.error))
        return
      case 'refuse-waiters': {
        const error = effect.error ?? barredError('closed', { op: 'vm.wait', id: this.#id })
        this.#waiters.settle(({ reject }) => reject(error))
        return
      }
      case 'release':
        void this.#release(effect.terminateFirst)
        return
      case 'discard-handle':
        // Done by whoever has brought the handle.
        return
    }
  }

  #endWaiting(barrier: Barrier, which: (role: VmCall['role']) => boolean): void {
    this.#calls.endWaiting(
      ({ role }) => which(role),
      (call) => barredError(barrier, call),
    )
  }

  /** Lets go of the handle. What HCS has is waited for: it uses the handle until it has answered. */
  async #release(terminateFirst: boolean): Promise<void> {
    this.#endWaiting('closed', () => true)
    if (terminateFirst) await this.#system?.terminate('').catch(() => undefined)
    await this.#calls.settled()
    const system = this.#system
    this.#system = undefined
    if (system !== undefined) await this.#closeHandle(system)
    this.#apply({ type: 'released' })
  }

  async #closeHandle(system: HcsSystem): Promise<void> {
    await system.close().catch(() => undefined)
    this.#env.gauges.handles--
  }

  #onEvent(event: HcsEvent): void {
    if (this.#state.kind !== 'closed') this.#hooks.onEvent(event)
  }

  // ------------------------------------------------------------------------------------------------------------ attaching

  /** Once. A failure leaves nothing behind. */
  async attach(origin: Origin, input: AttachInput, call: ActorCall, obtain: Obtain): Promise<VmAttached> {
    const subject = { op: origin === 'created' ? 'vm.create' : 'vm.open', id: input.id }
    this.#apply({ type: 'attach', origin })
    this.#id = input.id
    this.#turns = new Turns(input.id, input.queueLimit, this.#env)
    this.#calls = new NativeCalls(this.#env, input.id)
    call.onCancel(() => this.#apply({ type: 'abandon' }))
    await this.#obtain(subject, call, obtain, this.#pools.operation)
    const system = this.#system
    if (this.#state.kind !== 'describing' || system === undefined) throw this.#unattached(subject, origin)
    let attached: VmAttached
    try {
      attached = await this.#describe(system, subject, call)
    } catch (error) {
      this.#apply({ type: 'indescribable' })
      if (!isTimeout(error)) await this.#isClosed(subject)
      throw error instanceof UVMError ? error : unusable(subject, 'the properties cannot be read', error)
    }
    if (isUsable(this.#state)) return attached
    await this.#isClosed(subject)
    throw this.#unattached(subject, origin)
  }

  /** Once, in place of `attach`: takes the handle of a lost actor back. */
  async adopt(recall: VmRecall, call: ActorCall, obtain: Obtain): Promise<undefined> {
    const { id, origin, token, exit, queueLimit } = recall
    const subject = { op: 'vm.adopt', id }
    this.#apply({ type: 'adopt', origin, token, exit })
    this.#id = id
    this.#turns = new Turns(id, queueLimit, this.#env)
    this.#calls = new NativeCalls(this.#env, id)
    // Without a slot: other VMs may hold them all.
    await this.#obtain(subject, call, obtain, [])
    if (this.#system === undefined) throw this.#unattached(subject, origin)
    // What came while nobody owned the handle may have been the end.
    void this.checkExit().catch(() => undefined)
    return undefined
  }

  async #obtain(subject: Subject, call: ActorCall, obtain: Obtain, pools: readonly SlotPool[]): Promise<void> {
    const progress = { isSent: false }
    const work = async (): Promise<void> => {
      progress.isSent = true
      let system: HcsSystem
      try {
        system = assertSystem(subject, await obtain((event) => this.#onEvent(event)))
      } catch (error) {
        this.#apply({ type: 'unobtainable', error: unusable(subject, 'there is no handle', error) })
        throw error
      }
      await this.#take(system)
    }
    try {
      await this.#calls.run({ ...subject, call, pools }, work)
    } catch (error) {
      // Its time ran out: a handle that comes late is let go of. Or it never was sent: none will come.
      this.#apply({ type: 'abandon' })
      if (!progress.isSent) this.#apply({ type: 'unobtainable', error: error as UVMError })
      throw error
    }
  }

  async #take(system: HcsSystem): Promise<void> {
    this.#env.gauges.handles++
    const isFirst = this.#system === undefined
    if (isFirst) this.#system = system
    const effects = this.#apply({ type: 'obtained' })
    const discard = effects.find((effect) => effect.do === 'discard-handle')
    if (discard === undefined) return
    if (isFirst) this.#system = undefined
    if (discard.terminateFirst) await system.terminate('').catch(() => undefined)
    await this.#closeHandle(system)
  }

  async #describe(system: HcsSystem, subject: Subject, call: ActorCall): Promise<VmAttached> {
    const text = await this.#read(system, subject.op, '', call, true)
    const { power, ...told } = readAttached(text, subject)
    this.#runtimeId = told.runtimeId
    this.#apply({ type: 'described', power })
    const exit = exitOf(this.#state)
    return { ...told, token: system.token, ...(exit === undefined ? {} : { exit }) }
  }

  /** The handle came, but was not to be. */
  #unattached(subject: Subject, origin: Origin): UVMError {
    return this.#loss(subject.op) ?? endedMeanwhile(subject, origin)
  }

  async #isClosed(subject: Subject): Promise<void> {
    await this.#calls.withDefault(this.#closed, subject).catch(() => undefined)
  }

  // --------------------------------------------------------------------------------------------------------- native calls

  /** The error of every call once contact was lost. */
  #loss(op: string): UVMError | undefined {
    const loss = lossOf(this.#state)
    return loss instanceof HcsError ? new HcsError({ op, id: this.#id, hresult: loss.hresult }) : loss
  }

  /** The open handle. @throws when there is none, or contact with the service was lost */
  #handle(op: string): HcsSystem {
    const loss = this.#loss(op)
    if (loss !== undefined) throw loss
    if (this.#system === undefined || !isUsable(this.#state)) throw barredError('closed', { op, id: this.#id })
    return this.#system
  }

  /** A change: waits for its turn, then runs; the next one starts when it has really ended. */
  async change(change: Change, work: (system: HcsSystem) => Promise<unknown>): Promise<undefined> {
    const { op, kind, call, path, isUntimed } = change
    this.#handle(op)
    const turn = await this.#turns.take(op, call, isUntimed)
    // Its caller is gone and it was never sent: the answer goes nowhere.
    if (turn === undefined) return undefined
    const pools = kind === 'start' ? this.#pools.boot : this.#pools.operation
    const role = 'change'
    try {
      const system = this.#stillUsable(op, turn)
      await this.#calls.run(
        { op, id: this.#id, path, call, pools, isUntimed, role },
        () => followPower(kind, work(system), (power) => this.#apply({ type: 'powered', power })),
        () => turn.end(),
      )
    } catch (error) {
      if (kind === 'start') this.#endBoot()
      throw explained(error as UVMError, kind, powerOf(this.#state))
    }
    return undefined
  }

  #endBoot(): void {
    if (this.#runtimeId !== undefined) this.#env.boots.end(this.#runtimeId)
  }

  /** A change whose turn has come may have been overtaken since. */
  #stillUsable(op: string, turn: Turn): HcsSystem {
    try {
      const { barrier } = this.#turns
      if (barrier !== undefined) throw barredError(barrier, { op, id: this.#id })
      return this.#handle(op)
    } catch (error) {
      turn.end()
      throw error
    }
  }

  /** A property document. */
  async properties(op: string, query: string, call: ActorCall): Promise<string> {
    return this.#read(this.#handle(op), op, query, call)
  }

  /** Overtakes everything, and takes no slot: for what must interrupt a call that has both. */
  async overtake(op: string, call: ActorCall, work: (system: HcsSystem) => Promise<unknown>): Promise<void> {
    const system = this.#handle(op)
    await this.#calls.run({ op, id: this.#id, call, pools: [], isUntimed: true }, () => work(system))
  }

  async #read(system: HcsSystem, op: string, query: string, call?: ActorCall, isFollowUp?: boolean): Promise<string> {
    const subject = { op, id: this.#id }
    return this.#calls.run({ ...subject, call, isFollowUp, pools: this.#pools.read }, async () => {
      const text: unknown = await system.properties(query)
      if (typeof text !== 'string' || text === '') {
        throw unusable(subject, 'the service answered the query without a document')
      }
      if (exitOf(this.#state) === undefined) {
        const { exit } = readState(text, this.#id, this.#env.clock.wallTime())
        if (exit !== undefined) this.#apply({ type: 'exited', exit })
      }
      return text
    })
  }

  /** Resolves when the VM has exited. Callers share what is under way; each has its own time. */
  async terminate(call: ActorCall): Promise<undefined> {
    const subject = { op: 'vm.terminate', id: this.#id }
    if (isOver(this.#state)) return undefined
    const loss = this.#loss(subject.op)
    if (loss !== undefined) throw loss
    if (this.#system === undefined) throw barredError('closed', subject)
    if (this.#terminations.size === 0) this.#terminations.isAsked = false
    const over = this.#terminations.join(call, subject, () => {
      const isFailure = !(this.#state.kind === 'terminating' && this.#state.isClosing)
      this.#apply({ type: 'terminate-late' })
      return isFailure
    })
    this.#apply({ type: 'terminate' })
    await over
    return undefined
  }

  async #askTerminate(ask: number): Promise<void> {
    const call: VmCall = {
      op: 'vm.terminate',
      id: this.#id,
      pools: this.#pools.operation,
      isUntimed: true,
      role: 'terminate',
    }
    try {
      await this.#calls.run(call, async () => {
        this.#terminations.isAsked = true
        await this.#system?.terminate('')
      })
    } catch (error) {
      // It is going.
      if (isPending(error)) return
      // It is gone: an event that came before we asked is not repeated.
      if (isAlreadyStopped(error) || isNotExist(error)) await this.#settleGone()
      else this.#apply({ type: 'terminate-failed', ask, error: error as UVMError })
    }
  }

  /** HCS says that the VM is gone: finds out how, and records an exit without detail when nobody can tell. */
  async #settleGone(): Promise<void> {
    await this.checkExit().catch(() => undefined)
    const exit: ExitNotice = { status: 0, exitType: 'Unknown', atMs: this.#env.clock.wallTime() }
    this.#apply({ type: 'exited', exit })
  }

  /** The exit, however late it is asked for. */
  async wait(call: ActorCall): Promise<ExitNotice> {
    return knownExit(this.#state, { op: 'vm.wait', id: this.#id }) ?? this.#waiters.wait(call)
  }

  /** A hint that the VM may be gone: looks. */
  async checkExit(): Promise<undefined> {
    const system = this.#system
    if (system === undefined || isOver(this.#state) || lossOf(this.#state) !== undefined) return undefined
    try {
      await this.#read(system, 'vm.checkExit', '')
    } catch (error) {
      if (!isNotExist(error) && !isAlreadyStopped(error)) throw error
    }
    return undefined
  }
}
