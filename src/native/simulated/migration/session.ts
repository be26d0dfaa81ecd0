// One side of a simulated migration: the order of its calls, the transfer, and what is told of it. What the calls do to the VM is passed
// in.
//
// A side that starts first cannot know whether the other one ever will, so start waits for the other's hello for a moment only: whoever
// comes second learns of a session id that differs from its start, the first from its transfer. The source sends its state several times
// while the VM runs (the passes of the brownout), stops the VM (the blackout), and sends it once more; only that last one counts.

import { HRESULT } from '../../../protocol/hresult.js'
import type { OperationSystemMigrationNotificationInfo } from '../../../protocol/schema/index.js'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'
import { HcsFailure } from '../failure.js'
import { CHUNK_BYTES, MigrationWire, PROTOCOL, type MigrationFrame, type MigrationSide } from './wire.js'

/** How long a start waits for the other side, ms. */
const HELLO_GRACE_MS = 250
/** Largest state taken, bytes: a peer must not fill the service's memory. */
const MAX_STATE_BYTES = 64 * 1024 * 1024

export type FinalOperation = 'Stop' | 'Resume'
export type MigrationCall = 'start' | 'transfer' | 'finalize' | 'cancel'

export type MigrationPhase =
  /** The source is initialized, the destination created. */
  | 'prepared'
  | 'started'
  | 'transferring'
  /** The destination has the whole state. */
  | 'transferred'
  | 'failed'
  | 'over'

/** Which calls are legal when; anything else is an invalid state. */
export const MIGRATION_ORDER: Readonly<Record<MigrationPhase, readonly MigrationCall[]>> = {
  prepared: ['start', 'cancel'],
  started: ['transfer', 'cancel'],
  transferring: ['cancel'],
  transferred: ['finalize', 'cancel'],
  failed: ['finalize', 'cancel'],
  over: [],
}

/** What a session does to its VM. */
export interface MigratingSystem {
  /** State of the VM as bytes. */
  capture(): Uint8Array
  /** The virtual processors stop. */
  blackout(): void
  /** Why a state cannot be run here; undefined when it can. */
  problemOf(state: Uint8Array): number | undefined
  /** The virtual processors run: those of the source again, or those of the destination with the state that came. */
  run(state: Uint8Array | undefined): void
  /** The VM ends here. */
  end(): void
  notify(info: OperationSystemMigrationNotificationInfo): void
}

interface Failure {
  /** What a pending transfer is refused with. */
  hresult: number
  result: string
}

interface Deferred {
  resolve: () => void
  reject: (failure: HcsFailure) => void
}

/** What the source's transfer waits to hear. */
type Word = 'ready' | 'taken' | 'complete'

export class MigrationSession {
  readonly side: MigrationSide
  readonly #system: MigratingSystem
  readonly #clock: Clock
  readonly #passes: number
  #phase: MigrationPhase = 'prepared'
  #wire: MigrationWire | undefined
  #sessionId = 0
  /** The other side's hello was heard and fits. */
  #met = false
  #peerIsReady = false
  #starting: Deferred | undefined
  #transfer: Deferred | undefined
  /** The source's transfer waits for a word of the other side. */
  #step: (Deferred & { word: Word }) | undefined
  #failure: Failure | undefined
  #blackoutMs: number | undefined
  /** Pieces of the pass that is coming in. */
  #pieces: Uint8Array[] = []
  #state: Uint8Array | undefined

  constructor(side: MigrationSide, system: MigratingSystem, clock: Clock, passes: number) {
    this.side = side
    this.#system = system
    this.#clock = clock
    this.#passes = passes
  }

  get phase(): MigrationPhase {
    return this.#phase
  }

  #check(call: MigrationCall): void {
    if (!MIGRATION_ORDER[this.#phase].includes(call)) throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
  }

  #notify(Event: string, Result = 'Success', AdditionalDetails?: unknown): void {
    const details = AdditionalDetails === undefined ? {} : { AdditionalDetails }
    this.#system.notify({ Origin: this.side, Event, Result, ...details })
  }

  // ------------------------------------------------------------------------------------------------------------------ start

  /** @throws {HcsFailure} out of order */
  checkStart(): void {
    this.#check('start')
  }

