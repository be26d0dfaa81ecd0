// A Host on virtual time, in one thread: its actors, their compute service and the guests are the real ones; threads, channels, sockets,
// time and chance are not. The same seed and the same calls give the same run, to the byte.

import { InvalidStateError } from '../errors.js'
import type { HostSettings } from '../actors/check-host-options.js'
import { Host } from '../actors/host.js'
import type { HostEnvironment } from '../actors/host-environment.js'
import type { ThreadTask } from '../actors/threads/contract.js'
import { ActorThreads } from '../actors/threads/threads.js'
import type { ThreadSystem } from '../actors/threads/actor-thread.js'
import type { Clock } from '../native/clock.js'
import type { FaultRule } from '../native/simulated/options.js'
import { drive } from './driver.js'
import { SimulatedJournals } from './journals.js'
import { SimulatedNetwork } from './network.js'
import {
  checkSimulationOptions,
  limitOf,
  type RunOptions,
  type SimulationOptions,
  type SimulationSettings,
  type SimulationWeather,
} from './options.js'
import { SimulatedPorts, simulatedPort } from './ports.js'
import { Scheduler, type VirtualThread } from './scheduler.js'
import { openProvider, PROVIDER_MODULE, ServiceThread } from './service.js'
import { SlotWatches } from './slot-watch.js'
import { WaitingCalls } from './waiting.js'
import { SimulatedWorker } from './worker.js'

const TRANSPORT_MODULE = 'simulation:transport'
const DIRECTORY = '/simulation'
const LAST_MS = 1000

/** What is open, of whatever thread. */
export interface SimulationResources {
  /** Ends of channels between threads. */
  ports: number
  /** Ends of connections of guests. */
  sockets: number
  listeners: number
  /** Timers of the program and of its actor threads, not of the guests. */
  timers: number
  /** Of `limits.operations` and `limits.boots`: those that are taken. */
  slots: number
}

/** A violation of what the library promises that no call can tell. */
export interface SimulationCrash {
  thread: string
  error: unknown
}

export class Simulation {
  /** How reliably things arrive; may be changed at any time. */
  readonly weather: SimulationWeather
  /** Faults of the compute service; rules may be added and removed at any time. */
  readonly faults: FaultRule[]
  /** Actor threads that died because something in them threw: a mistake of this library. */
  readonly crashes: SimulationCrash[] = []
  readonly #scheduler: Scheduler
  readonly #settings: HostSettings
  /** The main thread of the program. */
  #main: VirtualThread
  #programs = 1
  readonly #ports: SimulatedPorts
  readonly #network: SimulatedNetwork
  readonly #service: ServiceThread
  readonly #slots = new SlotWatches()
  readonly #calls = new WaitingCalls()
  readonly #journals = new SimulatedJournals()
  readonly #workers = new Map<number, SimulatedWorker>()
  readonly #threads: VirtualThread[] = []
  readonly #files = new Map<string, Uint8Array>()
  #threadCount = 0
  #host: Host | undefined
  #isRunning = false
  #closing: Promise<void> | undefined

