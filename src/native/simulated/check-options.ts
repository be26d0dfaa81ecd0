// The options of a simulated service, checked before anything is started.

import { InvalidConfigError } from '../../errors.js'
import type { HcsOp, SimulatedOptions } from './options.js'

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

/** @throws {InvalidConfigError} naming the option */
export function checkSimulatedOptions(options: SimulatedOptions): void {
  const refuse = (path: string, value: unknown, reason: string): never => {
    throw new InvalidConfigError({ op: 'simulated.open', path: `simulated.${path}`, value, reason })
  }
  if (options.guest !== undefined && options.guest !== 'builtin' && options.guest !== 'none') {
    refuse('guest', options.guest, "expected 'builtin' or 'none'")
  }
  if (options.seed !== undefined && !Number.isSafeInteger(options.seed))
    refuse('seed', options.seed, 'expected an integer')
  for (const name of ['processors', 'memoryMB'] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      refuse(name, value, 'expected an integer above 0')
  }
  if (options.endpoints !== undefined && !Array.isArray(options.endpoints)) {
    refuse('endpoints', options.endpoints, 'expected an array')
  }
  for (const [op, latency] of Object.entries(options.latency ?? {})) {
    if (!OPS.includes(op as HcsOp)) refuse(`latency.${op}`, latency, 'no such operation')
    const [low, high] = Array.isArray(latency) ? latency : [latency, latency]
    if (!(low >= 0 && high >= low && Number.isFinite(high)))
      refuse(`latency.${op}`, latency, 'expected ms, or a range of ms')
  }
  options.faults?.forEach((rule, index) => {
    const path = `faults[${index}]`
    if (!OPS.includes(rule.op)) refuse(`${path}.op`, rule.op, 'no such operation')
    const { probability, nth, delayMs } = rule
    if (probability !== undefined && !(probability >= 0 && probability <= 1)) {
      refuse(`${path}.probability`, probability, 'expected 0..1')
    }
    if (nth !== undefined && !(Number.isInteger(nth) && nth >= 1)) refuse(`${path}.nth`, nth, 'expected 1 or more')
    if (delayMs !== undefined && !(delayMs >= 0 && Number.isFinite(delayMs))) {
      refuse(`${path}.delayMs`, delayMs, 'expected ms of 0 or more')
    }
  })
}
