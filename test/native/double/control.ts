// The test's side of the C double: what it shall do, and what it has seen. The functions are those of control.c.

import koffi from 'koffi'
import type { FaultRule, HcsOp } from '#dist/native/simulated/options.js'

/** Beyond the rules of the simulated service: what only a native library can do wrong. */
export interface DoubleFault extends Omit<FaultRule, 'op' | 'guest' | 'probability'> {
  op: HcsOp | 'enumerate' | 'crash'
  /** The starting call is not accepted, with this HRESULT. */
  refuse?: number
  /** The starting call is accepted with this HRESULT instead of 0. */
  accept?: number
  /** Milliseconds that the starting call, or a call that does not start anything, takes to return. */
  callMs?: number
  /** Complete before the starting call has returned. */
  inside?: true
  /** Call back twice. */
  twice?: true
  /** Keep the operation in flight until `release`. */
  hold?: true
  /** Text of the result document. */
  document?: string
  /** No result document. */
  noDocument?: true
}

export interface DoubleOptions {
  guest?: 'builtin' | 'none'
  processors?: number
  memoryMB?: number
  endpoints?: string[]
  latency?: Partial<Record<HcsOp, number | [min: number, max: number]>>
  faults?: DoubleFault[]
  /** Keep a record of all calls. */
  record?: boolean
  /** False: create, open and enumerate answer 0x8037011B. */
  rights?: boolean
  /** False: nothing answers but 0x80370114. */
  service?: boolean
}

export interface DoubleCounters {
  /** Open system handles, open operations, documents not freed. */
  handles: number
  operations: number
  documents: number
  /** Addresses given to LocalFree that were no living document; handles used that were not open. */
  badFrees: number
  badHandles: number
  callbacks: number
  calls: number
  /** Operations in flight that a `hold` fault keeps. */
  held: number
}

export interface RecordedCall {
  call: string
  id: string
  /** null is NULL. */
  argument?: string | null
}

export class DoubleControl {
  readonly #library: ReturnType<typeof koffi.load>
  readonly #functions = new Map<string, (...args: unknown[]) => unknown>()

  constructor(path: string) {
    this.#library = koffi.load(path)
  }

  #call(declaration: string, ...args: unknown[]): unknown {
    let native = this.#functions.get(declaration)
    if (native === undefined) this.#functions.set(declaration, (native = this.#library.func(declaration)))
    return native(...args)
  }

  configure(options: DoubleOptions): void {
    if (this.#call('bool DoubleConfigure(str16 options)', JSON.stringify(options)) !== true) {
      throw new Error('the double does not understand its options')
    }
  }

  /** Forgets the systems that nobody holds, and every count of mistakes. */
  reset(): void {
    this.#call('void DoubleReset()')
  }

  counters(): DoubleCounters {
    const cells = new BigInt64Array(8)
    this.#call('void DoubleCounters(int64_t *result)', cells)
    const names = [
      'handles',
      'operations',
      'documents',
      'badFrees',
      'badHandles',
      'callbacks',
      'calls',
      'held',
    ] as const
    return Object.fromEntries(names.map((name, index) => [name, Number(cells[index])])) as Record<
      (typeof names)[number],
      number
    >
  }

  calls(): RecordedCall[] {
    const address = this.#call('void *DoubleCalls()') as bigint
    const text = koffi.decode.string16(address)
    this.#call('void DoubleFree(void *memory)', address)
    return JSON.parse(text) as RecordedCall[]
  }

  /** Completes what is held, each operation on its own thread; returns how many there were. */
  release(): number {
    return Number(this.#call('int DoubleRelease()'))
  }

  /** Ends every VM that was started, all at one instant; returns how many there were. */
  exitAll(exitType: string): number {
    return Number(this.#call('int DoubleExitAll(str16 exitType)', exitType))
  }

  /** Sends an event to the handles of a system. */
  announce(id: string, type: number, data: string | null): void {
    if (this.#call('bool DoubleAnnounce(str16 id, uint32_t type, str16 data)', id, type, data) !== true) {
      throw new Error(`the double has no system ${id}`)
    }
  }

  /** Repeats the callbacks of the last registration and of the last operation. */
  callLate(): void {
    this.#call('void DoubleCallLate()')
  }

  /** Sizes and offsets by the C compiler. */
  layout(): number[] {
    const cells = new Uint32Array(32)
    const count = Number(this.#call('int DoubleLayout(uint32_t *result)', cells))
    return [...cells.slice(0, count)]
  }
}
