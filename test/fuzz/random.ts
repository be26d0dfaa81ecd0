// Randomness that repeats with its seed, and arbitrary JSON made of it.

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ x < 1. Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** An integer from 0 up to, and without, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  u32(): number {
    return this.below(0x1_0000_0000)
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  /** The text of an arbitrary JSON value. */
  json(depth = 4): string {
    const scalars = [
      () => 'null',
      () => 'true',
      () => String(this.below(1000) - 500),
      () => `${this.next() < 0.5 ? '-' : ''}${'123456789'.repeat(1 + this.below(6))}`,
      () => '1.5e300',
      () => '"\\u0000\\ud800 ü 😀"',
      () => JSON.stringify('x'.repeat(this.below(200))),
    ]
    if (depth === 0 || this.next() < 0.5) return this.pick(scalars)()
    const items = Array.from({ length: this.below(4) }, () => this.json(depth - 1))
    if (this.next() < 0.5) return `[${items.join(',')}]`
    return `{${items.map((item) => `"${this.pick(KEYS)}":${item}`).join(',')}}`
  }
}

const KEYS = ['a', '__proto__', 'constructor', 'toString', 'length', '', 'hasOwnProperty', 'then', 'ü'] as const
