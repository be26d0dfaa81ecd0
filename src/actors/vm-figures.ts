// What the compute service says of each VM, for Host.stats: asked of all at once, and waited for no longer than of threads. A VM that does
// not answer has one question under way, however often its figures are wanted.

import { parseJson } from '../protocol/json.js'
import type { MemoryStats, ProcessorStats, Properties, Statistics, StorageStats } from '../protocol/schema/index.js'
import type { HostGuests } from './host-guests.js'
import type { HostParts } from './host-parts.js'
import type { HostVms, VmEntry } from './host-vms.js'
import type { VmStats } from './host-options.js'
import type { UtilityVM } from './vm/proxy.js'

/** How long figures are waited for, milliseconds, counted from the call and for all VMs together. */
const FIGURES_MS = 1_000

const OP = 'host.stats'
const QUERY = JSON.stringify({ PropertyTypes: ['Statistics', 'Memory'] })
const PAGE_BYTES = 4096
const MS_100NS = 10_000

type Told = Pick<VmStats, 'state' | 'cpuMs' | 'memory' | 'storage' | 'asOf'>

interface Question {
  readonly sinceMs: number
  readonly answered: Promise<void>
}

export class VmFigures {
  readonly #parts: HostParts
  readonly #vms: HostVms
  readonly #guests: HostGuests
  readonly #questions = new WeakMap<UtilityVM, Question>()
  readonly #told = new WeakMap<UtilityVM, Told>()

  constructor(parts: HostParts, vms: HostVms, guests: HostGuests) {
    this.#parts = parts
    this.#vms = vms
    this.#guests = guests
  }

  /** One for each VM, in the order in which this Host got them; of several handles the first that lives is asked. */
  async read(): Promise<VmStats[]> {
    const { clock } = this.#parts.environment
    const byVm = new Map<string, VmEntry[]>()
    for (const vm of this.#vms.handles) {
      const entry = this.#vms.get(vm)!
      byVm.set(vm.runtimeId, [...(byVm.get(vm.runtimeId) ?? []), entry])
    }
    // Counted first: the questions are calls too.
    const local = [...byVm.values()].map((entries) => this.#local(entries))
    let over = (): void => undefined
    const late = new Promise<void>((resolve) => (over = resolve))
    const timer = clock.after(FIGURES_MS, over)
    try {
      const all = await Promise.all([...byVm.values()].map((entries) => this.#ask(entries, late)))
      return all.map((told, at) => ({ ...local[at]!, ...told }))
    } finally {
      timer.clear()
    }
  }

  #local(entries: readonly VmEntry[]): VmStats {
    const { id, runtimeId, guestOS } = entries[0]!.vm
    const { calls, processes, stdinBytes, outputBytes } = this.#guests.figures(runtimeId)
    const asked = entries.reduce((sum, { mailbox }) => sum + mailbox.outstanding, calls)
    const own = entries.filter(({ vm }) => this.#questions.has(vm)).length
    return { id, runtimeId, guestOS, calls: asked - own, processes, stdinBytes, outputBytes }
  }

  async #ask(entries: readonly VmEntry[], late: Promise<void>): Promise<Partial<VmStats>> {
    const entry = entries.find(({ exit }) => exit === undefined)
    if (entry === undefined) return { state: 'Exited' }
    const { vm } = entry
    const question = this.#questions.get(vm) ?? this.#question(entry)
    await Promise.race([question.answered, late])
    const { clock } = this.#parts.environment
    const isSilent = this.#questions.get(vm) === question
    const since = isSilent ? { silentSince: new Date(clock.wallTime() - (clock.now() - question.sinceMs)) } : {}
    return { ...this.#told.get(vm), ...since }
  }

  #question({ vm, mailbox }: VmEntry): Question {
    const { clock } = this.#parts.environment
    const asked = mailbox.call('properties', { query: QUERY, op: OP }, { op: OP, id: vm.id })
    const answered = asked
      .then((text) => void this.#told.set(vm, { ...figuresOf(text), asOf: new Date(clock.wallTime()) }))
      // One that cannot say, or is gone, has no figures: they are what is known, not what was asked for.
      .catch(() => void this.#told.delete(vm))
      .finally(() => void this.#questions.delete(vm))
    const question = { sinceMs: clock.now(), answered }
    this.#questions.set(vm, question)
    return question
  }
}

function figuresOf(text: string): Told {
  const { State, Statistics, Memory } = parseJson(text) as Properties
  const { Processor, Storage } = (Statistics ?? {}) as Partial<Statistics>
  const cpu100ns = numberOf((Processor as ProcessorStats | undefined)?.TotalRuntime100ns)
  const memory = memoryOf(Statistics?.Memory, numberOf(Memory?.VirtualMachineMemory?.AssignedMemory))
  return {
    // The service leaves it out of a system that was never started.
    state: typeof State === 'string' ? State : 'Created',
    ...(cpu100ns === undefined ? {} : { cpuMs: cpu100ns / MS_100NS }),
    ...(memory === undefined ? {} : { memory }),
    ...(Storage === undefined ? {} : { storage: storageOf(Storage) }),
  }
}

function memoryOf(told: MemoryStats | undefined, pages: number | undefined): VmStats['memory'] {
  const committed = numberOf(told?.MemoryUsageCommitBytes)
  const resident = numberOf(told?.MemoryUsagePrivateWorkingSetBytes)
  const memory = {
    ...(pages === undefined ? {} : { assignedBytes: pages * PAGE_BYTES }),
    ...(committed === undefined ? {} : { committedBytes: committed }),
    ...(resident === undefined ? {} : { residentBytes: resident }),
  }
  return Object.keys(memory).length === 0 ? undefined : memory
}

function storageOf(told: StorageStats): NonNullable<VmStats['storage']> {
  return {
    reads: numberOf(told.ReadCountNormalized) ?? 0,
    readBytes: numberOf(told.ReadSizeBytes) ?? 0,
    writes: numberOf(told.WriteCountNormalized) ?? 0,
    writtenBytes: numberOf(told.WriteSizeBytes) ?? 0,
  }
}

/** What a provider of anybody's own says may be anything. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
