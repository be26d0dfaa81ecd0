// The state of a guest that its programs see and guest requests change: disks, mounts, network, identity. One for both systems.

import type { GuestOS } from '../../../protocol/guest-os.js'
import type { GuestMachine, GuestSurroundings, MachineDisk } from './machine.js'
import type { Timer } from '../../clock.js'
import { Gate } from './gate.js'

export interface Mount {
  readonly source: string
  readonly target: string
  readonly filesystem: string
  readonly readOnly: boolean
  readonly controller: number
  readonly lun: number
}

/** A network interface that the guest was told to configure. */
export interface Interface {
  readonly adapterId: string
  readonly namespace: string
  readonly macAddress: string
  /** `10.0.0.17/24` */
  readonly addresses: readonly string[]
  readonly routes: readonly { destination: string; nextHop: string }[]
  readonly dnsServers: readonly string[]
  readonly dnsSearch: readonly string[]
}

/** The state of a kernel as plain data, for a machine that moves to another host. */
export interface KernelState {
  mounts: Map<string, Mount>
  interfaces: Map<string, Interface>
  namespaces: Map<string, number>
  hvSocketAddress: GuestKernel['hvSocketAddress']
}

export class GuestKernel {
  readonly machine: GuestMachine
  readonly gate = new Gate()
  /** By mount point. */
  readonly mounts = new Map<string, Mount>()
  /** By adapter id, lower case. */
  readonly interfaces = new Map<string, Interface>()
  /** Network namespaces by id, lower case (Windows). */
  readonly namespaces = new Map<string, number>()
  /** Addresses a Windows guest was given. */
  hvSocketAddress: { local: string; parent: string } | undefined
  readonly #surroundings: GuestSurroundings
  readonly #timers = new Set<Timer>()
  readonly #changes = new Set<() => void>()
  readonly #forget: () => void
  stopped = false

  constructor(
    readonly os: GuestOS,
    surroundings: GuestSurroundings,
  ) {
    this.#surroundings = surroundings
    this.machine = surroundings.machine
    this.#forget = this.machine.onHardwareChange(() => {
      for (const change of [...this.#changes]) change()
    })
  }

  random(): number {
    return this.#surroundings.random()
  }

  now(): Date {
    return new Date(this.#surroundings.clock.wallTime())
  }

  /** Runs once, later, unless the machine stops first. */
  after(ms: number, callback: () => void): () => void {
    if (this.stopped) return () => undefined
    const timer = this.#surroundings.clock.after(ms, () => {
      this.#timers.delete(timer)
      void this.gate.pass().then(() => {
        if (!this.stopped) callback()
      })
    })
    this.#timers.add(timer)
    return () => {
      timer.clear()
      this.#timers.delete(timer)
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Resolves once `found` answers something, looking again whenever hardware changes; undefined after the time is up. */
  waitForHardware<T>(found: () => T | undefined, timeoutMs = Infinity): Promise<T | undefined> {
    const now = found()
    if (now !== undefined || this.stopped) return Promise.resolve(now)
    return new Promise((resolve) => {
      let cancel = (): void => undefined
      const look = (): void => {
        const result = found()
        if (result === undefined) return
        cancel()
        this.#changes.delete(look)
        resolve(result)
      }
      this.#changes.add(look)
      if (timeoutMs !== Infinity) {
        cancel = this.after(timeoutMs, () => {
          this.#changes.delete(look)
          resolve(undefined)
        })
      }
    })
  }

  /** Disks with the names a Linux bus scan gives them: sda, sdb, … by controller and LUN. */
  disks(): (MachineDisk & { name: string })[] {
    const disks = this.machine.disks().sort((a, b) => a.controller - b.controller || a.lun - b.lun)
    return disks.map((disk, index) => ({ ...disk, name: `sd${diskLetters(index)}` }))
  }

  disk(controller: number, lun: number): (MachineDisk & { name: string }) | undefined {
    return this.disks().find((disk) => disk.controller === controller && disk.lun === lun)
  }

  capture(): KernelState {
    const { mounts, interfaces, namespaces, hvSocketAddress } = this
    return { mounts, interfaces, namespaces, hvSocketAddress }
  }

  restore({ mounts, interfaces, namespaces, hvSocketAddress }: KernelState): void {
    for (const [target, mount] of mounts) this.mounts.set(target, mount)
    for (const [id, one] of interfaces) this.interfaces.set(id, one)
    for (const [id, number] of namespaces) this.namespaces.set(id, number)
    this.hvSocketAddress = hvSocketAddress
  }

  stop(): void {
    this.stopped = true
    this.#forget()
    for (const timer of this.#timers) timer.clear()
    this.#timers.clear()
    this.#changes.clear()
    this.gate.open()
  }
}

/** a … z, aa, ab, … */
function diskLetters(index: number): string {
  const head = Math.floor(index / 26)
  return (head === 0 ? '' : diskLetters(head - 1)) + String.fromCharCode(97 + (index % 26))
}
