// What a simulation can be asked for, checked before anything is made.

import { InvalidConfigError } from '../errors.js'
import { checkHostOptions, type HostSettings } from '../actors/check-host-options.js'
import type { HostOptions } from '../actors/host-options.js'
import { checkSimulatedOptions } from '../native/simulated/check-options.js'
import type { ServiceOptions } from '../native/simulated/options.js'
import { group, MILLISECONDS, row } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'

/** How reliably things arrive. Probabilities are 0..1; by default nothing is lost. */
export interface SimulationWeather {
  /** Messages between threads and bytes of guests arrive up to so much later, virtual milliseconds; default 2. */
  delayMs: number
  /** Answers of the compute service that never come. */
  lostAnswers: number
  /** Answers and events of the compute service that come late, by up to `lateMs`. */
  lateAnswers: number
  /** Virtual milliseconds, default 500. */
  lateMs: number
  /** Events of the compute service that come twice. */
  repeatedEvents: number
  /** Attempts of guests to connect that are refused. */
  refusedDials: number
}

export interface SimulationOptions {
  /** A whole number; the same seed and the same calls give the same run. Default 1. */
  seed?: number
  /** Options of the Host; `threads` are virtual, default 2, and `journal` is a name: it outlives the program (`restart`). */
  host?: Pick<HostOptions, 'threads' | 'isolation' | 'limits' | 'closeTimeoutMs' | 'journal'>
  /** Options of the simulated compute service; its seed is the simulation's unless given. */
  simulated?: ServiceOptions
  weather?: Partial<SimulationWeather>
  /** Milliseconds since 1970 when virtual time begins; default 1,700,000,000,000. */
  startedMs?: number
  /** Told of everything that happens, one line each: a long text. */
  onTrace?: (line: string) => void
}

export interface RunOptions {
  /** Virtual milliseconds that the work may take, default 3,600,000 (an hour); Infinity for no limit. */
  limitMs?: number
}

/** What a simulation is made from. */
export interface SimulationSettings {
  seed: number
  settings: HostSettings
  service: ServiceOptions
  weather: SimulationWeather
  startedMs: number
  onTrace: ((line: string) => void) | undefined
}

const OP = 'Simulation.open'

const PROBABILITY = row('a probability from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1)

const WEATHER = optionTable<SimulationWeather>('weather', {
  delayMs: MILLISECONDS,
  lostAnswers: PROBABILITY,
  lateAnswers: PROBABILITY,
  lateMs: MILLISECONDS,
  repeatedEvents: PROBABILITY,
  refusedDials: PROBABILITY,
})

const OBJECT = row('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value))

const SIMULATION_OPTIONS = optionTable<SimulationOptions>('options', {
  seed: row('a whole number', (value) => Number.isSafeInteger(value)),
  // Their own tables say the rest.
  host: OBJECT,
  simulated: OBJECT,
  weather: group(WEATHER),
  startedMs: row('a time in milliseconds since 1970', (value) => Number.isFinite(value)),
  onTrace: row('a function', (value) => typeof value === 'function'),
})

const RUN_OPTIONS = optionTable<RunOptions>('options', { limitMs: MILLISECONDS })

const CALM: SimulationWeather = {
  delayMs: 2,
  lostAnswers: 0,
  lateAnswers: 0,
  lateMs: 500,
  repeatedEvents: 0,
  refusedDials: 0,
}

const STARTED_MS = 1_700_000_000_000
const LIMIT_MS = 3_600_000
const HOST_OPTIONS_HERE = ['threads', 'isolation', 'limits', 'closeTimeoutMs', 'journal']

/** @throws {InvalidConfigError} naming the option */
export function checkSimulationOptions(options: SimulationOptions = {}): SimulationSettings {
  checkOptions({ op: OP }, options, SIMULATION_OPTIONS)
  const { seed = 1, host = {}, simulated = {}, weather = {}, startedMs = STARTED_MS, onTrace } = options
  const foreign = Object.keys(host).find((key) => !HOST_OPTIONS_HERE.includes(key))
  if (foreign !== undefined) {
    const reason = `a simulation brings its own; its Host takes ${HOST_OPTIONS_HERE.join(', ')}`
    throw new InvalidConfigError({ op: OP, path: `host.${foreign}`, reason })
  }
  checkSimulatedOptions(simulated)
  return {
    seed,
    settings: checkHostOptions({ threads: 2, ...host, provider: 'simulated', transport: 'unix' }),
    service: { seed, ...simulated },
    weather: { ...CALM, ...defined(weather) },
    startedMs,
    onTrace,
  }
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** @throws {InvalidConfigError} */
export function limitOf(options: RunOptions | undefined): number {
  checkOptions({ op: 'simulation.run' }, options, RUN_OPTIONS)
  return options?.limitMs ?? LIMIT_MS
}
