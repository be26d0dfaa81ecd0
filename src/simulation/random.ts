// Chance in the order in which it is asked for: one seed, one sequence.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number
  /** True in `probability` (0..1) of all cases. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** Splitmix32: every seed, however close to another, has a sequence of its own. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x9e37_79b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    next,
    below,
    // Nothing is drawn for what never or always happens, so that other choices stay as they were.
    chance: (probability) => probability >= 1 || (probability > 0 && next() < probability),
    pick: (from) => {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[below(from.length)]!
    },
  }
}
