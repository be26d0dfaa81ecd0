// The built-in guest with the hardware that the rows use.

import type { SimulatedHardware } from '#dist/index.js'
import { LoneGuest } from '../support/raw-guest.js'
import { Subject, type Hardware } from './subject.js'

const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'
export const HARDWARE: Hardware = { disks: true, adapter: NIC, pmem: true }

const disk = (lun: number, readOnly: boolean) => ({ controller: 0, lun, path: `C:\\disk${lun}.vhdx`, readOnly })

/** The same, as the guest is started with it. */
export const MACHINE: SimulatedHardware = {
  memoryMB: 1024,
  disks: [disk(0, true), disk(1, false)],
  adapters: [{ id: NIC }],
  pmem: [{ device: 0, offsets: [0] }],
}

export interface BuiltinSubject {
  readonly subject: Subject
  /** The guest has switched its machine off. */
  readonly poweredOff: Promise<void>
  close(): Promise<void>
}

export async function builtinSubject(): Promise<BuiltinSubject> {
  const lone = await LoneGuest.start('linux', { hardware: MACHINE })
  const subject = await Subject.connect(lone, HARDWARE)
  return { subject, poweredOff: lone.guest.poweredOff, close: () => lone.close() }
}
