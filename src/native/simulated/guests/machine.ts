// What a built-in guest sees of the machine it runs in, and what the machine (the simulated service) may ask of its guest.
// Both run in the service's thread; they speak to the host only through the dialer, as a real guest would.

import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'

/** A disk on one of the four SCSI controllers, as the guest's bus scan would find it. */
export interface MachineDisk {
  /** 0..3 by the fixed controller GUIDs; other controllers are not addressable through the guest protocol. */
  readonly controller: number
  /** 0..63 */
  readonly lun: number
  /** Host path of the image: names the disk in listings, nothing is read from it. */
  readonly path: string
  readonly readOnly: boolean
}

/** A network adapter, as its VMBus instance would show it. */
export interface MachineAdapter {
  readonly id: string
  /** `00-15-5D-…` when the host set one. */
  readonly macAddress?: string
}

/** A persistent memory device, with the offsets (bytes) at which images begin; 0 is the device's own. */
export interface MachinePmem {
  readonly device: number
  readonly offsets: readonly number[]
}

/** A folder of the host: over Plan9 named by port and access name, over VSMB by name alone. */
export interface MachineShare {
  /** Plan9 only; 0 otherwise. */
  readonly port: number
  readonly name: string
  /** On the host. */
  readonly path: string
  readonly readOnly: boolean
}

export interface GuestMachine {
  readonly id: string
  readonly runtimeId: string
  /** Words of the kernel command line after `--`, for Linux: `-e 1`, `vsockexec -e 109 …`; '' when there is none. */
  readonly kernelCommandLine: string
  /** The create document asks for log forwarding (Windows: the log service is in the service table). */
  readonly forwardsLogs: boolean
  /** Isolated from its host (SNP): the guest serves one request at a time. */
  readonly isConfidential: boolean
  /** What its bridge dials; absent: the usual service of its system. */
  readonly bridgeService?: string | undefined
  processors(): number
  memoryMB(): number
  disks(): MachineDisk[]
  adapters(): MachineAdapter[]
  pmem(): MachinePmem[]
  plan9(): MachineShare[]
  vsmb(): MachineShare[]
  /** VMBus GUIDs of assigned PCI devices. */
  pci(): string[]
  /** Calls `listener` after a device came or went; the returned function ends that. */
  onHardwareChange(listener: () => void): () => void
  /** The guest powered itself off. */
  poweredOff(): void
  /** A connection to the host. Rejects at once when nobody listens there. */
  dial(serviceId: string): Promise<Duplex>
}

export interface GuestSurroundings {
  readonly machine: GuestMachine
  readonly clock: Clock
  /** Seeded; uniform in [0, 1). */
  readonly random: () => number
}

/** A running guest operating system. No method throws; every timer and socket is gone once `stop` has resolved. */
export interface BuiltinGuest {
  /** Begins to boot: entropy, log stream, bridge, in the order of the real guest. Returns at once. */
  boot(): void
  /** The integration service asks for a shutdown: ends by calling `machine.poweredOff()`. */
  shutdown(): void
  /** The virtual processors stop: nothing is sent and nothing is read until `resume`. */
  pause(): void
  resume(): void
  /** Drops the bridge, as after a fault of the connection; a Linux guest dials again. */
  disconnect(): void
  /** What it remembers, as plain data: for a machine that moves to another host. */
  capture(): unknown
  /** Instead of `boot`, in a machine that has moved here: goes on with what `capture` gave. Returns at once. */
  arrive(state: unknown): void
  /** Power is gone. Idempotent. */
  stop(): Promise<void>
}

export type BuiltinGuestFactory = (surroundings: GuestSurroundings) => BuiltinGuest
