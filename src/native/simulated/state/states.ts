// The state table of a compute system as data: what each operation does in each state, and on what evidence.
//
// D: documented. S: visible in shipping clients. R: observed on a real host and published. A: assumed; a run against Windows must accept
// any failure there.

import type { Evidence } from '../../../protocol/evidence.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { HcsFailure } from '../failure.js'

/** What HCS calls the state; 'Stopped' exists only while somebody still holds a handle. */
export type SystemState = 'Created' | 'Running' | 'Paused' | 'SavedAsTemplate' | 'Stopped'

/** What can be asked of an open handle. */
export type StatefulOp =
  'start' | 'shutdown' | 'terminate' | 'pause' | 'resume' | 'save' | 'modify' | 'properties' | 'crash' | 'migrate'

/** Rows of the table: saving differs by its type, and create and open go by the id. */
export type TableOp = Exclude<StatefulOp, 'save'> | 'create' | 'open' | 'save to file' | 'save as template'

/** `fails`: the HRESULT; absent when the operation goes ahead. `next`: the state after it, when that is another. */
export interface Cell {
  readonly fails?: number
  readonly next?: SystemState
  readonly evidence: Evidence
}

const ok = (evidence: Evidence): Cell => ({ evidence })
const to = (next: SystemState, evidence: Evidence): Cell => ({ next, evidence })
const fails = (code: number, evidence: Evidence): Cell => ({ fails: code, evidence })
const wrongState = (evidence: Evidence): Cell => fails(HRESULT.HCS_E_INVALID_STATE, evidence)
const stopped = (evidence: Evidence): Cell => fails(HRESULT.HCS_E_SYSTEM_ALREADY_STOPPED, evidence)
const exists = (evidence: Evidence): Cell => fails(HRESULT.HCS_E_SYSTEM_ALREADY_EXISTS, evidence)
const unknown = (evidence: Evidence): Cell => fails(HRESULT.HCS_E_SYSTEM_NOT_FOUND, evidence)

/** Columns; 'none' is an id that no system has. It says nothing of operations that need a handle. */
export type Column = SystemState | 'none'
type Row = Readonly<Record<SystemState, Cell>> & { readonly none?: Cell }

function row(created: Cell, running: Cell, paused: Cell, template: Cell, gone: Cell, none?: Cell): Row {
  return {
    ...(none === undefined ? {} : { none }),
    Created: created,
    Running: running,
    Paused: paused,
    SavedAsTemplate: template,
    Stopped: gone,
  }
}

const A = wrongState('A')

export const STATE_TABLE: Readonly<Record<TableOp, Row>> = {
  create: row(exists('D'), exists('D'), exists('A'), exists('A'), to('Created', 'A'), to('Created', 'D')),
  open: row(ok('S'), ok('S'), ok('A'), ok('A'), unknown('A'), unknown('D')),
  start: row(to('Running', 'S'), A, A, A, stopped('R')),
  // Without a channel to the guest it fails all the same: ERROR_NOT_SUPPORTED, R.
  shutdown: row(A, ok('D'), A, A, stopped('D')),
  terminate: row(to('Stopped', 'S'), to('Stopped', 'D'), to('Stopped', 'S'), to('Stopped', 'A'), stopped('D')),
  pause: row(A, to('Paused', 'R'), A, A, stopped('A')),
  resume: row(A, A, to('Running', 'R'), A, stopped('A')),
  'save to file': row(A, wrongState('D'), ok('R'), A, stopped('A')),
  'save as template': row(A, wrongState('D'), to('SavedAsTemplate', 'D'), A, stopped('A')),
  modify: row(A, ok('S'), A, A, stopped('S')),
  properties: row(ok('R'), ok('S'), ok('R'), ok('A'), ok('R')),
  crash: row(A, to('Stopped', 'D'), A, A, stopped('A')),
  migrate: row(A, ok('S'), A, A, stopped('A')),
}

/** Goes ahead, or refuses as the table says. @throws {HcsFailure} */
export function checkState(op: TableOp, state: Column): void {
  const code = STATE_TABLE[op][state]?.fails
  if (code !== undefined) throw new HcsFailure(code)
}