  /** @throws {HcsFailure} out of order; the other side has another session id. The session can then be started again */
  async start(sessionId: number, stream: Duplex): Promise<void> {
    this.#check('start')
    this.#phase = 'started'
    this.#sessionId = sessionId
    const started = new Promise<void>((resolve, reject) => (this.#starting = { resolve, reject }))
    const wire = new MigrationWire(stream, {
      frame: (frame) => {
        if (wire === this.#wire) this.#receive(frame)
      },
      lost: () => {
        if (wire === this.#wire) this.#lost()
      },
    })
    this.#wire = wire
    wire.send({ kind: 'hello', protocol: PROTOCOL, side: this.side, sessionId })
    const grace = this.#clock.after(HELLO_GRACE_MS, () => this.#starting?.resolve())
    try {
      await started
    } finally {
      grace.clear()
      this.#starting = undefined
    }
  }

  #meet(frame: Extract<MigrationFrame, { kind: 'hello' }>): void {
    if (frame.side !== this.side && frame.sessionId === this.#sessionId && !this.#met) {
      this.#met = true
      this.#notify('SetupDone')
      this.#starting?.resolve()
      if (this.side === 'Destination' && this.#phase === 'transferring') this.#wire?.send({ kind: 'ready' })
      return
    }
    const failure = { hresult: HRESULT.E_INVALIDARG, result: `${this.side}MigrationFailed` }
    if (this.#starting === undefined) {
      this.#fail(failure)
      return
    }
    this.#starting.reject(new HcsFailure(failure.hresult))
    this.#phase = 'prepared'
    this.#drop()
  }

  // --------------------------------------------------------------------------------------------------------------- transfer

  /** Resolves when the destination has the whole state. @throws {HcsFailure} out of order, cancelled, failed */
  async transfer(): Promise<void> {
    // A session that failed before says why, unless it was cancelled.
    if (this.#phase === 'failed' && this.#failure?.result !== 'MigrationCancelled') {
      throw new HcsFailure(this.#failure?.hresult ?? HRESULT.HCS_E_INVALID_STATE)
    }
    this.#check('transfer')
    this.#phase = 'transferring'
    const transferred = new Promise<void>((resolve, reject) => (this.#transfer = { resolve, reject }))
    if (this.side === 'Source') void this.#send().catch(() => undefined)
    else if (this.#met) this.#wire?.send({ kind: 'ready' })
    await transferred
  }

  /** The source's side of the transfer; ends early when the session does. */
  async #send(): Promise<void> {
    if (!this.#peerIsReady) await this.#hear('ready')
    for (let pass = 1; pass <= this.#passes; pass++) await this.#sendPass(pass)
    this.#blackoutMs = this.#clock.now()
    this.#system.blackout()
    this.#wire?.send({ kind: 'blackout' })
    this.#notify('BlackoutStarted')
    await this.#sendPass(0)
    // The answer to the last piece is that all is well.
    this.#transferred()
  }

  async #sendPass(pass: number): Promise<void> {
    const state = this.#system.capture()
    for (let at = 0; at < state.byteLength; at += CHUNK_BYTES) {
      const isLast = at + CHUNK_BYTES >= state.byteLength
      this.#wire?.send({ kind: 'piece', pass, bytes: state.subarray(at, at + CHUNK_BYTES), isLast })
      await this.#hear(isLast && pass === 0 ? 'complete' : 'taken')
    }
    if (pass > 0) this.#notify('TransferInProgress')
  }

  #hear(word: Word): Promise<void> {
    return new Promise((resolve, reject) => (this.#step = { word, resolve, reject }))
  }

  #transferred(): void {
    this.#phase = 'transferred'
    this.#notify('OfflineDone')
    this.#transfer?.resolve()
    this.#transfer = undefined
  }

  /** A piece of the state came in. */
  #take({ pass, bytes, isLast }: Extract<MigrationFrame, { kind: 'piece' }>): void {
    // The frame it came in is reused by the reader.
    this.#pieces.push(Uint8Array.from(bytes))
    const size = this.#pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
    if (size > MAX_STATE_BYTES) {
      this.#lost()
      return
    }
    if (!isLast || pass > 0) {
      if (isLast) {
        this.#pieces = []
        this.#notify('TransferInProgress')
      }
      this.#wire?.send({ kind: 'taken' })
      return
    }
    const state = Buffer.concat(this.#pieces.splice(0))
    const problem = this.#system.problemOf(state)
    if (problem !== undefined) {
      this.#fail({ hresult: problem, result: 'DestinationMigrationFailed' })
      return
    }
    this.#state = state
    this.#wire?.send({ kind: 'complete' })
    this.#transferred()
  }

  #receive(frame: MigrationFrame): void {
    if (frame.kind === 'hello') this.#meet(frame)
    else if (frame.kind === 'failed') this.#peerFailed(frame.result)
    else if (this.#isExpected(frame)) this.#act(frame)
    else this.#lost()
  }

  #isExpected({ kind }: MigrationFrame): boolean {
    if (!this.#met) return false
    if (this.side === 'Source') return kind === 'ready' ? !this.#peerIsReady : this.#step?.word === kind
    return this.#phase === 'transferring' && (kind === 'piece' || kind === 'blackout')
  }

  #act(frame: MigrationFrame): void {
    switch (frame.kind) {
      case 'piece':
        this.#take(frame)
        return
      case 'blackout':
        this.#blackoutMs = this.#clock.now()
        this.#notify('BlackoutStarted')
        return
      default: {
        if (frame.kind === 'ready') this.#peerIsReady = true
        // Ready may be said before anybody waits for it.
        if (this.#step?.word !== frame.kind) return
        const { resolve } = this.#step
        this.#step = undefined
        resolve()
      }
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- the end

  /** @throws {HcsFailure} there is nothing to cancel */
  cancel(): void {
    this.#check('cancel')
    if (this.#phase === 'failed') return
    if (this.#phase === 'prepared' && this.side === 'Destination') throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
    this.#fail({ hresult: HRESULT.HCS_E_OPERATION_ALREADY_CANCELLED, result: 'MigrationCancelled' })
  }

  /** @throws {HcsFailure} out of order, or there is no whole state to run */
  finalize(operation: FinalOperation | undefined): void {
    this.#check('finalize')
    const isWhole = this.#phase === 'transferred'
    const byDefault = this.side === 'Source' && isWhole ? 'Stop' : 'Resume'
    if ((operation ?? byDefault) === 'Stop') {
      if (isWhole && this.side === 'Source') {
        this.#notifyBlackoutExited()
        this.#notify('MigrationDone')
      }
      this.#leave()
      this.#system.end()
      return
    }
    if (this.side === 'Destination' && this.#state === undefined) throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
    // Two of it must not run.
    if (isWhole && this.side === 'Source') this.#wire?.send({ kind: 'failed', result: 'SourceMigrationFailed' })
    this.#leave()
    this.#system.run(this.#state)
    this.#notifyBlackoutExited()
    this.#notify(this.side === 'Source' ? 'MigrationRecoveryDone' : 'MigrationDone')
  }

  #notifyBlackoutExited(): void {
    if (this.#blackoutMs === undefined) return
    this.#notify('BlackoutExited', 'Success', {
      BlackoutDurationMilliseconds: Math.round(this.#clock.now() - this.#blackoutMs),
      BlackoutStopTimestamp: new Date(this.#clock.wallTime()).toISOString(),
    })
  }

  /** The VM has exited: nothing more is told, and the other side hears of it. */
  exited(): void {
    if (this.#phase === 'over') return
    this.#wire?.send({ kind: 'failed', result: `${this.side}MigrationFailed` })
    this.#leave()
    this.#settle(HRESULT.HCS_E_TERMINATED)
  }

  /** The service ends. */
  stop(): void {
    this.#wire?.destroy()
    this.#phase = 'over'
  }

  #leave(): void {
    this.#phase = 'over'
    this.#drop()
  }

  #drop(): void {
    const wire = this.#wire
    this.#wire = undefined
    this.#met = false
    wire?.close()
  }

  #peerFailed(result: string): void {
    const hresult = result === 'MigrationCancelled' ? HRESULT.HCS_E_OPERATION_ALREADY_CANCELLED : HRESULT.E_FAIL
    this.#fail({ hresult, result }, false)
  }

  #lost(): void {
    if (this.#phase === 'transferred' || this.#phase === 'over') return
    const other = this.side === 'Source' ? 'Destination' : 'Source'
    this.#fail({ hresult: HRESULT.WSAECONNRESET, result: `${other}MigrationFailed` }, false)
  }

  #fail(failure: Failure, tell = true): void {
    if (this.#phase === 'failed' || this.#phase === 'over') return
    this.#phase = 'failed'
    this.#failure = failure
    if (tell) this.#wire?.send({ kind: 'failed', result: failure.result })
    this.#drop()
    this.#notify('MigrationFailed', failure.result)
    this.#settle(failure.hresult)
  }

  /** Ends what is pending. */
  #settle(hresult: number): void {
    for (const pending of [this.#step, this.#transfer, this.#starting]) pending?.reject(new HcsFailure(hresult))
    this.#step = undefined
    this.#transfer = undefined
  }
}
