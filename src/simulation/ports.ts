// Message ports in one thread: what is posted arrives as a copy, later, in the order of its port, on the virtual thread that has the port.

import { EventEmitter } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import type { OpenChannel } from '../actors/mailbox/channel.js'
import { cloneMessage, detach } from './clone.js'
import type { Lane, Scheduler, VirtualThread } from './scheduler.js'

/** How late something arrives, milliseconds; 0 for at once. */
export type Delay = () => number

/** Decides over a message that leaves: in which row it goes, and how often it arrives. Absent: in the port's row, once. */
export type Tap = (message: unknown) => { row?: string | undefined; times?: number; delayMs?: number }

export class SimulatedPort extends EventEmitter {
  readonly #ports: SimulatedPorts
  readonly #lane: Lane
  /** Rows of their own, by name. */
  readonly #rows = new Map<string, Lane>()
  /** Arrived before anybody listened. */
  readonly #early: unknown[] = []
  #peer: SimulatedPort | undefined
  #isStarted = false
  #isClosed = false
  tap: Tap | undefined
  /** Sees everything that leaves. */
  onPost: ((message: unknown) => void) | undefined

  /** @internal By `SimulatedPorts.open`. */
  constructor(
    ports: SimulatedPorts,
    public thread: VirtualThread,
    readonly name: string,
  ) {
    super()
    this.#ports = ports
    this.#lane = ports.scheduler.lane(() => this.thread, name)
    this.on('newListener', (event: string) => {
      if (event === 'message') this.start()
    })
  }

  join(peer: SimulatedPort): void {
    this.#peer = peer
  }

  get peer(): SimulatedPort | undefined {
    return this.#peer
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    const moved = transfer.filter((one): one is SimulatedPort => one instanceof SimulatedPort)
    const copy = cloneMessage(message, (value) => moved.includes(value as SimulatedPort))
    detach(transfer.filter((one): one is ArrayBuffer => one instanceof ArrayBuffer))
    const peer = this.#peer
    if (this.#isClosed || peer === undefined || peer.#isClosed) {
      for (const port of moved) port.close()
      return
    }
    this.onPost?.(copy)
    for (const port of moved) port.thread = peer.thread
    const { row, times = 1, delayMs = 0 } = this.tap?.(copy) ?? {}
    const lane = row === undefined ? peer.#lane : peer.#row(row)
    for (let time = 0; time < times; time++) lane.push(() => peer.#arrive(copy), delayMs + this.#ports.delay())
  }

  #row(name: string): Lane {
    const known = this.#rows.get(name)
    if (known !== undefined) return known
    const row = this.#ports.scheduler.lane(() => this.thread, `${this.name} ${name}`)
    this.#rows.set(name, row)
    return row
  }

  #arrive(message: unknown): void {
    if (this.#isClosed) return
    if (this.#isStarted) this.emit('message', message)
    else this.#early.push(message)
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    for (const message of this.#early.splice(0)) this.#lane.push(() => this.#arrive(message))
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  /** What was posted still arrives at the other end, which closes then. */
  close(): void {
    if (this.#isClosed) return
    const peer = this.#peer
    this.#end()
    if (peer !== undefined && !peer.#isClosed) peer.#endLast()
  }

  /** Behind everything that is on its way. */
  #endLast(): void {
    let rows = this.#rows.size + 1
    const arrived = (): void => {
      if (--rows === 0) this.#end()
    }
    for (const row of [this.#lane, ...this.#rows.values()]) row.push(arrived, this.#ports.delay())
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ports.forget(this)
    this.#lane.push(() => this.emit('close'))
  }
}

export class SimulatedPorts {
  readonly scheduler: Scheduler
  readonly delay: Delay
  readonly #open = new Set<SimulatedPort>()
  #count = 0

  constructor(scheduler: Scheduler, delay: Delay) {
    this.scheduler = scheduler
    this.delay = delay
  }

  /** Two ends, both on `thread` until one is sent elsewhere. */
  open(thread: VirtualThread, name = 'port'): { local: SimulatedPort; remote: SimulatedPort } {
    const number = ++this.#count
    const local = new SimulatedPort(this, thread, `${name} ${number}`)
    const remote = new SimulatedPort(this, thread, `${name} ${number}'`)
    local.join(remote)
    remote.join(local)
    this.#open.add(local).add(remote)
    return { local, remote }
  }

  /** What a Host on `thread` makes its channels with. */
  openChannel(thread: VirtualThread): OpenChannel {
    return () => {
      const { local, remote } = this.open(thread)
      return { local: asPort(local), remote: asPort(remote) }
    }
  }

  forget(port: SimulatedPort): void {
    this.#open.delete(port)
  }

  /** The ends that are open. */
  get openPorts(): readonly SimulatedPort[] {
    return [...this.#open]
  }

  /** A thread has gone: its ends close, and nothing of them is told there. */
  lose(thread: VirtualThread): void {
    for (const port of this.#open) if (port.thread === thread) port.close()
  }
}

/** The members of a MessagePort that this package uses are all there. */
export function asPort(port: SimulatedPort): MessagePort {
  return port as unknown as MessagePort
}

export function simulatedPort(port: unknown): SimulatedPort {
  if (port instanceof SimulatedPort) return port
  throw new TypeError('a real port does not reach a virtual thread')
}
