// The state table of a compute system as data: what each operation does in each state, and on what evidence.
//
// D: documented. S: visible in shipping clients. R: observed on a real host and published. A: assumed; a run against Windows must accept
// any failure there.

import { HRESULT } from '../../protocol/hresult.js'

export type SystemState = 'Created' | 'Running' | 'Paused' | 'SavedAsTemplate' | 'Stopped'
export type Evidence = 'D' | 'S' | 'R' | 'A'
export type StatefulOp =
  'start' | 'shutdown' | 'terminate' | 'pause' | 'resume' | 'save' | 'modify' | 'properties' | 'crash' | 'migrate'

/** `fails`: the HRESULT; absent when the operation goes ahead. */
export interface Cell {
  readonly fails?: number
  readonly evidence: Evidence
}

const ok = (evidence: Evidence): Cell => ({ evidence })
const wrongState = (evidence: Evidence): Cell => ({ fails: HRESULT.HCS_E_INVALID_STATE, evidence })
const stopped = (evidence: Evidence): Cell => ({ fails: HRESULT.HCS_E_SYSTEM_ALREADY_STOPPED, evidence })

type Row = Readonly<Record<SystemState, Cell>>

const row = (created: Cell, running: Cell, paused: Cell, template: Cell, gone: Cell): Row => ({
  Created: created,
  Running: running,
  Paused: paused,
  SavedAsTemplate: template,
  Stopped: gone,
})

const A = wrongState('A')

export const STATE_TABLE: Readonly<Record<StatefulOp, Row>> = {
  start: row(ok('S'), A, A, A, stopped('R')),
  shutdown: row(A, ok('D'), A, A, stopped('D')),
  terminate: row(ok('S'), ok('D'), ok('S'), ok('A'), stopped('D')),
  pause: row(A, ok('R'), A, A, stopped('A')),
  resume: row(A, A, ok('R'), A, stopped('A')),
  save: row(A, wrongState('D'), ok('R'), A, stopped('A')),
  modify: row(A, ok('S'), A, A, stopped('S')),
  properties: row(ok('R'), ok('S'), ok('R'), ok('A'), ok('R')),
  crash: row(A, ok('D'), A, A, stopped('A')),
  migrate: row(A, ok('S'), A, A, stopped('A')),
}
