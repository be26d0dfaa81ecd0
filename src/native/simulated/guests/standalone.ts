// A built-in guest on its own: no compute service, any transport, and hardware that the caller plugs and pulls. For tests of a host, ours
// or another, against a guest that keeps to the protocol.

import type { Duplex } from 'node:stream'
import { InvalidConfigError } from '../../../errors.js'
import {
  ANYTHING,
  BOOLEAN,
  COUNT,
  group,
  INTEGER,
  listOf,
  NUMBER,
  oneOf,
  row,
  STRING,
  STRINGS,
  TEXT,
} from '../../../options/rows.js'
import { checkPresent, optionTable, type Rows } from '../../../options/table.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { isGuid } from '../../../protocol/guid.js'
import { systemClock, type Clock } from '../../clock.js'
import type { HvSocketDialer } from '../../hvsocket.js'
import { UnixSocketTransport } from '../../unix-socket/transport.js'
import { runtimeIdOf } from '../state/runtime-id.js'
import { chances } from '../seeded.js'
import { BootableGuest } from './guest.js'
import type { GuestMachine, MachineAdapter, MachineDisk, MachinePmem, MachineShare } from './machine.js'

/** The devices of a guest that is started on its own. What is absent is not there. */
export interface SimulatedHardware {
  /** Default 1. */
  processors?: number
  /** MiB; default 1024. */
  memoryMB?: number
  disks?: MachineDisk[]
  adapters?: MachineAdapter[]
  pmem?: MachinePmem[]
  plan9?: MachineShare[]
  vsmb?: MachineShare[]
  /** VMBus GUIDs of assigned PCI devices. */
  pci?: string[]
}

export interface SimulatedGuestOptions {
  guestOS: GuestOS
  /** How the guest reaches its host: a dialer, or the directory of the Unix-socket transport. */
  transport: HvSocketDialer | string
  /** Compute system id: the guest's host name. Default `guest`. */
  id?: string
  /** Hyper-V VM GUID that the guest dials as; default: made from `id`. */
  runtimeId?: string
  hardware?: SimulatedHardware
  /** Linux: what makes the guest read entropy (`-e 1`) and send its log (`vsockexec -e 109 …`). Default: neither. */
  kernelCommandLine?: string
  /** One request at a time, as a guest isolated from its host does; default false. */
  sequential?: boolean
  /** Of everything that is chance in the guest; default 1. */
  seed?: number
  clock?: Clock
  /** What `capture` gave of another guest: this one goes on with that instead of booting, as after a live migration. */
  state?: unknown
}

const SHARE = optionTable<MachineShare>('share', { port: NUMBER, name: STRING, path: STRING, readOnly: BOOLEAN })

/** SimulatedGuest.setHardware. */
export const HARDWARE = optionTable<SimulatedHardware>('changes', {
  processors: COUNT,
  memoryMB: COUNT,
  disks: listOf(optionTable<MachineDisk>('disk', { controller: NUMBER, lun: NUMBER, path: STRING, readOnly: BOOLEAN })),
  adapters: listOf(optionTable<MachineAdapter>('adapter', { id: STRING, macAddress: STRING })),
  pmem: listOf(optionTable<MachinePmem>('device', { device: NUMBER, offsets: row('an array', Array.isArray) })),
  plan9: listOf(SHARE),
  vsmb: listOf(SHARE),
  pci: STRINGS,
})

const GUEST_ROWS: Rows<SimulatedGuestOptions> = {
  guestOS: oneOf('linux', 'windows'),
  transport: row('a directory, or an object with dial()', (value) => {
    return typeof value === 'string' || typeof (value as HvSocketDialer | null)?.dial === 'function'
  }),
  id: TEXT,
  runtimeId: row('a GUID without braces', isGuid),
  hardware: group(HARDWARE),
  kernelCommandLine: STRING,
  sequential: BOOLEAN,
  seed: INTEGER,
  clock: row('a Clock', (value) => typeof (value as Clock | null)?.after === 'function'),
  state: ANYTHING,
}

