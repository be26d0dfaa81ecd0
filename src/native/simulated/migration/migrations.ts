// Live migration inside the service: which calls a system takes while it migrates, and what the calls of its session do to it.
//
// A source takes migration calls, terminate, close and property reads from its initialization until it is finalized; a destination from
// its start. The state that crosses the wire is that of the system: its devices as they are now, when it started, and what its guest
// remembers. CPU groups belong to a host and do not cross.

import { HRESULT } from '../../../protocol/hresult.js'
import { isRecord } from '../../../protocol/json.js'
import type {
  MigrationFinalizedOptions,
  MigrationInitializeOptions,
  MigrationStartOptions,
  OperationSystemMigrationNotificationInfo,
} from '../../../protocol/schema/index.js'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'
import { HCS_EVENT, type MigrationStep } from '../../hcs.js'
import { HcsFailure } from '../failure.js'
import type { BuiltinGuest } from '../guests/machine.js'
import type { HandleTable } from '../service/handles.js'
import type { LiveSystem, SystemHost } from '../state/live-system.js'
import { packState, unpackState } from '../state/codec.js'
import type { MigrationSide } from './wire.js'
import { MigrationSession, type FinalOperation } from './session.js'
import { readOptions } from '../state/documents.js'
import type { Operation } from '../state/operation.js'
import { STATE_TABLE } from '../state/states.js'
import { hostProblem, movable, moved, type LiveConfiguration } from '../devices/live-configuration.js'
import { EXIT, type ComputeSystemModel } from '../state/system.js'
import type { LivingSystems } from '../service/living-systems.js'

/** Passes over the memory while the VM runs, unless the options say otherwise; each is a TransferInProgress. */
const DEFAULT_PASSES = 3
const MAX_PASSES = 100

const STATE_FORMAT = 'uvm-actors migrated state 2'

interface MigratedState {
  format: typeof STATE_FORMAT
  live: LiveConfiguration
  startedMs: number | undefined
  times: { upMs: number; ranMs: number }
  guest: unknown
}

export interface MigrationSurroundings {
  clock: Clock
  handles: HandleTable
  systems: LivingSystems
  startGuest: ((system: SystemHost) => BuiltinGuest) | undefined
  /** The stream that a socket number stands for; each can be taken once. */
  takeSocket: (socket: bigint) => Duplex | undefined
}

export class Migrations {
  readonly #surroundings: MigrationSurroundings
  readonly #sessions = new Map<LiveSystem, MigrationSession>()

  constructor(surroundings: MigrationSurroundings) {
    this.#surroundings = surroundings
  }

  /**
   * Takes what concerns a migration; undefined for any other operation.
   *
   * @throws {HcsFailure} the system migrates and does not take this operation now
   */
  claim(system: LiveSystem, operation: Operation): Promise<string> | undefined {
    const { op } = operation
    if (op === 'properties' || op === 'terminate') return undefined
    if (op === 'migrate') return this.#step(system, operation.step, operation.argument, operation.socket)
    if (this.#sessions.has(system)) throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
    if (op !== 'start') return undefined
    const { argument, socket } = operation
    const { Origin } = system.model.document.VirtualMachine?.MigrationOptions ?? {}
    const { DestinationMigrationOptions: start } = readOptions('StartOptions', argument)
    if (Origin !== 'Destination' && start == null && socket === undefined) return undefined
    checkTable(system, 'start')
    if (Origin !== 'Destination' || start == null) throw new HcsFailure(HRESULT.E_INVALIDARG)
    return this.#startDestination(system, start as MigrationStartOptions, socket)
  }

  async #step(
    system: LiveSystem,
    step: MigrationStep | undefined,
    argument: string,
    socket: bigint | undefined,
  ): Promise<string> {
    const session = this.#sessions.get(system)
    if (step === 'initialize-source') {
      this.#initialize(system, session, argument)
      return ''
    }
    if (session === undefined) {
      checkTable(system, 'migrate')
      throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
    }
    switch (step) {
      case 'start-source': {
        if (session.side !== 'Source') throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
        await this.#start(session, readOptions('MigrationStartOptions', argument), socket)
        return ''
      }
      case 'transfer':
        checkOrigin(session.side, readOptions('MigrationTransferOptions', argument))
        await session.transfer()
        return ''
      case 'cancel':
        checkOrigin(session.side, readOptions('MigrationCancelOptions', argument))
        session.cancel()
        return ''
      case 'finalize': {
        const options: MigrationFinalizedOptions = readOptions('MigrationFinalizedOptions', argument)
        checkOrigin(session.side, options)
        session.finalize(options.FinalizedOperation as FinalOperation | undefined)
        this.#forgetWhenOver(system, session)
        return ''
      }
      default:
        throw new HcsFailure(HRESULT.E_INVALIDARG)
    }
  }

