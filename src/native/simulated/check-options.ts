// The options of a simulated service, checked before anything is started: they cross to another thread, and a rule that is misspelt must
// not look like one that never matches.

import { InvalidConfigError } from '../../errors.js'
import { isRecord } from '../../protocol/json.js'
import { ExitType } from '../../protocol/schema/index.js'
import type { FaultRule, HcsOp, ServiceOptions } from './options.js'

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

interface Check {
  readonly allows: (value: unknown) => boolean
  readonly expected: string
}

const check = (expected: string, allows: Check['allows']): Check => ({ allows, expected })

const isMs = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const oneOf = (...words: readonly string[]): Check =>
  check(`expected one of ${words.join(', ')}`, (value) => words.some((word) => word === value))

const TEXT = check('expected a string that is not empty', isText)
const COUNT = check('expected an integer above 0', (value) => Number.isSafeInteger(value) && Number(value) > 0)
const TRUE = check('expected true, or nothing', (value) => value === true)
const OP = oneOf(...OPS)

const OPTIONS: Readonly<Record<keyof ServiceOptions, Check>> = {
  guest: oneOf('builtin', 'none'),
  seed: check('expected an integer', Number.isSafeInteger),
  strictDocuments: check('expected true or false', (value) => typeof value === 'boolean'),
  processors: COUNT,
  memoryMB: COUNT,
  endpoints: check('expected an array of endpoint ids', (value) => Array.isArray(value) && value.every(isText)),
  latency: check('expected an object', isRecord),
  faults: check('expected an array', Array.isArray),
}

const LATENCY = check('expected milliseconds, or [min, max] of them', (value) => {
  const range: unknown[] = Array.isArray(value) ? value : [value, value]
  return range.length === 2 && range.every(isMs) && Number(range[0]) <= Number(range[1])
})

const RULE: Readonly<Record<keyof FaultRule, Check>> = {
  op: OP,
  id: TEXT,
  path: TEXT,
  nth: COUNT,
  probability: check('expected 0..1', (value) => isMs(value) && value <= 1),
  fail: check('expected an HRESULT that is a failure', isFailure),
  never: TRUE,
  delayMs: check('expected milliseconds of 0 or more', isMs),
  afterExit: TRUE,
  crash: TRUE,
  exit: oneOf(...ExitType),
  disconnect: TRUE,
  guest: oneOf('disconnect'),
}

/** Signed or unsigned, the top bit set. */
function isFailure(value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value < 0 ? value >= -0x8000_0000 : value >= 0x8000_0000 && value <= 0xffff_ffff
}

/** @throws {InvalidConfigError} naming the option */
export function checkSimulatedOptions(options: ServiceOptions): void {
  checkMembers(options, OPTIONS, 'simulated')
  for (const [op, latency] of Object.entries(options.latency ?? {})) {
    const path = `simulated.latency.${op}`
    if (!OP.allows(op)) refuse(path, latency, 'no such operation')
    if (latency !== undefined) checkValue(latency, LATENCY, path)
  }
  options.faults?.forEach((rule: unknown, index) => {
    const path = `simulated.faults[${index}]`
    if (!isRecord(rule)) refuse(path, rule, 'expected an object')
    checkMembers(rule, RULE, path)
    checkValue(rule['op'], OP, `${path}.op`)
    if (rule['path'] !== undefined && rule['op'] !== 'modify') {
      refuse(`${path}.path`, rule['path'], "only the operation 'modify' has a path")
    }
  })
}

function checkMembers(value: object, checks: Readonly<Record<string, Check>>, path: string): void {
  for (const [name, given] of Object.entries(value) as [string, unknown][]) {
    if (given === undefined) continue
    const known = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (known === undefined) refuse(`${path}.${name}`, given, 'no such option')
    checkValue(given, known, `${path}.${name}`)
  }
}

function checkValue(value: unknown, { allows, expected }: Check, path: string): void {
  if (!allows(value)) refuse(path, value, expected)
}

function refuse(path: string, value: unknown, reason: string): never {
  throw new InvalidConfigError({ op: 'simulated.open', path, value, reason })
}
