// The run: lives of VMs side by side on one Host, in real threads and over real sockets; faults by the seed, and now and then an actor
// thread that dies. Samples on the way, and at the end what is left when everything is closed.

import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { Host, type FaultRule } from '#dist/index.js'
import { live } from './lives.js'
import { openDescriptors, openOf, processCounts, Sampler, type Sample } from './sample.js'
import { Tally } from './tally.js'
import { judgeFlatness, leftOver, type Flatness, type Tolerance } from './verdict.js'

export interface SoakOptions {
  /** How long lives are begun; Infinity: until `lives` were. */
  minutes: number
  /** How many are begun at most. */
  lives: number
  seed: number
  /** Lives at once. */
  vms: number
  threads: number
  /** An actor thread dies after so many lives; 0: none does. */
  loseEvery: number
  sampleSeconds: number
  /** What comes before the line that is judged. */
  warmUpMinutes: number
  signal: AbortSignal
  print: (line: string) => void
}

export interface SoakRun {
  samples: Sample[]
  tally: Tally
  /** Of each series that is judged; absent: too short a run. */
  flatness: Record<string, Flatness | undefined>
  /** What the Host had when every VM was closed. */
  openInHost: Record<string, number>
  /** What the process had when the Host was closed, beyond what it had before. */
  openInProcess: Record<string, number>
  seconds: number
  lives: number
  isInterrupted: boolean
}

const PROVIDER = 0x8007_0000
const FAULTS: FaultRule[] = [
  { op: 'create', probability: 0.01, fail: PROVIDER | 0x5aa },
  { op: 'start', probability: 0.02, fail: 0x8000_4005 },
  { op: 'start', probability: 0.02, delayMs: 400 },
  { op: 'modify', probability: 0.03, fail: PROVIDER | 0x5aa },
  { op: 'modify', probability: 0.03, guest: 'disconnect' },
  { op: 'modify', probability: 0.03, delayMs: 200 },
  { op: 'properties', probability: 0.03, crash: true },
  { op: 'properties', probability: 0.03, exit: 'UnexpectedExit' },
  { op: 'properties', probability: 0.02, disconnect: true },
  { op: 'pause', probability: 0.03, fail: 0x8000_4005 },
  { op: 'terminate', probability: 0.02, delayMs: 300 },
]
const LATENCY = { create: [0, 5], start: [0, 20], modify: [0, 3], terminate: [0, 10] } as const

/** These depend on who lives just then; and whatever of them leaks is left at the end. */
const COUNTED: Tolerance = { fraction: 0.25, least: 16 }
/** What a series may grow by: by its share, or by little. */
const TOLERANCES: Record<string, { of: (sample: Sample) => number | undefined; tolerance: Tolerance }> = {
  'resident memory, MiB': { of: ({ residentMiB }) => residentMiB, tolerance: { fraction: 0.05, least: 16 } },
  'heap, MiB': { of: ({ heapMiB }) => heapMiB, tolerance: { fraction: 0.05, least: 2 } },
  descriptors: { of: ({ descriptors }) => descriptors, tolerance: COUNTED },
  threads: { of: ({ threads }) => threads, tolerance: { fraction: 0.05, least: 1 } },
  'active resources': { of: ({ resources }) => resources, tolerance: COUNTED },
  handles: { of: ({ handles }) => handles, tolerance: COUNTED },
  sockets: { of: ({ hostSockets }) => hostSockets, tolerance: COUNTED },
}

/** A call that has been under way for so long hangs: every one has a time of a third of it, or none and must not need it. */
const HANG_MS = 120_000
/** For what the system takes back a moment after it was closed. */
const SETTLE_MS = 30_000

/** The actor threads of a Host, so that they can be ended from outside. What else it starts comes before them. */
class ActorThreads {
  readonly #living = new Set<Worker>()
  readonly #note = (worker: Worker): void => {
    this.#living.add(worker)
    worker.once('exit', () => this.#living.delete(worker))
  }

