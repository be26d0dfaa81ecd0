// Open system handles: create, open, adopt, operate, close, and the events of each.
//
// A handle outlives the thread that opened it. Its token is its context number; whoever adopts it takes over the one registration it
// has, since HCS refuses a second. While nobody owns it, its events are kept.

import { HRESULT } from '../../protocol/hresult.js'
import { HCS_EVENT, type HcsEvent } from '../hcs.js'
import { NativeFailure } from './failure.js'
import type { FunctionName } from './functions.js'
import type { CallLane } from './lane.js'
import type { Ledger } from './ledger.js'
import { nullable, type ComputeCore } from './library.js'
import type { Operations } from './operations.js'
import type { SystemOp } from '../remote/wire.js'

const GENERIC_ALL = 0x1000_0000
/** HCS_EVENT_OPTIONS: live-migration events; the others come anyway. */
const EVENT_OPTIONS = 4
const RESOURCE_SOCKET = 4
const SOCKET_URI = 'hcs:/VirtualMachine/LiveMigrationSocket'

/** Events kept for a handle without an owner; an exit or a disconnect is kept beyond. */
const MAX_KEPT = 1024

const FUNCTION_OF: Readonly<Record<SystemOp, FunctionName>> = {
  start: 'HcsStartComputeSystem',
  shutdown: 'HcsShutDownComputeSystem',
  terminate: 'HcsTerminateComputeSystem',
  pause: 'HcsPauseComputeSystem',
  resume: 'HcsResumeComputeSystem',
  save: 'HcsSaveComputeSystem',
  modify: 'HcsModifyComputeSystem',
  properties: 'HcsGetComputeSystemProperties',
  crash: 'HcsCrashComputeSystem',
  'initialize-source': 'HcsInitializeLiveMigrationOnSource',
  'start-source': 'HcsStartLiveMigrationOnSource',
  transfer: 'HcsStartLiveMigrationTransfer',
  finalize: 'HcsFinalizeLiveMigration',
  cancel: 'HcsCancelLiveMigration',
}

/** What may overlap a change; everything else waits for the changes that a lost owner left behind. */
const OVERLAPS: readonly SystemOp[] = ['terminate', 'properties', 'cancel']

/** Where a handle's events go. */
export interface Owner {
  deliver: (event: HcsEvent) => void
  /** The handle is closed: nothing more will come. */
  ended: () => void
  /** Delivered, but not known to have been handled: when the owner's thread dies, the next owner gets them again. */
  readonly unhandled: HcsEvent[]
  /** Its thread is gone. */
  isGone: boolean
}

interface System {
  readonly token: string
  readonly handle: bigint
  owner: Owner | undefined
  kept: HcsEvent[]
  /** Calls that have not ended, those of former owners too. */
  readonly inFlight: Set<Promise<unknown>>
  /** Of these, calls that are inside the DLL, or about to be: they use the handle until they have returned. */
  readonly inside: Set<Promise<void>>
  /** Ends when what a lost owner had asked for has ended. */
  strays: Promise<unknown>
  /** Calls whose completion has come before they have returned; what happened after it must not be told before the answer. */
  early: number
  delayed: HcsEvent[]
  closing: Promise<void> | undefined
  isReleased: boolean
}

export interface SystemsOptions {
  library: ComputeCore
  lane: CallLane
  ledger: Ledger
  operations: Operations
  /** Address of the event callback. */
  callback: bigint
  nextContext: () => number
}

export class Systems {
  readonly #options: SystemsOptions
  readonly #systems = new Map<string, System>()
  #isForced = false
  #force: () => void = () => undefined
  /** Resolves with `force`. */
  readonly forced = new Promise<void>((resolve) => (this.#force = resolve))

  constructor(options: SystemsOptions) {
    this.#options = options
  }

  /** Creates a system and registers for its events. One whose asker is gone by then does not stay. */
  async create(id: string, document: string, owner: Owner): Promise<string> {
    const { library, operations, ledger } = this.#options
    const native = library.get('HcsCreateComputeSystem')
    const [name, configuration] = [nullable(id), nullable(document)]
    const out: [bigint | null] = [null]
    const accepted: { handle: bigint | null } = { handle: null }
    try {
      await operations.run({
        native,
        arguments: (operation) => [name, configuration, operation, null, out],
        accepted: () => {
          accepted.handle = out[0]
          if (out[0] !== null) ledger.add('handles', 1)
        },
      })
    } catch (error) {
      // Valid as soon as the call was accepted, so to be closed although the work failed.
      if (accepted.handle !== null) await this.#release(accepted.handle)
      throw error
    }
    return this.#register(accepted.handle, owner, true)
  }

  async open(id: string, owner: Owner): Promise<string> {
    const { library, lane, ledger } = this.#options
    const out: [bigint | null] = [null]
    const hresult = Number(await lane.call(library.get('HcsOpenComputeSystem'), nullable(id), GENERIC_ALL, out))
    if (hresult < 0) throw new NativeFailure(hresult)
    if (out[0] !== null) ledger.add('handles', 1)
    return this.#register(out[0], owner, false)
  }

  async #register(handle: bigint | null, owner: Owner, created: boolean): Promise<string> {
    const { library, callback, nextContext } = this.#options
    if (handle === null) throw new NativeFailure(HRESULT.E_UNEXPECTED, '{"ErrorMessage":"success without a handle"}')
    const context = nextContext()
    const system: System = {
      token: String(context),
      handle,
      owner,
      kept: [],
      inFlight: new Set(),
      inside: new Set(),
      strays: Promise.resolve(),
      early: 0,
      delayed: [],
      closing: undefined,
      isReleased: false,
    }
    this.#systems.set(system.token, system)
    const register = library.get('HcsSetComputeSystemCallback')
    const hresult = Number(register(handle, EVENT_OPTIONS, BigInt(context), callback))
    if (hresult >= 0 && !owner.isGone) return system.token
    // Nobody will ever own it: what was accepted is ended again.
    if (created) await this.operate(system.token, 'terminate', '').catch(() => undefined)
    await this.close(system.token)
    throw new NativeFailure(hresult < 0 ? hresult : HRESULT.E_HANDLE)
  }

  /** Hands a handle to a new owner, with what happened while it had none. */
  adopt(token: string, owner: Owner): string {
    const system = this.#find(token)
    // That the thread of the former owner is gone may not have been noticed here yet.
    this.#disown(system)
    system.owner = owner
    system.strays = Promise.allSettled([...system.inFlight])
    for (const event of system.kept.splice(0)) this.#deliver(system, event)
    return token
  }

  /** The thread of this owner is gone: its handles wait for somebody to adopt them. */
  orphan(owner: Owner): void {
    for (const system of this.#systems.values()) if (system.owner === owner) this.#disown(system)
  }

  /** A thread is gone: what no thread has and nobody will adopt closes, once what is under way on it has ended. */
  reap(keep: ReadonlySet<string>): void {
    for (const { owner, token } of this.#systems.values()) {
      if (owner === undefined && !keep.has(token)) void this.close(token)
    }
  }

  #disown(system: System): void {
    system.kept.unshift(...(system.owner?.unhandled.splice(0) ?? []))
    system.owner = undefined
  }

  #find(token: string): System {
    const system = this.#systems.get(token)
    if (system === undefined || system.closing !== undefined) throw new NativeFailure(HRESULT.E_HANDLE)
    return system
  }

