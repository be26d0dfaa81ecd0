// The mailbox of an actor that is started again when its thread is lost. Whoever holds it never notices beyond the calls that were in
// flight: those reject with ActorLostError; calls that come while the actor is on its way wait for it, within their own time and signal.
//
// After too many losses within a period, or when it cannot be brought back, the actor is given up: from then on every call rejects.

import { AbortError, ActorLostError, OperationTimeoutError, type UVMError } from '../../errors.js'
import { atCallSite, callSite } from '../../errors-wire.js'
import type { Clock, Timer } from '../../native/clock.js'
import { onAbort } from '../mailbox/abort-listeners.js'
import { checkCallOptions } from '../mailbox/call-options.js'
import type { OpenChannel } from '../mailbox/channel.js'
import type { CallOptions, CallSubject, Mailbox, NoticeMap, RequestMap, Transferable } from '../mailbox/contract.js'
import { leftOf, ofWhole } from '../mailbox/within.js'
import { defaultTimeout } from './defaults.js'
import { ACTOR_INTENSITY, RestartCount, type Intensity } from './intensity.js'

/** How an actor is started again. */
export interface Revival<R extends RequestMap<R>, E extends NoticeMap<E>> {
  /** It was lost; calls wait from here on. */
  lost(cause: Error): void
  /** Starts it on some living thread once nothing of the old one runs any more. @throws when there is no thread */
  start(): Promise<Mailbox<R, E>>
  /** Brings it to where it was, before anybody else may call it. @throws {Error} it cannot be brought back */
  restore(mailbox: Mailbox<R, E>): Promise<void>
  /** It is there again. */
  restarted(cause: Error): void
  /** It will not come back. `ended` has not resolved yet. */
  givenUp(error: ActorLostError): void
}

type State<R extends RequestMap<R>, E extends NoticeMap<E>> =
  | { kind: 'up'; mailbox: Mailbox<R, E> }
  /** Its calls wait. */
  | { kind: 'restarting' }
  | { kind: 'over'; error: ActorLostError }

interface Waiting {
  go(): void
  fail(error: ActorLostError): void
}

export interface SupervisedMailboxOptions<R extends RequestMap<R>, E extends NoticeMap<E>> {
  subject: CallSubject
  first: Mailbox<R, E>
  revival: Revival<R, E>
  intensity?: Intensity
}

type Notice = (...args: never[]) => void

export class SupervisedMailbox<R extends RequestMap<R>, E extends NoticeMap<E>> implements Mailbox<R, E> {
  readonly clock: Clock
  readonly openChannel: OpenChannel
  readonly ended: Promise<Error | undefined>
  wasCutOff = false
  readonly #subject: CallSubject
  readonly #revival: Revival<R, E>
  readonly #count: RestartCount
  readonly #notices = new Map<string, Notice>()
  readonly #waiting = new Set<Waiting>()
  #state: State<R, E>
  #whenStopped: Mailbox<R, E>['whenStopped']
  #stopping: Promise<void> | undefined
  /** It is not started again. */
  #isRetired = false
  #settleEnded: (cause: Error | undefined) => void = () => undefined