  #initialize(system: LiveSystem, session: MigrationSession | undefined, argument: string): void {
    if (session !== undefined) throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
    checkTable(system, 'migrate')
    const options: MigrationInitializeOptions = readOptions('MigrationInitializeOptions', argument)
    checkOrigin('Source', options)
    if (system.model.document.VirtualMachine?.Devices?.Plan9 != null) {
      throw new HcsFailure(HRESULT.HCS_E_SYSTEM_NOT_CONFIGURED_FOR_OPERATION)
    }
    this.#open(system, 'Source', options)
  }

  async #startDestination(
    system: LiveSystem,
    start: MigrationStartOptions,
    socket: bigint | undefined,
  ): Promise<string> {
    const { model } = system
    this.#checkHost(model, model.live)
    const session = this.#open(system, 'Destination', model.document.VirtualMachine?.MigrationOptions ?? {})
    try {
      await this.#start(session, start, socket)
    } catch (error) {
      // Nothing has come: it can be started again.
      this.#sessions.delete(system)
      session.stop()
      throw error
    }
    // It has memory and devices, and no processor runs.
    if (model.exit === undefined) model.state = 'Paused'
    return ''
  }

  /** @throws {HcsFailure} no such socket, or whatever the session says */
  async #start(session: MigrationSession, options: MigrationStartOptions, socket: bigint | undefined): Promise<void> {
    const sessionId = options.NetworkSettings?.SessionId
    if (sessionId === undefined || socket === undefined) throw new HcsFailure(HRESULT.E_INVALIDARG)
    session.checkStart()
    const stream = this.#surroundings.takeSocket(socket)
    if (stream === undefined) throw new HcsFailure(HRESULT.E_INVALIDARG)
    await session.start(sessionId, stream)
  }

  #open(system: LiveSystem, side: MigrationSide, options: MigrationInitializeOptions): MigrationSession {
    const { clock } = this.#surroundings
    const wanted = options.MemoryTransferThrottleParams?.TargetNumberOfBrownoutTransferPasses ?? DEFAULT_PASSES
    const session = new MigrationSession(side, this.#migrating(system), clock, Math.min(wanted, MAX_PASSES))
    this.#sessions.set(system, session)
    system.afterExit(() => {
      session.exited()
      this.#forgetWhenOver(system, session)
    })
    return session
  }

  #forgetWhenOver(system: LiveSystem, session: MigrationSession): void {
    if (session.phase === 'over' && this.#sessions.get(system) === session) this.#sessions.delete(system)
  }

  #migrating(system: LiveSystem): ConstructorParameters<typeof MigrationSession>[1] {
    const { handles, systems } = this.#surroundings
    const { model } = system
    return {
      capture: () => {
        const { live, startedMs, times } = model
        const guest = system.guest?.capture()
        return packState({ format: STATE_FORMAT, live: movable(live), startedMs, times, guest })
      },
      blackout: () => {
        system.guest?.pause()
        model.state = 'Paused'
      },
      problemOf: (bytes) => {
        const state = readState(bytes, model.live)
        if (state === undefined) return HRESULT.ERROR_INVALID_DATA
        try {
          this.#checkHost(model, state.live)
          return undefined
        } catch (error) {
          return error instanceof HcsFailure ? error.hresult : HRESULT.ERROR_INVALID_DATA
        }
      },
      run: (bytes) => {
        if (bytes === undefined) this.#runAgain(system)
        else this.#runHere(system, bytes)
      },
      end: () => systems.end(system, EXIT.terminated),
      notify: (info: OperationSystemMigrationNotificationInfo) => {
        if (model.exit !== undefined) return
        handles.tell(system, { type: HCS_EVENT.groupLiveMigration, data: JSON.stringify(info) })
      },
    }
  }

  /** The source after a migration that was given up. */
  #runAgain(system: LiveSystem): void {
    if (system.model.state === 'Paused') system.guest?.resume()
    system.model.state = 'Running'
  }

  #runHere(system: LiveSystem, bytes: Uint8Array): void {
    const { model } = system
    const state = readState(bytes, model.live)
    if (state === undefined) throw new HcsFailure(HRESULT.ERROR_INVALID_DATA)
    model.live = state.live
    model.startedMs = state.startedMs
    model.times = state.times
    model.state = 'Running'
    system.guest = this.#surroundings.startGuest?.(system)
    system.guest?.arrive(state.guest)
  }

  /** What the VM needs of this host. @throws {HcsFailure} */
  #checkHost(model: ComputeSystemModel, live: LiveConfiguration): void {
    const problem = hostProblem(live, this.#surroundings.systems.hostOf(model))
    if (problem !== undefined) throw new HcsFailure(problem.hresult)
  }

  /** The service ends. */
  stop(): void {
    for (const session of this.#sessions.values()) session.stop()
    this.#sessions.clear()
  }
}

function checkTable(system: LiveSystem, op: 'start' | 'migrate'): void {
  const { fails } = STATE_TABLE[op][system.model.state]
  if (fails !== undefined) throw new HcsFailure(fails)
}

/** Options may name the side they are for. @throws {HcsFailure} the other one */
function checkOrigin(side: MigrationSide, options: { Origin?: string | undefined }): void {
  if ((options.Origin ?? side) !== side) throw new HcsFailure(HRESULT.E_INVALIDARG)
}

/** The state in a VM whose devices are `here`; undefined for bytes that are none. */
function readState(bytes: Uint8Array, here: LiveConfiguration): MigratedState | undefined {
  try {
    const state = unpackState(bytes)
    if (!isRecord(state) || state['format'] !== STATE_FORMAT) return undefined
    const live = moved(state['live'], here)
    const { upMs, ranMs } = isRecord(state['times']) ? state['times'] : {}
    if (live === undefined || typeof upMs !== 'number' || typeof ranMs !== 'number') return undefined
    return { ...(state as unknown as MigratedState), live }
  } catch {
    return undefined
  }
}
