// What is open in the DLL, counted in memory that all threads see: it outlives whichever thread made it.
//
// It also keeps the end of the process safe. A native callback that fires after its JavaScript thread has ended aborts the process, so
// whoever ends the process looks here first, and no native call starts after it has looked.

const CELLS = ['handles', 'operations', 'documents', 'calls', 'ending'] as const
type Cell = (typeof CELLS)[number]

/** Open system handles, operation handles, documents not yet freed, calls that are inside the DLL. */
export type LedgerCounts = Record<Exclude<Cell, 'ending'>, number>

export class Ledger {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(memory = new SharedArrayBuffer(CELLS.length * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  add(cell: keyof LedgerCounts, amount: 1 | -1): void {
    Atomics.add(this.#cells, CELLS.indexOf(cell), amount)
  }

  #read(cell: Cell): number {
    return Atomics.load(this.#cells, CELLS.indexOf(cell))
  }

  counts(): LedgerCounts {
    return {
      handles: this.#read('handles'),
      operations: this.#read('operations'),
      documents: this.#read('documents'),
      calls: this.#read('calls'),
    }
  }

  get isEmpty(): boolean {
    return Object.values(this.counts()).every((count) => count === 0)
  }

  /** Enters the DLL; false when the process is about to end and nothing may enter any more. Each true needs one `leave`. */
  enter(): boolean {
    this.add('calls', 1)
    // Counted first, asked second: whoever sets the flag sees this call, or this call sees the flag.
    if (this.#read('ending') === 0) return true
    this.add('calls', -1)
    return false
  }

  leave(): void {
    this.add('calls', -1)
  }

  /** From here on nothing enters the DLL. True when nothing is open in it: then no callback will come. */
  end(): boolean {
    Atomics.store(this.#cells, CELLS.indexOf('ending'), 1)
    return this.isEmpty
  }
}
