// A guest process as the main thread holds it: streams over their own ports, everything else over the guest's mailbox.

import { finished, type Readable, type Writable } from 'node:stream'
import {
  ActorLostError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  type UVMError,
} from '../../../errors.js'
import { row } from '../../../options/rows.js'
import { checkRequired, optionTable } from '../../../options/table.js'
import { checkWanted } from '../../mailbox/call-options.js'
import type { CallOptions, CallSubject, Mailbox } from '../../mailbox/contract.js'
import { within } from '../../mailbox/within.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { NULL_CONTAINER_ID, type GuestNotices, type GuestRequests, type StartedProcess } from '../contract.js'
import type { Activity } from '../activity.js'
import type { Survivors } from '../survivors.js'
import type { GuestJournal } from '../wiring.js'
import type { GuestProcessLike } from '../guest-like.js'
import type { ProcessExit, SavedProcess } from '../managers.js'

export interface ProcessStreams {
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  readonly stderr: Readable | null
}

/** @internal */
export interface ProcessWiring {
  readonly vmId: string
  readonly guestOS: GuestOS
  readonly mailbox: Mailbox<GuestRequests, GuestNotices>
  readonly started: StartedProcess
  readonly streams: ProcessStreams
  /** Absent for a process of the UVM itself. */
  readonly containerId?: string
  readonly survivors?: Survivors | undefined
  readonly activity?: Activity | undefined
  readonly journal?: GuestJournal | undefined
}

/** @internal GuestProcess.signal. */
export const SIGNAL_OPTIONS = optionTable<{ Signal: number | string }>('options', {
  Signal: row('an integer or a name', (value) => typeof value === 'string' || Number.isInteger(value)),
})

/** A process inside the guest. Closing it is local: neither the process nor its exit is affected. */
export class GuestProcess implements GuestProcessLike {
  readonly pid: number
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  readonly #wiring: ProcessWiring
  /** Asked once up front, so that exitCode() can answer without a question of its own. */
  readonly #exit: Promise<ProcessExit>
  #outcome: { exit: ProcessExit } | { error: unknown } | undefined
  #closed = false
  /** No actor knows of it any more. */
  #lost: UVMError | undefined
  readonly #forget: (() => void) | undefined
  /** It counts among those that run. */
  #isCounted = true

