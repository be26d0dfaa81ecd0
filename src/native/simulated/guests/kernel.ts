// The state of a guest that its programs see and guest requests change: disks, mounts, network, identity, and the time that stands still
// while the machine is paused. One for both systems.

import type { Duplex } from 'node:stream'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { turn, type Timer } from '../../clock.js'
import { Gate } from './gate.js'
import type { GuestMachine, GuestSurroundings, MachineDisk } from './machine.js'
import { GuestMemory, slot, type Slot } from './memory.js'
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

/** From what is least to what is most worth reading. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const DEFAULT_MTU = 1500

const MOUNTS = slot('mounts', () => new Map<string, Mount>())
const INTERFACES = slot('interfaces', () => new Map<string, Interface>())
const UNPLUGGED = slot('unplugged', () => new Set<string>())
const TIME_ZONE = slot('timeZone', () => 'UTC')

/** The state of a kernel as plain data, for a machine that moves to another host: the slots of all parts by name, and these. */
export interface KernelState extends Record<string, unknown> {
  volumes: VolumeState
  nextPid: number
  uptimeMs: number
}

export class GuestKernel {
  readonly machine: GuestMachine
  readonly gate = new Gate()
  readonly #memory = new GuestMemory()
  /** Adapters whose device is still awaited. */
  readonly configuring = new Set<string>()
  /** Namespaces that containers have, with how many have them (Linux). */
  readonly assignedNamespaces = new Map<string, number>()
  /** Where the processes of the utility VM itself work, by pid (Linux): nothing there can be unmounted. */
  readonly workplaces = new Map<number, string>()
  readonly volumes = new Volumes()
  #nextPid: number
  #startedMs: number
  readonly #surroundings: GuestSurroundings
  readonly #timers = new Set<Timer>()
  readonly #changes = new Set<() => void>()
  readonly #sockets = new Set<Duplex>()
  readonly #forget: () => void
  stopped = false
  /** The agent's log, where it keeps one that the host may read (Linux). */
  say: (level: LogLevel, message: string, fields?: Record<string, unknown>) => void = () => undefined

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

  /** What a part of the guest remembers. */
  recall<T>(slot: Slot<T>): T {
    return this.#memory.recall(slot)
  }

  remember<T>(slot: Slot<T>, value: T): void {
    this.#memory.remember(slot, value)
  }

  /** By mount point; of a Windows guest in lower case. */
  get mounts(): Map<string, Mount> {
    return this.recall(MOUNTS)
  }

  /** By adapter id, lower case, no braces. */
  get interfaces(): Map<string, Interface> {
    return this.recall(INTERFACES)
  }

  /** Disks the guest has let go of, which the host has not taken yet: `controller:lun`. */
  get #unplugged(): Set<string> {
    return this.recall(UNPLUGGED)
  }

  /** Name of the time zone (Windows). */
  get timeZone(): string {
    return this.recall(TIME_ZONE)
  }

  set timeZone(name: string) {
    this.remember(TIME_ZONE, name)
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

  /** Lets everything else run once, whether the machine runs or not. */
  breathe(): Promise<void> {
    return turn(this.#surroundings.clock)
  }

  /** Lets everything else run once. */
  async turn(): Promise<void> {
    await this.breathe()
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
    return {
      ...this.#memory.capture(),
      volumes: this.volumes.capture(),
      nextPid: this.#nextPid,
      uptimeMs: this.uptimeMs(),
    }
  }

  restore({ volumes, nextPid, uptimeMs, ...slots }: KernelState): void {
    this.#memory.restore(slots)
    this.volumes.restore(volumes)
    this.#nextPid = nextPid
    this.#startedMs = this.#surroundings.clock.now() - uptimeMs
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