  /** One call on a handle; resolves with its result document. */
  async operate(token: string, op: SystemOp, argument: string, socket?: bigint): Promise<string> {
    const system = this.#find(token)
    if (!OVERLAPS.includes(op)) {
      await system.strays
      this.#find(token)
    }
    const call = this.#operate(system, op, argument, socket)
    system.inFlight.add(call)
    try {
      return await call
    } finally {
      system.inFlight.delete(call)
    }
  }

  async #operate(system: System, op: SystemOp, argument: string, socket?: bigint): Promise<string> {
    const { library, operations } = this.#options
    const native = library.get(FUNCTION_OF[op])
    const options = nullable(argument)
    const addResource = socket === undefined ? undefined : library.get('HcsAddResourceToOperation')
    let returned = (): void => undefined
    let settle = (): void => undefined
    const running = operations.run({
      native,
      arguments: (operation) => {
        if (system.isReleased) throw new NativeFailure(HRESULT.E_HANDLE)
        const inside = new Promise<void>((resolve) => (returned = resolve))
        system.inside.add(inside)
        void inside.then(() => system.inside.delete(inside))
        return op === 'modify' ? [system.handle, operation, options, null] : [system.handle, operation, options]
      },
      returned: () => returned(),
      early: () => {
        system.early++
        settle = () => {
          system.early--
          // After the answer, which is on its way.
          setImmediate(() => this.#flush(system))
        }
      },
      prepare:
        addResource &&
        ((operation) => {
          const hresult = Number(addResource(operation, RESOURCE_SOCKET, SOCKET_URI, socket!))
          if (hresult < 0) throw new NativeFailure(hresult)
        }),
    })
    try {
      return await running
    } finally {
      settle()
    }
  }

  /** The event callback ran. Events of a handle that is being closed, or is closed, are dropped. */
  happened(context: number, event: HcsEvent): void {
    const system = this.#systems.get(String(context))
    if (system === undefined) return
    if (system.early > 0 || system.delayed.length > 0) system.delayed.push(event)
    else this.#deliver(system, event)
  }

  #flush(system: System): void {
    if (system.early > 0) return
    for (const event of system.delayed.splice(0)) this.#deliver(system, event)
  }

  #deliver(system: System, event: HcsEvent): void {
    if (system.closing !== undefined) return
    if (system.owner !== undefined) {
      system.owner.unhandled.push(event)
      return system.owner.deliver(event)
    }
    const isLast = event.type === HCS_EVENT.systemExited || event.type === HCS_EVENT.serviceDisconnect
    if (isLast || system.kept.length < MAX_KEPT) system.kept.push(event)
  }

  /** Closes once every call on the handle has ended. A second close of one handle is the same close. */
  close(token: string): Promise<void> {
    const system = this.#systems.get(token)
    if (system === undefined) return Promise.resolve()
    system.closing ??= this.#close(system)
    return system.closing
  }

  async #close(system: System): Promise<void> {
    while (system.inFlight.size > 0 && !this.#isForced) {
      await Promise.race([Promise.allSettled([...system.inFlight]), this.forced])
    }
    system.isReleased = true
    while (system.inside.size > 0) await Promise.all([...system.inside])
    await this.#release(system.handle)
    // The context lives until the draining close has returned.
    this.#systems.delete(system.token)
    system.owner?.ended()
  }

  async #release(handle: bigint): Promise<void> {
    const { library, lane, ledger } = this.#options
    await lane.call(library.get('HcsCloseComputeSystem'), handle)
    ledger.add('handles', -1)
  }

  /** Closes every handle. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#systems.keys()].map((token) => this.close(token)))
  }

  /** Closing waits no more for operations that HCS has accepted, only for calls to return. */
  force(): void {
    this.#isForced = true
    this.#force()
  }
}