  constructor({ subject, first, revival, intensity = ACTOR_INTENSITY }: SupervisedMailboxOptions<R, E>) {
    this.clock = first.clock
    this.openChannel = first.openChannel
    this.#subject = subject
    this.#revival = revival
    this.#count = new RestartCount(intensity)
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve))
    this.#state = { kind: 'up', mailbox: first }
    this.#follow(first)
  }

  get isUp(): boolean {
    return this.#state.kind === 'up'
  }

  get whenStopped(): Mailbox<R, E>['whenStopped'] {
    return this.#whenStopped
  }

  set whenStopped(told: Mailbox<R, E>['whenStopped']) {
    this.#whenStopped = told
    if (this.#state.kind === 'up') this.#state.mailbox.whenStopped = told
  }

  /** Stopped or given up. */
  get isOver(): boolean {
    return this.#state.kind === 'over'
  }

  get outstanding(): number {
    return this.#waiting.size + (this.#state.kind === 'up' ? this.#state.mailbox.outstanding : 0)
  }

  #follow(mailbox: Mailbox<R, E>): void {
    void mailbox.ended.then((cause) => {
      if (this.#state.kind !== 'up' || this.#state.mailbox !== mailbox) return
      if (cause === undefined || this.#stopping !== undefined || this.#isRetired) {
        this.wasCutOff = mailbox.wasCutOff
        return this.#end(cause)
      }
      this.#state = { kind: 'restarting' }
      this.#revival.lost(cause)
      void this.#bringBack(cause)
    })
  }

  // ------------------------------------------------------------------------------------------------------------- restarting

  async #bringBack(first: Error): Promise<void> {
    let cause = first
    for (;;) {
      if (this.#state.kind === 'over') return
      if (!this.#count.take(this.clock.now())) return this.#giveUp('it was lost too often', cause)
      let mailbox: Mailbox<R, E> | undefined
      try {
        mailbox = await this.#revival.start()
        if (this.#isUnwanted()) return await mailbox.stop()
        for (const [notice, listener] of this.#notices) listen(mailbox, notice, listener)
        await this.#revival.restore(mailbox)
        // Stopped meanwhile: what was brought back is let go of in order.
        if (this.#isUnwanted()) return await mailbox.stop()
        return this.#back(mailbox, first)
      } catch (error) {
        // Its new thread was lost as well: that counts as one more.
        const wasLost = mailbox !== undefined && error instanceof ActorLostError
        if (!wasLost) {
          await mailbox?.stop()
          return this.#giveUp('it could not be started again', error as Error)
        }
        cause = error
      }
    }
  }

  /** It may have been stopped during a wait. */
  #isUnwanted(): boolean {
    return this.#state.kind === 'over'
  }

  #back(mailbox: Mailbox<R, E>, cause: Error): void {
    mailbox.whenStopped = this.#whenStopped
    this.#state = { kind: 'up', mailbox }
    this.#follow(mailbox)
    this.#revival.restarted(cause)
    for (const waiting of [...this.#waiting]) waiting.go()
  }

  #giveUp(why: string, cause: Error): void {
    // Nobody wants it any more.
    if (this.#state.kind === 'over') return
    const reason = `${why} (${cause.message})`
    const error = new ActorLostError({ ...this.#subject, reason, sent: false, cause })
    this.#state = { kind: 'over', error }
    this.#revival.givenUp(error)
    this.#end(error)
  }

  #end(cause: Error | undefined): void {
    if (this.#state.kind !== 'over') {
      const reason = cause === undefined ? 'it was stopped' : cause.message
      this.#state = { kind: 'over', error: new ActorLostError({ ...this.#subject, reason, sent: false, cause }) }
    }
    for (const waiting of [...this.#waiting]) waiting.fail(this.#state.error)
    this.#settleEnded(cause)
  }

  // ------------------------------------------------------------------------------------------------------------------ calls

  call<K extends keyof R & string>(
    method: K,
    input: R[K]['input'],
    subject: CallSubject,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<R[K]['output']> {
    if (this.#state.kind === 'up') return this.#state.mailbox.call(method, input, subject, options, transfer)
    return this.#callLater(method, input, subject, options, transfer)
  }

  async #callLater<K extends keyof R & string>(
    method: K,
    input: R[K]['input'],
    subject: CallSubject,
    options?: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<R[K]['output']> {
    const site = callSite(this.#callLater)
    const startedMs = this.clock.now()
    try {
      checkCallOptions(options, subject)
      await this.ready(subject, options)
    } catch (error) {
      throw atCallSite(error as Error, site)
    }
    try {
      return await this.call(method, input, subject, options && leftOf(options, startedMs, this.clock), transfer)
    } catch (error) {
      throw ofWhole(error, options)
    }
  }

  /**
   * Resolves when the actor takes calls: at once unless it is being started again.
   *
   * @throws {ActorLostError} it was given up, or stopped
   * @throws {AbortError | OperationTimeoutError} the caller's signal or time; without one, the default of the operation
   */
  ready(subject: CallSubject, options: CallOptions | undefined): Promise<void> {
    if (this.isUp) return Promise.resolve()
    const { signal } = options ?? {}
    const timeoutMs = options?.timeoutMs ?? defaultTimeout(subject.op)
    return new Promise((resolve, reject) => {
      const state = this.#state
      const aborted = (): AbortError => new AbortError({ ...subject, cause: signal?.reason })
      if (signal?.aborted === true) return reject(aborted())
      if (state.kind === 'over') {
        const stopped = this.#stopping === undefined ? undefined : this.#whenStopped?.(subject, 'later')
        return reject(stopped ?? lostFor(subject, state.error))
      }
      let timer: Timer | undefined
      let unlisten: (() => void) | undefined
      const done = (): void => {
        this.#waiting.delete(waiting)
        timer?.clear()
        unlisten?.()
      }
      const fail = (error: UVMError): void => {
        done()
        reject(error)
      }
      const waiting: Waiting = {
        go: () => {
          done()
          resolve()
        },
        fail: (error) => fail(lostFor(subject, error)),
      }
      this.#waiting.add(waiting)
      if (timeoutMs !== undefined && timeoutMs !== Infinity) {
        const reason = 'its actor is being started again'
        timer = this.clock.after(timeoutMs, () =>
          fail(new OperationTimeoutError({ ...subject, timeoutMs, sent: false, reason })),
        )
      }
      if (signal !== undefined) unlisten = onAbort(signal, () => fail(aborted()))
    })
  }

  onNotice<K extends keyof E & string>(
    notice: K,
    listener: (...args: E[K] extends unknown[] ? E[K] : never) => void,
  ): void {
    this.#notices.set(notice, listener as unknown as Notice)
    if (this.#state.kind === 'up') this.#state.mailbox.onNotice(notice, listener)
  }

  bound(timeoutOf: (op: string) => number | undefined): void {
    if (this.#state.kind === 'up') this.#state.mailbox.bound(timeoutOf)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    if (this.#state.kind === 'up') {
      const { mailbox } = this.#state
      await mailbox.stop()
      this.wasCutOff = mailbox.wasCutOff
      this.#end(undefined)
      return
    }
    // The restart sees that nobody wants it any more; what it waits for may never come.
    if (this.#state.kind === 'restarting') this.#end(undefined)
  }

  /** From here on it is not started again: whoever ends its thread now means it. */
  retire(cause: Error): void {
    this.#isRetired = true
    if (this.#state.kind === 'restarting') this.#end(cause)
  }

  lose(cause: Error): void {
    if (this.#state.kind === 'up') this.#state.mailbox.lose(cause)
    else if (this.#state.kind === 'restarting') this.#end(cause)
  }
}

function listen<R extends RequestMap<R>, E extends NoticeMap<E>>(
  mailbox: Mailbox<R, E>,
  notice: string,
  listener: Notice,
): void {
  mailbox.onNotice(notice as keyof E & string, listener as never)
}

function lostFor(subject: CallSubject, { message, cause }: ActorLostError): ActorLostError {
  const reason = cause === undefined ? message : undefined
  return new ActorLostError({ ...subject, sent: false, cause, ...(reason === undefined ? {} : { reason }) })
}