  static async open(threads: number, open: () => Promise<Host>): Promise<{ host: Host; actors: ActorThreads }> {
    const started: Worker[] = []
    const note = (worker: Worker): void => void started.push(worker)
    process.on('worker', note)
    const host = await open()
    process.off('worker', note)
    const actors = new ActorThreads()
    for (const worker of started.slice(-threads)) actors.#note(worker)
    process.on('worker', actors.#note)
    return { host, actors }
  }

  /** Ends the oldest one. */
  async lose(): Promise<void> {
    const [oldest] = this.#living
    await oldest?.terminate()
  }

  end(): void {
    process.off('worker', this.#note)
  }
}

export async function soak(options: SoakOptions): Promise<SoakRun> {
  const { print } = options
  const tally = new Tally()
  // What a process opens once and keeps, such as the runtime's own threads, is there before anything is counted; a lost thread is part of it.
  await session({ ...options, lives: 4, loseEvery: 2, print: () => undefined }, new Tally(), [])
  await openReserve()
  const before = await settled(undefined)
  const samples: Sample[] = []
  const { openInHost, seconds, lives } = await session(options, tally, samples)
  const after = await settled(before)
  const flatness = Object.fromEntries(
    Object.entries(TOLERANCES).map(([name, { of, tolerance }]) => {
      const series = samples.flatMap((sample) => {
        const value = of(sample)
        return value === undefined ? [] : [{ seconds: sample.seconds, value }]
      })
      return [name, judgeFlatness(series, options.warmUpMinutes * 60, tolerance)]
    }),
  )
  print(`${lives} lives and ${tally.made} calls in ${Math.round(seconds)} s`)
  const isInterrupted = options.signal.aborted
  const openInProcess = leftOver(after, before)
  const { descriptors = 0 } = openInProcess
  if (descriptors > 0) {
    // Node.js leaves open what its module loader was about to read in a thread that was ended: at most one file for each.
    const code = openDescriptors().filter((path) => path === process.execPath || /\.([cm]?js|node|json)$/.test(path))
    tally.event('files of the module loader left open', code.length)
    if (descriptors <= code.length && code.length <= (tally.events['threads lost'] ?? 0))
      delete openInProcess['descriptors']
    else tally.wrong(`descriptors: ${openDescriptors().join(' ')}`)
  }
  return { samples, tally, flatness, openInHost, openInProcess, seconds, lives, isInterrupted }
}

/** With the first stream of an event loop libuv opens a descriptor that it keeps in reserve, for when there are no others: it is no leak. */
async function openReserve(): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

type Counts = Record<string, number>

async function session(
  options: SoakOptions,
  tally: Tally,
  samples: Sample[],
): Promise<{ openInHost: Counts; seconds: number; lives: number }> {
  const { threads, seed, signal } = options
  const socketDirectory = await mkdtemp(join(tmpdir(), 'soak-'))
  const sampler = new Sampler()
  try {
    const simulated = { seed, faults: FAULTS, latency: LATENCY as never }
    const { host, actors } = await ActorThreads.open(threads, () =>
      Host.open({ provider: 'simulated', transport: 'unix', threads, socketDirectory, simulated }),
    )
    watch(host, tally)
    let openInHost: Counts
    let lives = 0
    try {
      const stop = keepSampling(sampler, host, options, samples, () => lives, tally)
      await leadLives(
        options,
        sampler,
        () => ++lives,
        tally,
        actors,
        (number) => live({ host, tally, socketDirectory, signal }, seed, number),
      )
      await stop()
      openInHost = leftOver(openOf(await host.stats()))
    } finally {
      await host.close()
      actors.end()
    }
    const left = await readdir(socketDirectory)
    if (left.length > 0) openInHost['files of sockets'] = left.length
    if (left.length > 0) tally.wrong(`left in the directory of sockets: ${left.slice(0, 10).join(' ')}`)
    return { openInHost, seconds: sampler.seconds, lives }
  } finally {
    sampler.end()
    await rm(socketDirectory, { recursive: true })
  }
}

function watch(host: Host, tally: Tally): void {
  host.on('thread-lost', () => tally.event('threads lost'))
  host.on('actor-restarted', (kind) => tally.event(`${kind} actors restarted`))
  host.on('actor-given-up', (kind) => tally.event(`${kind} actors given up`))
  host.on('vm-exited', () => tally.event('exits told'))
  host.on('dropped', (what, count) => tally.event(`dropped: ${what}`, count))
  host.on('warning', (error) => tally.wrong(`a warning: ${error.message}`))
  host.on('thread-stuck', () => tally.event('threads stuck'))
  host.on('close-forced', (what) => tally.wrong(`the end was forced: ${what.join('; ')}`))
}

async function leadLives(
  { minutes, lives: most, vms, loseEvery, signal }: SoakOptions,
  sampler: Sampler,
  ended: () => number,
  tally: Tally,
  actors: ActorThreads,
  lead: (number: number) => Promise<void>,
): Promise<void> {
  let begun = 0
  const isOver = (): boolean => begun >= most || signal.aborted || sampler.seconds >= minutes * 60
  const place = async (): Promise<void> => {
    while (!isOver()) {
      const number = ++begun
      try {
        await lead(number)
      } catch (error) {
        tally.wrong(`life ${number}: ${String(error instanceof Error ? error.stack : error)}`)
      }
      if (ended() % loseEvery === 0) await actors.lose()
    }
  }
  await Promise.all(Array.from({ length: vms }, place))
}

/** Samples until told to stop, and once more then. */
function keepSampling(
  sampler: Sampler,
  host: Host,
  { sampleSeconds, print }: SoakOptions,
  samples: Sample[],
  lives: () => number,
  tally: Tally,
): () => Promise<void> {
  const hanging = new Set<string>()
  let wake: () => void = () => undefined
  let isOver = false
  const take = async (): Promise<void> => {
    const sample = await sampler.sample(host, lives())
    samples.push(sample)
    for (const what of tally.overdue(HANG_MS)) {
      if (!hanging.has(what)) tally.wrong(`${what}: without an answer for ${HANG_MS / 1000} s`)
      hanging.add(what)
    }
    const { seconds, residentMiB, heapMiB, descriptors, threads, vms, delayMs } = sample
    print(
      `${Math.round(seconds)} s: ${sample.lives} lives, ${vms} VMs, ${residentMiB.toFixed(0)} MiB resident, ${heapMiB.toFixed(1)} MiB heap, ` +
        `${descriptors ?? '?'} descriptors, ${threads ?? '?'} threads, event loop late by ${delayMs.p99.toFixed(0)} ms (p99), ` +
        `${tally.wrongCount} wrong`,
    )
  }
  const sampling = (async () => {
    while (!isOver) {
      await take()
      if (isOver) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, sampleSeconds * 1000)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  })()
  return async () => {
    isOver = true
    wake()
    await sampling
  }
}

/** Counts of the process, once they are no more than before, or stay more. */
async function settled(before: Counts | undefined): Promise<Counts> {
  const begunMs = performance.now()
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const counts: Counts = { ...processCounts() }
    if (before === undefined || Object.keys(leftOver(counts, before)).length === 0) return counts
    if (performance.now() - begunMs > SETTLE_MS) return counts
  }
}
