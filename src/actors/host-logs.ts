// The logs of a Host's guests: one actor for each VM whose log was asked for, all on the one side thread. It lives as long as the VM, or the
// last handle on it; Guests come and go, and entries are taken off it only while there is one to hear them.

import { ActorLostError } from '../errors.js'
import type { Timer } from '../native/clock.js'
import type { LogBatch } from './gcs/connection/log-outbox.js'
import type { LogInit, LogNotices, LogRequests } from './gcs/contract.js'
import { hearWarnings } from './hear-credited.js'
import type { HostParts } from './host-parts.js'
import type { HostThreads } from './host-threads.js'
import type { CallOptions, CallSubject, Mailbox } from './mailbox/contract.js'

/** Before an actor that was lost is started again, milliseconds. */
const RESTART_MS = 50

/** A Guest, as far as it hears. */
export interface LogHearer {
  takeLogs(batch: LogBatch): void
  /** `dropped`: so many before it were lost. */
  warn(error: Error, dropped?: number): void
}

interface Log {
  readonly init: LogInit
  mailbox: Mailbox<LogRequests, LogNotices> | undefined
  hearer: LogHearer | undefined
  /** Came while there was no Guest. */
  waiting: LogBatch | undefined
  isMigrating: boolean
  /** The VM has exited, or nobody holds it any more. */
  isOver: boolean
  restart: Timer | undefined
}

interface HostLogsHooks {
  /** So many log entries. */
  dropped(count: number): void
  /** The thread that listened for the VM has died. `exited`: nothing of it runs any more. */
  lost(runtimeId: string, exited: Promise<void>): void
  /** Another thread is about to listen. */
  moving(runtimeId: string): Promise<void>
}

export class HostLogs {
  readonly #parts: HostParts
  readonly #threads: HostThreads
  readonly #hooks: HostLogsHooks
  /** By runtime id. */
  readonly #logs = new Map<string, Log>()
  /** Those that are being stopped. */
  readonly #ending = new Map<string, Promise<void>>()

  constructor(parts: HostParts, threads: HostThreads, hooks: HostLogsHooks) {
    this.#parts = parts
    this.#threads = threads
    this.#hooks = hooks
  }

  /** Listens for the log, unless that is done already. Answers whether it is new. @throws the listener cannot be opened */
  async open(init: LogInit, subject: CallSubject, options: CallOptions): Promise<boolean> {
    if (this.#logs.has(init.runtimeId)) return false
    const log: Log = {
      init,
      mailbox: undefined,
      hearer: undefined,
      waiting: undefined,
      isMigrating: false,
      isOver: false,
      restart: undefined,
    }
    this.#logs.set(init.runtimeId, log)
    try {
      await this.#start(log, subject, options)
    } catch (error) {
      await this.end(init.runtimeId)
      throw error
    }
    return true
  }

  async #start(log: Log, subject: CallSubject, options?: CallOptions): Promise<void> {
    const { init } = log
    const threads = await this.#threads.side()
    const thread = await threads.place()
    if (log.isOver) return
    const mailbox = threads.startActor<LogRequests, LogNotices>(thread, (port) => ({ kind: 'log', port, init }))
    log.mailbox = mailbox
    void mailbox.ended.then((cause) => {
      if (cause !== undefined || mailbox.wasCutOff) this.#hooks.lost(init.runtimeId, thread.exited)
      this.#lost(log, mailbox)
    })
    mailbox.onNotice('logs', (batch) => this.#arrived(log, batch))
    hearWarnings(mailbox, init.vmId, (error, dropped) => log.hearer?.warn(error, dropped))
    if (log.isMigrating) await mailbox.call('setMigrating', { on: true }, subject)
    await mailbox.call('arm', {}, subject, options)
  }

  /** Its thread has died, unless it was stopped: another listens. */
  #lost(log: Log, mailbox: Log['mailbox']): void {
    if (log.mailbox !== mailbox || log.isOver || log.restart !== undefined) return
    log.mailbox = undefined
    log.restart = this.#parts.environment.clock.after(RESTART_MS, () => {
      log.restart = undefined
      void this.#startAgain(log)
    })
  }

  async #startAgain(log: Log): Promise<void> {
    const { vmId, runtimeId } = log.init
    try {
      await this.#hooks.moving(runtimeId)
      if (!log.isOver) await this.#start(log, { op: 'guest.log', id: vmId })
    } catch (error) {
      log.hearer?.warn(error as Error)
      // This thread, too, before it listened.
      if (error instanceof ActorLostError) this.#lost(log, log.mailbox)
    }
  }

  #arrived(log: Log, batch: LogBatch): void {
    if (batch.dropped > 0) this.#hooks.dropped(batch.dropped)
    log.waiting = batch
    this.#deliver(log)
  }

  #deliver(log: Log): void {
    const { hearer, waiting, mailbox } = log
    if (hearer === undefined || waiting === undefined) return
    log.waiting = undefined
    hearer.takeLogs(waiting)
    mailbox?.call('taken', {}, { op: 'guest.log', id: log.init.vmId }).catch(() => undefined)
  }

  /** A Guest is there. */
  heardBy(runtimeId: string, hearer: LogHearer): void {
    const log = this.#logs.get(runtimeId)
    if (log === undefined) return
    log.hearer = hearer
    this.#deliver(log)
  }

  /** It is gone; what the VM logs meanwhile waits for the next, or is dropped. */
  unheard(runtimeId: string): void {
    const log = this.#logs.get(runtimeId)
    if (log !== undefined) log.hearer = undefined
  }

  async setMigrating(runtimeId: string, on: boolean): Promise<void> {
    const log = this.#logs.get(runtimeId)
    if (log === undefined) return
    log.isMigrating = on
    await log.mailbox?.call('setMigrating', { on }, { op: 'guest.setMigrating', id: log.init.vmId })
  }

  /** The VM has exited: what it has said is heard to its end. */
  exited(runtimeId: string): void {
    const log = this.#logs.get(runtimeId)
    if (log === undefined) return
    // Between two threads there is nothing to be heard.
    const finishing = log.mailbox?.call('finish', {}, { op: 'guest.log', id: log.init.vmId }) ?? Promise.resolve()
    void finishing.catch(() => undefined).then(() => this.end(runtimeId))
  }

  /** Idempotent: whoever asks waits until nothing of it is open. */
  async end(runtimeId: string): Promise<void> {
    const log = this.#logs.get(runtimeId)
    if (log === undefined) return this.#ending.get(runtimeId)
    this.#logs.delete(runtimeId)
    log.isOver = true
    log.restart?.clear()
    const ending = log.mailbox?.stop() ?? Promise.resolve()
    this.#ending.set(runtimeId, ending)
    await ending
    if (this.#ending.get(runtimeId) === ending) this.#ending.delete(runtimeId)
  }

  async close(): Promise<void> {
    const all = [...this.#logs.keys(), ...this.#ending.keys()]
    await Promise.all(all.map((runtimeId) => this.end(runtimeId)))
  }
}
