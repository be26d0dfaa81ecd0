// The state of a guest that its programs see and guest requests change: disks, mounts, network, identity, and the time that stands still
// while the machine is paused. One for both systems.

import type { Duplex } from 'node:stream'
import type { GuestOS } from '../../../protocol/guest-os.js'
import type { Timer } from '../../clock.js'
import type { Document } from './decode.js'
import { Gate } from './gate.js'
import type { GuestMachine, GuestSurroundings, MachineDisk } from './machine.js'
import type { Mount } from './mounts.js'
import { Volumes, type VolumeState } from './volumes.js'

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
  /** Bytes a packet can have; less where packets are wrapped in others. */
  readonly mtu: number
}

export const DEFAULT_MTU = 1500

/** The state of a kernel as plain data, for a machine that moves to another host. */
export interface KernelState {
  mounts: Map<string, Mount>
  volumes: VolumeState
  interfaces: Map<string, Interface>
  namespaces: Map<string, number>
  announced: Map<string, Interface>
  layerFilters: Map<string, readonly string[]>
  timeZone: string
  unplugged: Set<string>
  hvSocketAddress: GuestKernel['hvSocketAddress']
  securityPolicy: Document | undefined
  fragments: number
  podMemoryBytes: number | undefined
  nextPid: number
  uptimeMs: number
}

export class GuestKernel {
  readonly machine: GuestMachine
  readonly gate = new Gate()
  /** By mount point; of a Windows guest in lower case. */
  readonly mounts = new Map<string, Mount>()
  /** By adapter id, lower case, no braces. */
  readonly interfaces = new Map<string, Interface>()
  /** Adapters whose device is still awaited. */
  readonly configuring = new Set<string>()
  /** Namespaces that containers have, with how many have them (Linux). */
  readonly assignedNamespaces = new Map<string, number>()
  readonly volumes = new Volumes()
  /** Network namespaces by id, lower case (Windows). */
  readonly namespaces = new Map<string, number>()
  /** Disks the guest has let go of, which the host has not taken yet: `controller:lun`. */
  readonly #unplugged = new Set<string>()
  /** Endpoints announced before their adapter came, by adapter id (Windows). */
  readonly announced = new Map<string, Interface>()
  /** Layers that a filter joins at a path, topmost first (Windows). */
  readonly layerFilters = new Map<string, readonly string[]>()
  /** Name of the time zone (Windows). */
  timeZone = 'UTC'
  /** Addresses a Windows guest was given. */
  hvSocketAddress: { local: string; parent: string } | undefined
  /** Installed once in the life of the machine. */
  securityPolicy: Document | undefined
  /** Policy fragments that were loaded. */
  fragments = 0
  /** Limit of the control group that pods share, once it was computed. */
  podMemoryBytes: number | undefined
  #nextPid: number
  #startedMs: number
  readonly #surroundings: GuestSurroundings
  readonly #timers = new Set<Timer>()
  readonly #changes = new Set<() => void>()
  readonly #sockets = new Set<Duplex>()
  readonly #forget: () => void
  stopped = false

  constructor(
    readonly os: GuestOS,
    surroundings: GuestSurroundings,
  ) {
    this.#surroundings = surroundings
    this.machine = surroundings.machine
    this.#startedMs = surroundings.clock.now()
    this.#nextPid = 400 + Math.floor(surroundings.random() * 100)
    this.#forget = this.machine.onHardwareChange(() => {
      this.#forgetUnplugged()
      for (const change of [...this.#changes]) change()
    })
  }

  now(): Date {
    return new Date(this.#surroundings.clock.wallTime())
  }

  uptimeMs(): number {
    return this.#surroundings.clock.now() - this.#startedMs
  }

  random(): number {
    return this.#surroundings.random()
  }

  nextPid(): number {
    return this.#nextPid++
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

  /** Lets everything else run once. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    await this.gate.pass()
  }

  /** A connection to the host that ends with the machine. Rejects when nobody listens there. */
  async dial(serviceId: string): Promise<Duplex> {
    const socket = await this.machine.dial(serviceId)
    socket.on('error', () => undefined)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.stopped) socket.destroy()
    return socket
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
    return disks
      .map((disk, index) => ({ ...disk, name: `sd${diskLetters(index)}` }))
      .filter(({ controller, lun }) => !this.#unplugged.has(`${controller}:${lun}`))
  }

  disk(controller: number, lun: number): (MachineDisk & { name: string }) | undefined {
    return this.disks().find((disk) => disk.controller === controller && disk.lun === lun)
  }

  /** Lets go of a disk; it is seen again after the host took it away and attached another. */
  unplug(controller: number, lun: number): void {
    if (this.disk(controller, lun) !== undefined) this.#unplugged.add(`${controller}:${lun}`)
  }

  #forgetUnplugged(): void {
    if (this.#unplugged.size === 0) return
    const present = new Set(this.machine.disks().map(({ controller, lun }) => `${controller}:${lun}`))
    for (const key of this.#unplugged) if (!present.has(key)) this.#unplugged.delete(key)
  }

  /** A container takes a namespace, or gives it back. */
  assignNamespace(namespace: string, by: 1 | -1): void {
    if (namespace === '') return
    const count = (this.assignedNamespaces.get(namespace) ?? 0) + by
    if (count > 0) this.assignedNamespaces.set(namespace, count)
    else this.assignedNamespaces.delete(namespace)
  }

  /** Switches the machine off. */
  powerOff(): void {
    void this.gate.pass().then(() => {
      if (!this.stopped) this.machine.poweredOff()
    })
  }

  capture(): KernelState {
    const { mounts, interfaces, namespaces, hvSocketAddress, securityPolicy, fragments, podMemoryBytes } = this
    return {
      mounts,
      volumes: this.volumes.capture(),
      interfaces,
      namespaces,
      announced: this.announced,
      layerFilters: this.layerFilters,
      timeZone: this.timeZone,
      unplugged: this.#unplugged,
      hvSocketAddress,
      securityPolicy,
      fragments,
      podMemoryBytes,
      nextPid: this.#nextPid,
      uptimeMs: this.uptimeMs(),
    }
  }

  restore(state: KernelState): void {
    for (const [target, mount] of state.mounts) this.mounts.set(target, mount)
    this.volumes.restore(state.volumes)
    for (const [id, one] of state.interfaces) this.interfaces.set(id, one)
    for (const [id, number] of state.namespaces) this.namespaces.set(id, number)
    for (const [id, one] of state.announced) this.announced.set(id, one)
    for (const [root, layers] of state.layerFilters) this.layerFilters.set(root, layers)
    this.timeZone = state.timeZone
    for (const key of state.unplugged) this.#unplugged.add(key)
    this.hvSocketAddress = state.hvSocketAddress
    this.securityPolicy = state.securityPolicy
    this.fragments = state.fragments
    this.podMemoryBytes = state.podMemoryBytes
    this.#nextPid = state.nextPid
    this.#startedMs = this.#surroundings.clock.now() - state.uptimeMs
  }

  stop(): void {
    this.stopped = true
    this.#forget()
    for (const timer of this.#timers) timer.clear()
    this.#timers.clear()
    this.#changes.clear()
    for (const socket of this.#sockets) socket.destroy()
    this.gate.open()
  }
}

/** a … z, aa, ab, … */
function diskLetters(index: number): string {
  const head = Math.floor(index / 26)
  return (head === 0 ? '' : diskLetters(head - 1)) + String.fromCharCode(97 + (index % 26))
}
