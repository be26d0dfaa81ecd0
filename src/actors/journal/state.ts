// What the records of a journal come to: the VMs that somebody may want to take back, and what of their guests is waited for. Pure.

import type { GuestRecord, JournalRecord, ProcessRecord, VmRecord } from './records.js'

/** Ids of requests that one program may use on a guest, before those of the next begin: no bridge lives to see it. */
export const IDS_OF_A_PROGRAM = 2n ** 32n
/** Ports that a program may have used for processes whose start was not written down any more. */
export const PORTS_IN_FLIGHT = 1024

/** Most of each that is remembered, the newest: a journal does not grow with what nobody takes back. */
const MAX_VMS = 16_384
const MAX_OF_A_GUEST = 4096

export interface JournalGuest {
  readonly options: GuestRecord
  /** Where the request ids of the last program begin. */
  readonly base: bigint
  isConnected: boolean
  /** By the id of their wait. */
  readonly processes: Map<bigint, ProcessRecord>
  readonly containers: Set<string>
  /** Above every port that a process was given. */
  nextPort: number
}

export interface JournalVm {
  readonly vm: VmRecord
  guest: JournalGuest | undefined
}

export class JournalState {
  /** By runtime id. */
  readonly #vms = new Map<string, JournalVm>()

  get vms(): Iterable<JournalVm> {
    return this.#vms.values()
  }

  of(runtimeId: string): JournalVm | undefined {
    return this.#vms.get(runtimeId)
  }

  /** What concerns a VM or a guest that is not known is nobody's. */
  apply(record: JournalRecord): void {
    if ('vm' in record) {
      const { vm } = record
      const known = this.#vms.get(vm.runtimeId)
      this.#vms.set(vm.runtimeId, { vm, guest: known?.guest })
      dropOldest(this.#vms, MAX_VMS)
    } else if ('gone' in record) this.#vms.delete(record.gone)
    else if ('guest' in record) {
      const known = this.#vms.get(record.guest)
      if (known !== undefined) known.guest = nextGuest(known.guest, record.options, record.base)
    } else this.#applyToGuest(record)
  }

  #applyToGuest(record: Exclude<JournalRecord, { vm: unknown } | { gone: unknown } | { guest: unknown }>): void {
    if ('connected' in record) {
      const guest = this.#guest(record.connected)
      if (guest !== undefined) guest.isConnected = true
    } else if ('process' in record) {
      const guest = this.#guest(record.process)
      if (guest === undefined) return
      const { of: process } = record
      guest.processes.set(process.waitId, process)
      dropOldest(guest.processes, MAX_OF_A_GUEST)
      for (const port of Object.values(process.ports)) guest.nextPort = Math.max(guest.nextPort, port + 1)
    } else if ('processEnded' in record) this.#guest(record.processEnded)?.processes.delete(record.waitId)
    else if ('container' in record) {
      const containers = this.#guest(record.container)?.containers
      containers?.add(record.id)
      if (containers !== undefined) dropOldest(containers, MAX_OF_A_GUEST)
    } else this.#guest(record.containerEnded)?.containers.delete(record.id)
  }

  #guest(runtimeId: string): JournalGuest | undefined {
    return this.#vms.get(runtimeId)?.guest
  }

  /** The fewest records that come to the same. */
  *records(): Iterable<JournalRecord> {
    for (const { vm, guest } of this.#vms.values()) {
      yield { vm }
      const { runtimeId } = vm
      if (guest === undefined) continue
      yield { guest: runtimeId, options: guest.options, base: guest.base }
      if (guest.isConnected) yield { connected: runtimeId }
      for (const process of guest.processes.values()) yield { process: runtimeId, of: process }
      for (const id of guest.containers) yield { container: runtimeId, id }
    }
  }
}

/** A further Guest of the same VM: what is known of the system inside stays. */
function nextGuest(last: JournalGuest | undefined, options: GuestRecord, base: bigint): JournalGuest {
  return {
    isConnected: last?.isConnected ?? false,
    processes: last?.processes ?? new Map(),
    containers: last?.containers ?? new Set(),
    nextPort: last?.nextPort ?? 0,
    options,
    base,
  }
}

function dropOldest<K>(entries: Map<K, unknown> | Set<K>, most: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return
    entries.delete(key)
  }
}
