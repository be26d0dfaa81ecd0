// How many calls a second a mailbox carries, and how long one takes, beside a bare MessagePort and plain Comlink.
//
// Samples of the contenders alternate, each round in another order, so that whatever the machine does meanwhile hits all alike.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { openContenders, type Contender } from './mailbox/contenders.js'
import { summarise, type Ratio, type Result } from './report.js'

export interface BenchOptions {
  /** Samples of each contender that count. */
  samples: number
  /** Calls of one sample. */
  calls: number
}

const OUTSTANDING = [1, 64, 512] as const
const WARMUP = 2
const MICROSECONDS_PER_MS = 1000

let worker: Worker | undefined
let contenders: Contender[] = []

export async function before(): Promise<void> {
  worker = new Worker(new URL('./mailbox/peer.js', import.meta.url))
  await once(worker, 'online')
  contenders = openContenders(worker)
}

export async function after(): Promise<void> {
  await Promise.all(contenders.map((contender) => contender.close()))
  await worker?.terminate()
}

/** Makes `calls` calls, always `outstanding` of them on their way. Returns calls a second. */
async function rate({ call }: Contender, calls: number, outstanding: number): Promise<number> {
  let left = calls
  const caller = async (): Promise<void> => {
    while (left > 0) await call({ sequence: left--, path: 'VirtualMachine/Devices/Scsi' })
  }
  const startMs = performance.now()
  await Promise.all(Array.from({ length: outstanding }, caller))
  return (calls / (performance.now() - startMs)) * 1000
}

/** One call after the other. Returns the time of each, microseconds. */
async function roundTrips({ call }: Contender, calls: number): Promise<number[]> {
  const times: number[] = []
  for (let sequence = 0; sequence < calls; sequence++) {
    const startMs = performance.now()
    await call({ sequence, path: 'VirtualMachine/Devices/Scsi' })
    times.push((performance.now() - startMs) * MICROSECONDS_PER_MS)
  }
  return times
}

/** Runs `sample` for every contender in turns; the first rounds do not count. */
async function alternate(
  rounds: number,
  sample: (contender: Contender) => Promise<number[]>,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < WARMUP + rounds; round++) {
    const first = round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const taken = await sample(contender)
      if (round >= WARMUP) samples.get(contender.name)?.push(...taken)
    }
  }
  return samples
}

export async function run(options: BenchOptions): Promise<{ results: Result[]; ratios: Ratio[] }> {
  const results: Result[] = []
  const ratios: Ratio[] = []
  const record = (name: string, unit: string, params: Result['params'], samples: Map<string, number[]>): void => {
    for (const [implementation, taken] of samples) {
      results.push(summarise({ name, unit, params: { implementation, ...params }, warmup: WARMUP, errors: 0 }, taken))
    }
    const mean = (implementation: string): number =>
      results.find((one) => one.name === name && matches(one.params, { implementation, ...params }))?.mean ?? NaN
    for (const to of ['bare', 'comlink']) {
      ratios.push({ name, params, of: 'ours', to, ratio: mean('ours') / mean(to) })
    }
  }
  for (const outstanding of OUTSTANDING) {
    // A round trip at a time is much slower: fewer calls take as long.
    const calls = outstanding === 1 ? Math.ceil(options.calls / 10) : options.calls
    const samples = await alternate(options.samples, async (contender) => [await rate(contender, calls, outstanding)])
    record('mailbox_calls', 'calls/s', { outstanding }, samples)
  }
  const calls = Math.ceil(options.calls / 20)
  record('mailbox_roundtrip', 'us', {}, await alternate(options.samples, (contender) => roundTrips(contender, calls)))
  return { results, ratios }
}

function matches(left: Result['params'], right: Result['params']): boolean {
  return Object.entries(right).every(([key, value]) => left[key] === value)
}