/** SimulatedGuest.start. */
export const GUEST_OPTIONS = optionTable<SimulatedGuestOptions>('options', GUEST_ROWS)

export class SimulatedGuest {
  readonly id: string
  readonly runtimeId: string
  /** Resolves when the guest has switched itself off. */
  readonly poweredOff: Promise<void>
  readonly #guest: BootableGuest
  readonly #listeners = new Set<() => void>()
  #hardware: SimulatedHardware

  private constructor(options: SimulatedGuestOptions) {
    const { transport, id = 'guest', kernelCommandLine = '', seed = 1, clock = systemClock } = options
    const dialer = typeof transport === 'string' ? new UnixSocketTransport(transport) : transport
    const runtimeId = options.runtimeId ?? runtimeIdOf(id)
    this.id = id
    this.runtimeId = runtimeId
    this.#hardware = { ...options.hardware }
    let powerOff: () => void = () => undefined
    this.poweredOff = new Promise((resolve) => (powerOff = resolve))
    const machine: GuestMachine = {
      id,
      runtimeId,
      kernelCommandLine,
      forwardsLogs: true,
      isConfidential: options.sequential === true,
      processors: () => this.#hardware.processors ?? 1,
      memoryMB: () => this.#hardware.memoryMB ?? 1024,
      disks: () => [...(this.#hardware.disks ?? [])],
      adapters: () => [...(this.#hardware.adapters ?? [])],
      pmem: () => [...(this.#hardware.pmem ?? [])],
      plan9: () => [...(this.#hardware.plan9 ?? [])],
      vsmb: () => [...(this.#hardware.vsmb ?? [])],
      pci: () => [...(this.#hardware.pci ?? [])],
      onHardwareChange: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      poweredOff: powerOff,
      dial: (serviceId): Promise<Duplex> => dialer.dial({ runtimeId, serviceId }),
    }
    this.#guest = new BootableGuest(options.guestOS, { machine, clock, random: chances(seed, 'guest', id) })
  }

  /**
   * Boots a guest; it dials its host at once. A Linux guest dials again every 100 ms, a Windows guest gives up when nobody listens.
   *
   * @throws {InvalidConfigError} naming the option
   */
  static start(options: SimulatedGuestOptions): SimulatedGuest {
    const op = 'SimulatedGuest.start'
    checkPresent({ op }, options, GUEST_OPTIONS)
    for (const path of ['guestOS', 'transport'] as const) {
      if ((options[path] as unknown) !== undefined) continue
      throw new InvalidConfigError({ op, path, value: undefined, reason: GUEST_ROWS[path].expected })
    }
    const guest = new SimulatedGuest(options)
    if (options.state === undefined) guest.#guest.boot()
    else guest.#guest.arrive(options.state)
    return guest
  }

  /** Plugs and pulls devices: each member that is given replaces what was there. The guest notices at once. @throws {InvalidConfigError} */
  setHardware(changes: SimulatedHardware): void {
    checkPresent({ op: 'SimulatedGuest.setHardware' }, changes, HARDWARE)
    this.#hardware = { ...this.#hardware, ...changes }
    for (const listener of [...this.#listeners]) listener()
  }

  /** The virtual processors stand still until `resume`. */
  pause(): void {
    this.#guest.pause()
  }

  resume(): void {
    this.#guest.resume()
  }

  /** Asks the operating system to shut down, as the integration service does. */
  shutdown(): void {
    this.#guest.shutdown()
  }

  /** Drops the bridge; the guest dials again. */
  disconnect(): void {
    this.#guest.disconnect()
  }

  /** What the guest remembers, as plain data that can be cloned: mounts, files, containers, processes, waits that are not answered. */
  capture(): unknown {
    return this.#guest.capture()
  }

  /** Takes the power away: every connection and timer ends. Idempotent. */
  stop(): Promise<void> {
    return this.#guest.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
