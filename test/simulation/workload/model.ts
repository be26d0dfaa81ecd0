// The small model: what one VM is, as far as that is certain, and what must come of a call then.

import { HcsError, UVMError } from '#dist/index.js'
import type { Kind } from './plan.js'

/** 'none': no handle, and no VM. 'gone': it ended, and its handle is there. 'lost': the service forgot the handle. */
export type Power = 'none' | 'created' | 'running' | 'paused' | 'gone' | 'lost'

/** What a call must come to. `code` of the error; the name of its HRESULT, or its `state`, where the error has one. */
export type Expected = { ok: true } | { ok: false; code: string; says?: string }

const OK: Expected = { ok: true }
const hcs = (says: string): Expected => ({ ok: false, code: 'UVM_HCS_FAILED', says })
const WRONG_STATE = hcs('HCS_E_INVALID_STATE')
const STOPPED = hcs('HCS_E_SYSTEM_ALREADY_STOPPED')
const FORGOTTEN = hcs('HCS_E_SERVICE_DISCONNECT')

/** By the state of the VM: created, running, paused, gone. Absent: see below. */
const VM_CALLS: Partial<Record<Kind, readonly [Expected, Expected, Expected, Expected]>> = {
  start: [OK, WRONG_STATE, WRONG_STATE, STOPPED],
  pause: [WRONG_STATE, OK, WRONG_STATE, STOPPED],
  resume: [WRONG_STATE, WRONG_STATE, OK, STOPPED],
  save: [WRONG_STATE, WRONG_STATE, OK, STOPPED],
  updateMemory: [WRONG_STATE, OK, WRONG_STATE, STOPPED],
  properties: [OK, OK, OK, OK],
  terminate: [OK, OK, OK, OK],
}
const COLUMNS: readonly Power[] = ['created', 'running', 'paused', 'gone']
const NEXT: Partial<Record<Kind, Power>> = { start: 'running', pause: 'paused', resume: 'running', terminate: 'gone' }

export class Model {
  power: Power = 'none'
  /** Nothing that went before makes what follows uncertain. */
  isCertain = true
  /** By LUN; undefined once it is not known what is where. */
  disks: Set<number> | undefined = new Set()
  /** Whether a Guest exists, and whether its connection is certain to be up. */
  guest: 'none' | 'open' | 'connected' | 'unsure' = 'none'

  get isAlive(): boolean {
    return this.power === 'created' || this.power === 'running' || this.power === 'paused'
  }

  get hasHandle(): boolean {
    return this.power !== 'none'
  }

  /** What happened cannot be told any more from what was called. */
  unsure(): void {
    this.isCertain = false
    this.disks = undefined
    if (this.guest !== 'none') this.guest = 'unsure'
  }

  /** A new VM of the id. */
  created(): void {
    this.power = 'created'
    this.isCertain = true
    this.disks = new Set()
    this.guest = 'none'
  }

  closed(): void {
    this.power = 'none'
    this.isCertain = true
    this.disks = new Set()
    this.guest = 'none'
  }

  /** Undefined: anything that is typed will do. */
  expect(kind: Kind, lun = 0): Expected | undefined {
    if (!this.isCertain) return undefined
    if (this.power === 'lost' && kind in VM_CALLS) return FORGOTTEN
    const column = COLUMNS.indexOf(this.power)
    if (column !== -1 && VM_CALLS[kind] !== undefined) return VM_CALLS[kind][column]
    const { disks } = this
    if (kind !== 'addDisk' && kind !== 'removeDisk') return undefined
    if (this.power === 'lost') return FORGOTTEN
    if (this.power === 'created' || this.power === 'paused') return WRONG_STATE
    if (this.power === 'gone') return STOPPED
    if (disks === undefined) return undefined
    if (kind === 'addDisk') return disks.has(lun) ? { ok: false, code: 'UVM_HCS_FAILED' } : OK
    return disks.has(lun) ? OK : { ok: false, code: 'UVM_HCS_FAILED' }
  }

  /** It came to what was expected. */
  follow(kind: Kind, lun = 0): void {
    this.power = NEXT[kind] ?? this.power
    if (this.power === 'gone' && this.guest !== 'none') this.guest = 'unsure'
    if (kind === 'addDisk') this.disks?.add(lun)
    if (kind === 'removeDisk') this.disks?.delete(lun)
  }
}

/** What is wrong with an outcome; undefined when it is as expected. */
export function mismatch(expected: Expected, error: unknown): string | undefined {
  if (expected.ok) return error === undefined ? undefined : `it had to succeed, and failed: ${String(error)}`
  const wanted = `it had to fail with ${expected.code} ${expected.says ?? ''}`
  if (error === undefined) return `${wanted}, and succeeded`
  if (!(error instanceof UVMError) || error.code !== expected.code) return `${wanted}, and failed: ${String(error)}`
  const said = error instanceof HcsError ? error.hresultName : (error as { state?: string }).state
  return expected.says === undefined || expected.says === said ? undefined : `${wanted}, and failed: ${String(error)}`
}
