// What a supervisor writes down of its VMs, so that the next one has them: one directory for each, which holds its sockets and logs too.

import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isGuid } from '../../protocol/guid.js'
import { isRecord } from '../../protocol/json.js'
import { writePrivateFileSync } from '../private-file.js'
import { packState, unpackState } from '../simulated/state/codec.js'
import type { MachineRecord } from './machine.js'

const FORMAT = 'uvm-actors qemu vm'
const VERSION = 1
const RECORD = 'vm'

export interface VmRecord {
  readonly id: string
  readonly runtimeId: string
  /** The create document, as text. */
  readonly document: string
  readonly state: 'Created' | 'Running' | 'Paused' | 'SavedAsTemplate'
  /** What `movable` gave of its devices. */
  readonly live: unknown
  /** Milliseconds since 1970. */
  readonly startedMs: number | undefined
  readonly templateId: string | undefined
  /** Undefined: it has no processes. */
  readonly processes: MachineRecord | undefined
  /** Of a VM that was started. */
  readonly hardware: HardwareRecord | undefined
}

/** What QEMU was told of the machine, as far as the document does not say it. */
export interface HardwareRecord {
  readonly bootMB: number
  /** Undefined: it never grew. */
  readonly growthMB: number | undefined
  /** Places of the adapters on the bus, by key. */
  readonly nicSlots: Readonly<Record<string, number>>
  /** Name space that QEMU runs in. */
  readonly namespace: string | undefined
}

export class StateDirectory {
  readonly path: string

  /** @throws {Error} it cannot be made */
  constructor(path: string) {
    this.path = path
    mkdirSync(path, { recursive: true, mode: 0o700 })
  }

  /** Where the files of a VM lie. */
  of(runtimeId: string): string {
    return join(this.path, runtimeId)
  }

  /** @throws {Error} it cannot be written */
  write(record: VmRecord): void {
    const directory = this.of(record.runtimeId)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writePrivateFileSync(join(directory, RECORD), packState({ format: FORMAT, version: VERSION, ...record }))
  }

  remove(runtimeId: string): void {
    rmSync(this.of(runtimeId), { recursive: true, force: true })
  }

  /** Once no VM is left. */
  removeIfEmpty(): void {
    try {
      rmdirSync(this.path)
    } catch {
      // Somebody has put something there, or it is the caller's to remove.
    }
  }

  /** Every VM that is written down. What cannot be read goes. */
  read(): VmRecord[] {
    return readdirSync(this.path)
      .filter((name) => isGuid(name))
      .flatMap((name) => {
        const record = readRecord(join(this.path, name, RECORD))
        if (record?.runtimeId === name) return [record]
        this.remove(name)
        return []
      })
  }
}

function readRecord(path: string): VmRecord | undefined {
  try {
    const found = unpackState(readFileSync(path))
    if (!isRecord(found) || found['format'] !== FORMAT || found['version'] !== VERSION) return undefined
    return found as unknown as VmRecord
  } catch {
    return undefined
  }
}