  /** @internal made by Guest.createProcess */
  constructor(wiring: ProcessWiring) {
    this.#wiring = wiring
    this.pid = wiring.started.pid
    this.stdin = wiring.streams.stdin
    this.stdout = wiring.streams.stdout
    this.stderr = wiring.streams.stderr
    const { started, survivors } = wiring
    this.#forget = survivors?.add({
      takeOver: () => {
        const { key, pid, waitId } = started
        const { containerId = NULL_CONTAINER_ID } = wiring
        const subject = { ...this.#subject('wait'), op: 'guest.openProcess' }
        // Its streams are over: the guest does not dial them again.
        return wiring.mailbox.call('openProcess', { key, pid, containerId, waitId, ports: {} }, subject)
      },
      lost: (error) => (this.#lost = error),
    })
    if (wiring.activity !== undefined) wiring.activity.processes++
    this.#exit = this.#askExit()
    this.#exit.then(
      (exit) => {
        this.#outcome = { exit }
        this.#over()
        wiring.journal?.processEnded(started.waitId)
      },
      (error: unknown) => {
        this.#outcome = { error }
        this.#over()
        if (error instanceof ActorLostError) this.#lost ??= error
      },
    )
  }

  /** Its exit is known, or nobody wants it any more. */
  #over(): void {
    this.#forget?.()
    if (this.#isCounted && this.#wiring.activity !== undefined) this.#wiring.activity.processes--
    this.#isCounted = false
  }

  #subject(method: string): CallSubject {
    return { op: `process.${method}`, id: `${this.#wiring.vmId}:${this.pid}` }
  }

  #askExit(options?: CallOptions): Promise<ProcessExit> {
    const { mailbox, started, survivors } = this.#wiring
    const subject = this.#subject('wait')
    const ask = async (left: CallOptions | undefined): Promise<ProcessExit> => {
      if (this.#lost !== undefined) throw this.#lost
      return mailbox.call('waitProcess', { key: started.key }, subject, left)
    }
    return survivors === undefined ? ask(options) : survivors.wait(ask, subject, options)
  }

  /** The subject of a call that needs the process. @throws {GuestConnectionUnavailableError} no actor knows of it, or none yet */
  #ready(method: string): CallSubject {
    const subject = this.#subject(method)
    this.#wiring.survivors?.assertThere(subject)
    if (this.#lost === undefined) return subject
    const reason = 'the connection it was started on has ended'
    throw new GuestConnectionUnavailableError({ ...subject, reason, cause: this.#lost })
  }

  /**
   * The exit, the same however often it is asked, also after `close`.
   *
   * @throws {BridgeClosedError} the connection ended before the process did, and did not come back
   * @throws {ActorLostError} an actor thread was lost, and the guest is not to come back (`reconnect`)
   */
  async wait(options?: CallOptions): Promise<ProcessExit> {
    const isKnown = this.#outcome !== undefined && 'exit' in this.#outcome
    // A process that was closed is unknown to the actor; the first question is still answered.
    if (isKnown || this.#closed)
      return { ...(await within(this.#exit, this.#subject('wait'), options, this.#wiring.mailbox.clock)) }
    // Answers that come together share what they tell.
    return { ...(await this.#askExit(options)) }
  }

  /** @throws {InvalidStateError} the process has not exited */
  async exitCode(): Promise<number> {
    if (this.#outcome === undefined) {
      throw new InvalidStateError({
        ...this.#subject('exitCode'),
        state: 'running',
        reason: 'the process has not exited',
      })
    }
    if ('error' in this.#outcome) throw this.#outcome.error
    return this.#outcome.exit.exitCode
  }

  /** What another owner needs to open this process again. */
  save(): SavedProcess {
    const { pid, waitId, ports } = this.#wiring.started
    const { containerId } = this.#wiring
    return { pid, ...(containerId === undefined ? {} : { containerId }), waitId, ports: { ...ports } }
  }

  /**
   * Sends a signal: a number of the guest's system, or a Windows event name. Without one the default stop signal: SIGTERM on Linux,
   * CtrlShutdown on Windows.
   *
   * @returns false when the process was gone already
   */
  async signal(options?: { Signal: number | string }, callOptions?: CallOptions): Promise<boolean> {
    if (options !== undefined) checkRequired(this.#subject('signal'), options, SIGNAL_OPTIONS)
    const signal = options?.Signal ?? (this.#wiring.guestOS === 'linux' ? 15 : 'CtrlShutdown')
    const input = { key: this.#wiring.started.key, signal }
    return this.#wiring.mailbox.call('signalProcess', input, this.#ready('signal'), callOptions)
  }

  /** Ends the process by force. @returns false when it was gone already */
  async kill(options?: CallOptions): Promise<boolean> {
    return this.#wiring.mailbox.call('signalProcess', { key: this.#wiring.started.key }, this.#ready('kill'), options)
  }

  /** Columns and rows; a guest takes up to 65535 of each. */
  async resizeConsole(width: number, height: number, options?: CallOptions): Promise<void> {
    for (const [path, value] of Object.entries({ width, height })) {
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new InvalidConfigError({
          ...this.#subject('resizeConsole'),
          path,
          value,
          reason: 'expected an integer of 0 or more',
        })
      }
    }
    const input = { key: this.#wiring.started.key, width, height }
    await this.#wiring.mailbox.call('resizeConsole', input, this.#ready('resizeConsole'), options)
  }

  /**
   * Half-closes stdin: the process reads end of file once it has read what was written. Resolves when all of it is on its way. Idempotent;
   * a process without stdin, or one that no longer reads it, has nothing to close.
   *
   * @throws {GuestConnectionUnavailableError} the connection ended first
   */
  async closeStdin(options?: CallOptions): Promise<void> {
    const subject = this.#subject('closeStdin')
    checkWanted(options, subject)
    const { stdin } = this
    if (stdin === null) return within(Promise.resolve(), subject, options, this.#wiring.mailbox.clock)
    if (!stdin.writableEnded && !stdin.destroyed) stdin.end()
    const finishedOrCut = new Promise<void>((resolve) => {
      finished(stdin, { readable: false }, () => resolve())
    })
    await within(finishedOrCut, subject, options, this.#wiring.mailbox.clock)
    if (stdin.writableFinished || this.#closed) return
    const negotiated = await this.#wiring.mailbox.call('negotiated', {}, subject).catch(() => undefined)
    if (negotiated !== undefined) return
    const error = this.#outcome !== undefined && 'error' in this.#outcome ? this.#outcome.error : undefined
    throw new GuestConnectionUnavailableError({ ...subject, ...(error === undefined ? {} : { cause: error }) })
  }

  /**
   * Closes the streams; sends nothing to the guest, so that neither the process nor its exit is affected. Idempotent, resolves in every
   * state.
   */
  async close(options?: CallOptions): Promise<void> {
    checkWanted(options, this.#subject('close'))
    const isFirst = !this.#closed
    this.#closed = true
    this.#over()
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy()
    const { mailbox, started, journal } = this.#wiring
    journal?.processEnded(started.waitId)
    const closing = isFirst
      ? mailbox.call('closeProcess', { key: started.key }, this.#subject('close')).catch(() => undefined)
      : Promise.resolve()
    await within(closing, this.#subject('close'), options, this.#wiring.mailbox.clock)
  }

  /** `close`: the process itself goes on. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
