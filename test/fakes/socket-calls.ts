// The socket calls, scripted: no system behind them. Waiting moves a clock instead of the time, and every socket is counted.

import type { PollEntry, SocketCalls, SocketNumber, SocketOption, WakePair } from '#dist/native/hyperv-socket/calls.js'
import { SocketError, type SocketFailure } from '#dist/native/hyperv-socket/errors.js'
import type { ManualClock } from './clock.js'

/** How a connect goes: the number it fails with at once, or what comes of it later; undefined: it connects. */
export interface ScriptedConnect {
  fails?: number
  /** In progress until then, milliseconds; Infinity: for ever. */
  afterMs?: number
  /** What is pending then; undefined: connected. */
  thenFails?: number
}

export class ScriptedCalls implements SocketCalls {
  readonly library = 'winsock'
  readonly timedOut = 10060
  /** Sockets that are open. */
  readonly open = new Set<SocketNumber>()
  readonly options: SocketOption[] = []
  /** Of each connect in turn; the last one repeats. */
  connects: ScriptedConnect[] = [{}]
  /** Numbers that the next accepts fail with; undefined: one is there. When it is empty nobody is. */
  accepts: (number | undefined)[] = []
  bindFails: number | undefined
  socketFails: number | undefined
  optionFails: number | undefined
  /** Listeners report an error of their own. */
  listenersFailed = false
  connected = 0
  readonly #clock: ManualClock
  readonly #pending = new Map<SocketNumber, { readyMs: number; fails: number | undefined }>()
  /** Beyond any number that the process has: libuv refuses to adopt it. */
  #next = 1_000_000
  #woken = false

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  #make(): SocketNumber {
    this.open.add(++this.#next)
    return this.#next
  }

  #failWhen(syscall: string, errno: number | undefined): void {
    if (errno !== undefined) throw new SocketError('winsock', { syscall, errno })
  }

  socket(): SocketNumber {
    this.#failWhen('WSASocketW', this.socketFails)
    return this.#make()
  }

  setOption(_socket: SocketNumber, option: SocketOption): void {
    this.#failWhen('setsockopt', this.optionFails)
    this.options.push(option)
  }

  bind(): void {
    this.#failWhen('bind', this.bindFails)
  }

  listen(): void {}

  accept(): SocketNumber | undefined {
    if (this.accepts.length === 0) return undefined
    this.#failWhen('accept', this.accepts.shift())
    return this.#make()
  }

  connect(socket: SocketNumber): boolean {
    const script = this.connects[Math.min(this.connected++, this.connects.length - 1)] ?? {}
    this.#failWhen('connect', script.fails)
    if (script.afterMs === undefined) return true
    this.#pending.set(socket, { readyMs: this.#clock.now() + script.afterMs, fails: script.thenFails })
    return false
  }

  pendingError(socket: SocketNumber): SocketFailure | undefined {
    const pending = this.#pending.get(socket)
    if (pending?.fails === undefined || pending.readyMs > this.#clock.now()) return undefined
    return { syscall: 'connect', errno: pending.fails }
  }

  poll(entries: readonly PollEntry[], timeoutMs: number): void {
    const [wake, ...others] = entries
    const look = (): boolean => {
      for (const entry of others) {
        const pending = this.#pending.get(entry.socket)
        entry.ready =
          entry.wants === 'read'
            ? this.accepts.length > 0
            : pending !== undefined && pending.fails === undefined && pending.readyMs <= this.#clock.now()
        entry.failed = entry.wants === 'read' && this.listenersFailed
      }
      return others.some((entry) => entry.ready || entry.failed)
    }
    if (!look() && !this.#woken && others.length > 0) {
      const due = others.map(({ socket }) => (this.#pending.get(socket)?.readyMs ?? Infinity) - this.#clock.now())
      this.#clock.advance(Math.min(timeoutMs, ...due.filter((ms) => ms > 0)))
      look()
    }
    wake!.ready = this.#woken
  }

  close(socket: SocketNumber): void {
    if (!this.open.delete(socket)) throw new Error(`socket ${socket} was closed twice`)
    this.#pending.delete(socket)
  }

  openWakePair(): WakePair {
    return { read: 1, write: 1 }
  }

  wake(): void {
    this.#woken = true
  }

  drain(): void {
    this.#woken = false
  }
}
