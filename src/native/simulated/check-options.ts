// The options of a simulated service, checked before anything is started: they cross to another thread, and a rule that is misspelt must
// not look like one that never matches.

import { InvalidConfigError } from '../../errors.js'
import { BOOLEAN, COUNT, group, INTEGER, listOf, MILLISECONDS, oneOf, row, TEXT } from '../../options/rows.js'
import { checkOptions, optionTable, type Row, type Rows } from '../../options/table.js'
import { isRecord } from '../../protocol/json.js'
import { ExitType } from '../../protocol/schema/index.js'
import type { FaultRule, HcsOp, ServiceOptions, SimulatedConnectOptions } from './options.js'

const OPS: readonly HcsOp[] = [
  'create',
  'open',
  'start',
  'shutdown',
  'terminate',
  'pause',
  'resume',
  'save',
  'modify',
  'properties',
  'migrate',
  'close',
]

const OP = oneOf(...OPS)
const TRUE = row('true, or nothing', (value) => value === true)

const isMs = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

const LATENCY = row('milliseconds, or [min, max] of them', (value) => {
  const range: unknown[] = Array.isArray(value) ? value : [value, value]
  return range.length === 2 && range.every(isMs) && Number(range[0]) <= Number(range[1])
})

const LATENCIES = optionTable<NonNullable<ServiceOptions['latency']>>(
  'latency',
  Object.fromEntries(OPS.map((op) => [op, LATENCY])) as Record<HcsOp, Row>,
)

const FAULT_RULE = optionTable<FaultRule>('rule', {
  op: OP,
  id: TEXT,
  path: TEXT,
  nth: COUNT,
  probability: row('0..1', (value) => isMs(value) && value <= 1),
  fail: row('an HRESULT that is a failure', isFailure),
  never: TRUE,
  delayMs: row('milliseconds of 0 or more', isMs),
  afterExit: TRUE,
  crash: TRUE,
  exit: oneOf(...ExitType),
  disconnect: TRUE,
  guest: oneOf('disconnect'),
})

/** What a simulated service takes, by itself or as part of a Host's options. */
export const SIMULATED_ROWS: Rows<ServiceOptions> = {
  guest: oneOf('builtin', 'none'),
  seed: INTEGER,
  strictDocuments: BOOLEAN,
  processors: COUNT,
  memoryMB: COUNT,
  endpoints: row('an array of endpoint ids', (value) => Array.isArray(value) && value.every((id) => TEXT.allows(id))),
  latency: group(LATENCIES),
  faults: listOf(FAULT_RULE),
}

/** SimulatedService.open. */
export const SIMULATED_OPTIONS = optionTable<ServiceOptions>('simulated', SIMULATED_ROWS)

/** The paths of its errors begin with `simulated`, as those of Host.open do. */
const SERVICE_OPTIONS = optionTable<{ simulated: ServiceOptions }>('options', {
  simulated: group(SIMULATED_OPTIONS),
})

/** Signed or unsigned, the top bit set. */
function isFailure(value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value < 0 ? value >= -0x8000_0000 : value >= 0x8000_0000 && value <= 0xffff_ffff
}

/** @throws {InvalidConfigError} naming the option */
export function checkSimulatedOptions(options: ServiceOptions): void {
  const op = 'simulated.open'
  checkOptions({ op }, { simulated: options }, SERVICE_OPTIONS)
  checkFaultPaths(op, options)
}

/** What a rule must have, and may have only with another member. @throws {InvalidConfigError} */
export function checkFaultPaths(op: string, { faults = [] }: ServiceOptions): void {
  faults.forEach((rule, index) => {
    const path = `simulated.faults[${index}]`
    if ((rule.op as unknown) === undefined) {
      throw new InvalidConfigError({ op, path: `${path}.op`, value: undefined, reason: OP.expected })
    }
    if (rule.path !== undefined && rule.op !== 'modify') {
      const reason = "only the operation 'modify' has a path"
      throw new InvalidConfigError({ op, path: `${path}.path`, value: rule.path, reason })
    }
  })
}

type StartOptions = Exclude<NonNullable<SimulatedConnectOptions['start']>, boolean>

/** SimulatedService.connect. */
export const CONNECT_OPTIONS = optionTable<SimulatedConnectOptions>('options', {
  directory: TEXT,
  start: {
    expected: 'expected a boolean, or an object of options',
    allows: (value) => typeof value === 'boolean' || isRecord(value),
    members: optionTable<StartOptions>('start', {
      ...SIMULATED_ROWS,
      graceMs: row('milliseconds of 0 or more, or Infinity', (value) => typeof value === 'number' && value >= 0),
    }),
  },
  timeoutMs: MILLISECONDS,
  signal: row('an AbortSignal', (value) => value instanceof AbortSignal),
})

/** @throws {InvalidConfigError} naming the option */
export function checkConnectOptions(op: string, options: SimulatedConnectOptions): void {
  checkOptions({ op }, options, CONNECT_OPTIONS)
  if (typeof options.start === 'object') checkFaultPaths(op, options.start)
}
