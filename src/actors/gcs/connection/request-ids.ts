// The ids of a connection's requests: from 0 upwards, each used once. A restored connection jumps over those of its predecessor, and
// takes up the ones whose answers are still to come.

export class RequestIds {
  #next = 0n
  /** Jumped over: [from, to). */
  readonly #skipped: { from: bigint; to: bigint }[] = []
  readonly #adopted = new Set<bigint>()

  /** The id that the next request will have. */
  get next(): bigint {
    return this.#next
  }

  take(): bigint {
    return this.#next++
  }

  /** Raises the next id; never lowers it. */
  seed(next: bigint): void {
    if (next <= this.#next) return
    this.#skipped.push({ from: this.#next, to: next })
    this.#next = next
  }

  /** Takes up an id that an earlier owner has used. */
  adopt(id: bigint): void {
    this.seed(id + 1n)
    this.#adopted.add(id)
  }

  /** Whether this connection has used the id, or taken it up. */
  wasUsed(id: bigint): boolean {
    if (id >= this.#next) return false
    return this.#adopted.has(id) || !this.#skipped.some(({ from, to }) => id >= from && id < to)
  }
}
