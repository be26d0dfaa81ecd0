// A provider module for a Host's own threads that misbehaves when it is told to. What it is told travels in the calls' own documents, and
// what it did is counted in shared memory.

import { threadId } from 'node:worker_threads'
import type { HcsEvent, HcsProvider, HcsSystem } from '#dist/index.js'

/** Positions in the shared counters. */
export const COUNT = { loads: 0, closes: 1, calls: 2, mostAtOnce: 3 } as const

export interface UnrulyOptions {
  /** Four Int32, as COUNT says. */
  counters?: SharedArrayBuffer
  /** What the factory throws, or makes instead of a provider. */
  make?: 'throw' | 'reject' | 'nothing' | 'number'
  /** `close` of the provider never ends. */
  hangAtClose?: boolean
  /** Loads from this one on, counted from 1, end their thread, as many as it says. */
  diesAtLoads?: readonly [first: number, count: number]
  /** Of every system, one after the other; each has its own unless given. */
  runtimeId?: string
}

const never = new Promise<string>(() => undefined)

/** Runtime ids only need to be different. */
let systems = 0

function runtimeId(): string {
  const digits = (threadId * 100_000 + ++systems).toString(16).padStart(12, '0')
  return `00000000-0000-4000-8000-${digits}`
}

export default function unrulyProvider(given: unknown): HcsProvider | Promise<HcsProvider> {
  const options = (given ?? {}) as UnrulyOptions
  if (options.make === 'throw') throw new Error('the factory throws')
  if (options.make === 'reject') return Promise.reject(new Error('the factory rejects'))
  if (options.make === 'nothing') return undefined as unknown as HcsProvider
  if (options.make === 'number') return 5 as unknown as HcsProvider
  const counters = new Int32Array(options.counters ?? new SharedArrayBuffer(16))
  const load = Atomics.add(counters, COUNT.loads, 1) + 1
  const [first, count] = options.diesAtLoads ?? [0, 0]
  if (load >= first && load < first + count) process.exit(3)

  /** Does what the document says: ends the thread, never answers, or answers after two turns. */
  const obey = async (document: string): Promise<string> => {
    const now = Atomics.add(counters, COUNT.calls, 1) + 1
    if (now > Atomics.load(counters, COUNT.mostAtOnce)) Atomics.store(counters, COUNT.mostAtOnce, now)
    try {
      if (document.includes('exit')) process.exit(3)
      if (document.includes('hang')) return await never
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
      return ''
    } finally {
      Atomics.sub(counters, COUNT.calls, 1)
    }
  }

  const open = (onEvent: (event: HcsEvent) => void): HcsSystem => {
    const properties = JSON.stringify({
      Id: 'x',
      SystemType: 'VirtualMachine',
      RuntimeId: options.runtimeId ?? runtimeId(),
    })
    return {
      token: 'unruly',
      start: () => obey(''),
      shutdown: () => obey(''),
      terminate: () => obey(''),
      pause: () => obey(''),
      resume: () => obey(''),
      save: (document) => obey(document),
      modify: (document) => {
        const flood = /flood (\d+)/.exec(document)
        for (let n = 0; n < Number(flood?.[1] ?? 0); n++) onEvent({ type: 3, data: JSON.stringify({ n }) })
        return obey(document)
      },
      properties: async () => properties,
      migrate: () => obey(''),
      close: () => Promise.resolve(),
    }
  }

  return {
    createSystem: async (_id, document, onEvent: (event: HcsEvent) => void) => {
      if (document.includes('gone')) onEvent({ type: 1, data: '{"Status":0,"ExitType":"GracefulExit"}' })
      await obey(document)
      return document.includes('nothing') ? (undefined as unknown as HcsSystem) : open(onEvent)
    },
    openSystem: async (_id, onEvent) => open(onEvent),
    adoptSystem: () => Promise.reject(new Error('it died with its thread')),
    enumerate: async () => JSON.stringify([{ Id: `thread ${threadId}`, SystemType: 'VirtualMachine', RuntimeId: '' }]),
    serviceProperties: async () => '{}',
    modifyService: (settings) => obey(settings),
    close: () => {
      if (options.hangAtClose === true) return never.then(() => undefined)
      Atomics.add(counters, COUNT.closes, 1)
      return Promise.resolve()
    },
  }
}
