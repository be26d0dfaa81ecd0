// Where the recordings of a guest's connections go: the last one stays in memory, and becomes a file on request or, when a directory was
// given, whenever a connection breaks.

import { BridgeClosedError, InvalidConfigError, InvalidStateError } from '../../../errors.js'
import type { Clock, Timer } from '../../../native/clock.js'
import type { Files } from '../../environment.js'
import type { GuestInit } from '../contract.js'
import { FlightRecorder } from './recorder.js'

/** How long the news of a VM's exit may come after its guest has hung up, milliseconds. Ours: it takes one question to the service. */
const EXIT_NEWS_MS = 5_000

export interface RecordingsOptions {
  init: GuestInit
  clock: Clock
  files: Files
  onSaved: (path: string) => void
  /** A file that could not be written. */
  onWarning: (error: Error) => void
}

export class Recordings {
  readonly #options: RecordingsOptions
  #last: FlightRecorder | undefined
  #count = 0
  #undecided: { timer: Timer; save: () => void } | undefined
  readonly #writing = new Set<Promise<void>>()

  constructor(options: RecordingsOptions) {
    this.#options = options
  }

  /** A recorder for a new connection; undefined when nothing is to be recorded. */
  begin(): FlightRecorder | undefined {
    const { init, clock } = this.#options
    this.#last = init.recorder === undefined ? undefined : new FlightRecorder(init, init.recorder, clock)
    return this.#last
  }

  /**
   * A connection broke. One whose transport ended may have ended with its VM, which is no reason for a file: the news of an exit comes
   * after that of the transport, so it is waited for.
   */
  broke(recorder: FlightRecorder, cause: Error): void {
    recorder.broke(cause)
    const directory = this.#options.init.recorder?.directory
    if (directory === undefined) return
    const save = (): void => this.#startSaving(directory, recorder)
    this.#flushUndecided()
    if (!(cause instanceof BridgeClosedError)) return save()
    const timer = this.#options.clock.after(EXIT_NEWS_MS, () => this.#flushUndecided())
    this.#undecided = { timer, save }
  }

  /** The VM has exited, and the connection that has just ended has ended with it. */
  vmExited(): void {
    this.#undecided?.timer.clear()
    this.#undecided = undefined
  }

  #flushUndecided(): void {
    const undecided = this.#undecided
    this.vmExited()
    undecided?.save()
  }

  #startSaving(directory: string, recorder: FlightRecorder): void {
    const written = this.#saveInto(directory, recorder).catch((error: unknown) =>
      this.#options.onWarning(error as Error),
    )
    this.#writing.add(written)
    void written.then(() => this.#writing.delete(written))
  }

  async #saveInto(directory: string, recorder: FlightRecorder): Promise<void> {
    const { init, clock } = this.#options
    const time = new Date(clock.wallTime()).toISOString().replace(/[:.]/g, '-')
    // Ids may hold anything; a part of one and the runtime id tell a file well enough.
    const name = init.vmId.replace(/[^\w.-]+/g, '_').slice(0, 64)
    const file = `${name}-${init.runtimeId.slice(0, 8)}-${time}-${++this.#count}.gcsrec`
    const path = await this.#options.files.pathIn(directory, file)
    await this.#write(path, recorder)
    this.#options.onSaved(path)
  }

  async #write(path: string, recorder: FlightRecorder): Promise<void> {
    await this.#options.files.write(path, recorder.encode(this.#options.clock.wallTime()))
  }

  /**
   * Writes what is known of the connection, or of the last one.
   *
   * @throws {InvalidStateError} nothing is recorded, or there was no connection yet
   * @throws {InvalidConfigError} the file cannot be written
   */
  async save(path: string): Promise<void> {
    const subject = { op: 'guest.saveRecording', id: this.#options.init.vmId }
    if (this.#last !== undefined) {
      return this.#write(path, this.#last).catch((cause: unknown) => {
        const reason = `cannot be written: ${(cause as Error).message}`
        throw new InvalidConfigError({ ...subject, path: 'path', value: path, reason, cause })
      })
    }
    const isOff = this.#options.init.recorder === undefined
    const reason = isOff ? 'the recorder of this guest is switched off' : 'the guest has not connected yet'
    const state = isOff ? 'not-recorded' : 'not-connected'
    throw new InvalidStateError({ ...subject, state, reason })
  }

  /** Resolves when no file is being written any more; what is undecided is written. */
  async settled(): Promise<void> {
    this.#flushUndecided()
    await Promise.all(this.#writing)
  }
}
