// The log actor of a VM: takes what its guest logs, for the VM's whole life. It is apart from the guest's actor, since closing the log kills
// some agents: neither the end of a Guest nor the loss of an actor thread may touch it.
//
// A Linux guest has one connection: the listener goes when it is there, and comes back when it has ended. During a migration nothing is
// listened on, for in one directory of sockets the destination listens at the same place; after one that was rolled back it is again.

import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { toWireError } from '../../errors-wire.js'
import type { HvSocketListener } from '../../native/hvsocket.js'
import { LCOW_LOG_PORT, vsockServiceId, WCOW_LOG_SERVICE } from '../../protocol/hvsocket.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import type { ActorPort } from '../mailbox/contract.js'
import { exposeActor } from '../mailbox/expose.js'
import { Outbox, sizeOfError } from '../outbox.js'
import { LogStream } from './connection/guest-log.js'
import { LogOutbox } from './connection/log-outbox.js'
import type { LogInit, LogNotices, LogRequests } from './contract.js'

/** What it needs of a thread: no provider. */
export type LogEnvironment = Pick<ActorEnvironment, 'transport' | 'clock' | 'gauges'>

class LogActor {
  readonly ended: Promise<void>
  readonly #init: LogInit
  readonly #env: LogEnvironment
  readonly #port: ActorPort<LogNotices>
  readonly #outbox = new LogOutbox((batch) => this.#port.notify('logs', batch))
  readonly #warnings = new Outbox<Error>(
    (error, dropped) => this.#port.notify('warning', toWireError(error), dropped),
    sizeOfError,
  )
  #listener: HvSocketListener | undefined
  #socket: Duplex | undefined
  #reading: Promise<void> = Promise.resolve()
  /** Opening and closing of the listener, one after the other. */
  #changes: Promise<void> = Promise.resolve()
  #isMigrating = false
  #isOver = false

  constructor(port: MessagePort, init: LogInit, env: LogEnvironment) {
    this.#init = init
    this.#env = env
    this.#port = exposeActor<LogRequests, LogNotices>(
      port,
      {
        arm: () => this.#settle(),
        taken: () => void this.#outbox.taken(),
        noticeTaken: () => void this.#warnings.taken(),
        setMigrating: ({ on }) => {
          this.#isMigrating = on
          return this.#settle()
        },
        finish: () => this.#finish(),
      },
      { onStop: () => this.stop(), clock: env.clock },
    )
    this.ended = this.#port.closed
  }

  get #isLinux(): boolean {
    return this.#init.guestOS === 'linux'
  }

  /** Listens, or stops to, as it should be now. @throws the listener cannot be opened */
  #settle(): Promise<undefined> {
    const settled = this.#changes.then(() => this.#change())
    this.#changes = settled.catch(() => undefined)
    return settled.then(() => undefined)
  }

  async #change(): Promise<void> {
    const isBusy = this.#isLinux && this.#socket !== undefined
    const isWanted = !this.#isOver && !this.#isMigrating && !isBusy
    const listener = this.#listener
    if (isWanted && listener === undefined) {
      const serviceId = this.#isLinux ? vsockServiceId(LCOW_LOG_PORT) : WCOW_LOG_SERVICE
      const opened = await this.#env.transport.listen({ runtimeId: this.#init.runtimeId, serviceId })
      this.#listener = opened
      this.#env.gauges.sockets++
      void this.#serve(opened)
    } else if (!isWanted && listener !== undefined) {
      this.#listener = undefined
      this.#env.gauges.sockets--
      await listener.close()
    }
  }

  /** Where nobody waits for the outcome. */
  #settleOrWarn(): void {
    this.#settle().catch((error: unknown) => this.#warn(error as Error))
  }

  #warn(error: Error): void {
    if (!this.#isOver) this.#warnings.push(error)
  }

  /** One connection at a time. */
  async #serve(listener: HvSocketListener): Promise<void> {
    while (this.#listener === listener) {
      await this.#reading
      let socket: Duplex
      try {
        socket = await listener.accept()
      } catch (error) {
        // Closed by ourselves, or useless.
        if (this.#listener === listener) this.#warn(error as Error)
        return
      }
      this.#reading = this.#read(socket)
    }
  }

  async #read(socket: Duplex): Promise<void> {
    this.#socket = socket
    this.#env.gauges.sockets++
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        this.#env.gauges.sockets--
        resolve()
      })
    })
    socket.on('error', (error) => this.#warn(error))
    this.#settleOrWarn()
    const log = new LogStream()
    try {
      // Without destroyOnReturn: false a regular end, with our own side still open, would count as an abort.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        for (const entry of log.push(chunk as Uint8Array)) this.#outbox.push(entry)
      }
    } catch {
      // A log that breaks off is a log that has ended.
    }
    const last = log.end()
    if (last !== undefined) this.#outbox.push(last)
    socket.destroy()
    // What counts open sockets counts it until then.
    await closed
    this.#socket = undefined
    this.#settleOrWarn()
  }

  /** The VM is gone: answers once what it has said was taken. */
  async #finish(): Promise<undefined> {
    this.#isOver = true
    await this.#settle()
    await this.#reading
    await this.#outbox.emptied()
    this.#warnings.flush()
    return undefined
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#socket?.destroy()
    await this.#settle()
    await this.#reading
  }
}

/** Starts the log actor of a VM on a port. Its first request must be `arm`. */
export function startLogActor(port: MessagePort, init: LogInit, env: LogEnvironment): Actor {
  return new LogActor(port, init, env)
}
