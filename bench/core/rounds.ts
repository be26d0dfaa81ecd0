// Takes the samples of a question: the contenders alternate, each round begins with another, and the first round does not count.

import { isOurs, type Contender, type Question, type Sample } from './suite.js'
import { figuresOf, pairedRatios } from './statistics.js'
import type { Ratio, Result } from './report.js'

export interface RoundsOptions {
  rounds: number
  /** Rounds thrown away before the first that counts. */
  warmup: number
  order?: 'turns' | 'fixed' | undefined
  /** Asked before each round that could be left out; the first that counts never is. */
  isLate?: () => boolean
}

/** The samples of each contender, one a round. */
export async function takeSamples(
  contenders: readonly Contender[],
  { rounds, warmup, order = 'turns', isLate = () => false }: RoundsOptions,
): Promise<Map<string, Sample[]>> {
  const taken = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < warmup + rounds; round++) {
    if (round > warmup && isLate()) break
    const first = order === 'fixed' ? 0 : round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const sample = await contender.sample()
      if (round >= warmup) taken.get(contender.name)?.push(sample)
    }
  }
  return taken
}

/** The figures of each contender and the ratios of ours to each alternative, metric by metric. */
export function evaluate(
  suite: string,
  { name, params, metrics }: Question,
  taken: ReadonlyMap<string, readonly Sample[]>,
): { results: Result[]; ratios: Ratio[] } {
  const results: Result[] = []
  const ratios: Ratio[] = []
  for (const [metric, { unit, better }] of Object.entries(metrics)) {
    const head = { suite, name, metric, unit, better, params }
    const values = new Map<string, number[]>()
    for (const [contender, samples] of taken) {
      const own = samples.flatMap((sample) => sample[metric] ?? [])
      if (own.length === 0) continue
      values.set(contender, own)
      results.push({ ...head, contender, ...figuresOf(own) })
    }
    for (const [of, ours] of values) {
      if (!isOurs(of)) continue
      for (const [to, theirs] of values) {
        if (to !== of && !isOurs(to)) ratios.push({ ...head, of, to, ...figuresOf(pairedRatios(ours, theirs)) })
      }
    }
  }
  return { results, ratios }
}