  private constructor({ seed, settings, service, weather, startedMs, onTrace }: SimulationSettings) {
    this.#settings = settings
    this.weather = weather
    this.faults = [...(service.faults ?? [])]
    this.#scheduler = new Scheduler(seed, startedMs)
    this.#main = this.#scheduler.thread('main')
    const { random } = this.#scheduler
    const delay = (): number => (random.chance(1 / 8) ? random.next() * this.weather.delayMs : 0)
    this.#ports = new SimulatedPorts(this.#scheduler, delay)
    this.#network = new SimulatedNetwork(this.#scheduler, delay)
    this.#network.refuses = () => random.chance(this.weather.refusedDials)
    const options = { ...service, faults: this.faults }
    this.#service = new ServiceThread(options, this.#scheduler, this.#main, this.#ports, this.#network)
    this.#service.judge = (message) => {
      const { lostAnswers, repeatedEvents, lateAnswers, lateMs } = this.weather
      const delayMs = random.chance(lateAnswers) ? random.next() * lateMs : 0
      if ('event' in message) return { times: random.chance(repeatedEvents) ? 2 : 1, delayMs }
      return { times: random.chance(lostAnswers) ? 0 : 1, delayMs }
    }
    if (onTrace !== undefined) {
      this.#scheduler.onTask = (what, nowMs) => onTrace(`${nowMs.toFixed(3)} ${what}`)
    }
    this.#scheduler.onThrow = (thread, error) => this.#threw(thread, error)
  }

  /**
   * A Host with everything that it stands on. Time stands still except within `run`.
   *
   * @throws {InvalidConfigError} naming the option
   */
  static async open(options?: SimulationOptions): Promise<Simulation> {
    const settings = checkSimulationOptions(options)
    const simulation = new Simulation(settings)
    simulation.#host = await simulation.#drive(() => simulation.#openHost())
    return simulation
  }

  get host(): Host {
    return this.#host!
  }

  /** Virtual time. */
  get clock(): Clock {
    return this.#main.clock
  }

  /** Of all that has happened so far: equal for equal runs. */
  get fingerprint(): string {
    return this.#scheduler.fingerprint
  }

  /** How much has happened. */
  get steps(): number {
    return this.#scheduler.count
  }

  get threadIds(): readonly number[] {
    return [...this.#workers.keys()]
  }

  /**
   * Lets time go on until the work has ended, and answers what it does. The work must wait for nothing outside the simulation, such as
   * files, sockets or timers of Node.js.
   *
   * @throws {SimulationStuckError} it waits for what never comes
   * @throws {InvalidStateError} within the work of another `run`, or after `close`
   */
  async run<T>(work: (host: Host) => Promise<T> | T, options?: RunOptions): Promise<T> {
    if (this.#closing !== undefined) throw refused('closed', 'the simulation is closed')
    return this.#drive(() => work(this.host), options)
  }

  async #drive<T>(work: () => Promise<T> | T, options?: RunOptions): Promise<T> {
    const limitMs = limitOf(options)
    if (this.#isRunning) throw refused('running', 'it runs already; what is to happen at once belongs into one run')
    this.#isRunning = true
    try {
      const onStep = (): void => this.#slots.look()
      return await drive(this.#scheduler, work, { limitMs, waiting: () => this.#calls.list(), onStep })
    } finally {
      this.#isRunning = false
    }
  }

  /** Virtual milliseconds, within `run`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve))
  }

  /** An actor thread dies, at once after what happens now. False: there is no such thread any more. */
  async loseThread(
    threadId: number,
    cause: Error = new Error('the thread was lost by the simulation'),
  ): Promise<boolean> {
    // Never in the middle of something: a real thread does not share its stack with us.
    return new Promise((resolve) => {
      this.clock.immediate(() => {
        const worker = this.#workers.get(threadId)
        worker?.lose(cause)
        resolve(worker !== undefined)
      })
    })
  }

  /**
   * The program is killed, at once after what happens now, and another one begins, within `run`: with its Host, which is `host` from then on.
   * What the old one waited for never settles, its timers and `sleep`s are gone, and so are its threads and connections. The service lives
   * on, with the VMs that stay without a handle, and so does the journal, for `host.recover`.
   *
   * @throws {InvalidStateError} outside `run`, where nothing goes on
   */
  async restart(): Promise<Host> {
    const op = 'simulation.restart'
    if (this.#closing !== undefined) throw refused('closed', 'the simulation is closed', op)
    if (!this.#isRunning) throw refused('idle', 'a program restarts within a run', op)
    const next = this.#scheduler.thread(`main-${++this.#programs}`)
    // Never in the middle of something: whoever asks for it must have returned.
    await new Promise<void>((resolve) =>
      next.clock.immediate(() => {
        this.#kill()
        this.#main = next
        this.#service.begin(next)
        resolve()
      }),
    )
    this.#host = await this.#openHost()
    return this.#host
  }

  #kill(): void {
    const cause = new Error('the program was killed by the simulation')
    for (const worker of [...this.#workers.values()]) worker.lose(cause)
    this.#main.lose()
    this.#ports.lose(this.#main)
    this.#network.lose(this.#main)
    this.#slots.forget()
    this.#journals.release()
  }

  #openHost(): Promise<Host> {
    return Host.openWith(this.#settings, this.#environment())
  }

  /** Breaks the connections of a VM's guest. Answers how many there were. */
  cutGuest(runtimeId: string): number {
    return this.#network.cut(runtimeId)
  }

  /** What is open now: nothing but the service's own, once the Host is closed. */
  resources(): SimulationResources {
    return {
      ports: this.#ports.openPorts.length,
      sockets: this.#network.sockets.length,
      listeners: this.#network.listeners,
      timers: this.#threads.reduce((sum, { timers }) => sum + timers, this.#main.timers),
      slots: this.#slots.taken(),
    }
  }

  /** Closes the Host and ends the service. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#drive(async () => {
      await this.host.close()
      await this.#service.service.stop()
      // What was forced is still on its way.
      await this.sleep(LAST_MS)
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** As in a real program: an actor thread dies of it, anything else is the program's. */
  #threw(thread: VirtualThread | undefined, error: unknown): void {
    const worker = [...this.#workers.values()].find((one) => one.thread === thread)
    if (thread === undefined || worker === undefined) throw error
    this.crashes.push({ thread: thread.name, error })
    worker.lose(error instanceof Error ? error : new Error(String(error)))
  }

  // ----------------------------------------------------------------------------------------------------------- surroundings

  #environment(): HostEnvironment {
    const openChannel = this.#ports.openChannel(this.#main)
    return {
      clock: this.#main.clock,
      openChannel,
      openThreads: (options) =>
        ActorThreads.open({ ...options, openThread: (first) => this.#openThread(first), watchdog: undefined }),
      openProviderSource: async (_settings, directory) => this.#service.join(directory),
      openTransportSource: async (_choice, directory) => ({
        acceptorThreads: 0,
        next: () => ({ transport: { module: TRANSPORT_MODULE, options: { directory } }, transfer: [] }),
        close: () => Promise.resolve(),
      }),
      openSocketDirectory: async () => ({
        path: DIRECTORY,
        sweep: () => Promise.resolve(),
        release: () => Promise.resolve(),
      }),
      openJournalFile: (directory) => this.#journals.open(directory),
      keepAlive: () => ({ ref: () => undefined, unref: () => undefined, end: () => undefined }),
    }
  }

  #openThread(first: ThreadTask): SimulatedWorker {
    const worker = new SimulatedWorker(++this.#threadCount, first, {
      scheduler: this.#scheduler,
      main: this.#main,
      systemOf: (thread) => this.#systemOf(thread),
      onTask: (task) => {
        this.#calls.watch(task, simulatedPort(task.port))
        if (task.kind === 'controller') this.#slots.know(task.setup.operations, task.setup.boots)
      },
      onEnd: (ended) => {
        this.#workers.delete(ended.id)
        this.#ports.lose(ended.thread)
        this.#network.lose(ended.thread)
      },
    })
    this.#workers.set(worker.id, worker)
    return worker
  }

  #systemOf(thread: VirtualThread): ThreadSystem {
    this.#threads.push(thread)
    const { random } = this.#scheduler
    const modules: Record<string, unknown> = {
      [PROVIDER_MODULE]: openProvider,
      [TRANSPORT_MODULE]: ({ directory }: { directory: string }) => this.#network.transport(thread, directory),
    }
    return {
      clock: thread.clock,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random.below(256)),
      files: {
        pathIn: async (directory, file) => `${directory}/${file}`,
        write: async (path, content) => void this.#files.set(path, Uint8Array.from(content)),
      },
      load: async (module) => modules[module],
      watchSlots: this.#slots.for(thread),
    }
  }
}

function refused(state: string, reason: string, op = 'simulation.run'): InvalidStateError {
  return new InvalidStateError({ op, state, reason })
}
