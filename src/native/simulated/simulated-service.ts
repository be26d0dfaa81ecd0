// The caller's hold on a simulated compute service, which is a thread of this process or a process of its own.

import { InvalidStateError } from '../../errors.js'
import { ownModule } from '../own-file.js'
import { ServiceProcess } from '../service-process/client.js'
import { joinAsHost, reachOrStart, type ServiceKind } from '../service-process/hold.js'
import type { SimulatedClient } from './client.js'
import { checkConnectOptions, checkSimulatedOptions } from './check-options.js'
import type { ServiceOptions, SimulatedConnectOptions } from './options.js'
import { EmbeddedService } from './thread/embedded-service.js'

const KIND: ServiceKind = {
  // As `process/hosted.ts` calls itself.
  provider: 'simulated',
  get module() {
    const from = 'native/simulated/simulated-service.js'
    return ownModule('simulated-service', { from, base: import.meta.url, file: './process/hosted.js' })
  },
  graceMs: 10_000,
  timeoutMs: 30_000,
}

export type { SimulatedConnectOptions } from './options.js'

export interface SimulatedOptions extends ServiceOptions {
  /** Share one service between several Hosts of a process. */
  service?: SimulatedService
  /**
   * Starts or finds the service process of this directory: at most 26 bytes, private, made where it is missing. The other options are what
   * a service is given that is started for this; one that runs already keeps its own.
   */
  serviceDirectory?: string
}

/**
 * A simulated compute service that outlives the Hosts it is given to, so that several can share it: a thread of this process (`open`), or a
 * process of its own that outlives this program too (`connect`).
 */
export class SimulatedService {
  readonly #home: EmbeddedService | ServiceProcess
  #closing: Promise<void> | undefined

  private constructor(home: EmbeddedService | ServiceProcess) {
    this.#home = home
  }

  /**
   * Starts one in a thread of this process; it ends with the process.
   *
   * @throws {InvalidConfigError} naming the option
   */
  static async open(options: ServiceOptions = {}): Promise<SimulatedService> {
    checkSimulatedOptions(options)
    return new SimulatedService(await EmbeddedService.open(options))
  }

  /**
   * Finds the service process of a directory, or starts it. Programs that name the same directory share it; its VMs live on when they end,
   * as their `ShouldTerminateOnLastHandleClosed` says.
   *
   * @throws {InvalidConfigError} naming the option; the directory that was given is a link, another user's, or open to others
   * @throws {ProviderUnavailableError} none runs and `start` is false, it cannot be started, it is of another protocol or another provider, or
   *   the default directory is unfit
   * @throws {OperationTimeoutError} it lives and does not answer
   * @throws {AbortError}
   */
  static async connect(options: SimulatedConnectOptions = {}): Promise<SimulatedService> {
    const op = 'SimulatedService.connect'
    checkConnectOptions(op, options)
    return SimulatedService.connectFor(op, 'directory', options)
  }

  /** @internal The same, of options that were checked, on behalf of another call; `option` is the name of the directory there. */
  static async connectFor(op: string, option: string, options: SimulatedConnectOptions): Promise<SimulatedService> {
    return new SimulatedService(await reachOrStart(op, option, KIND, options))
  }

  /** Of a service process: where it is found, and where guests dial. Undefined for one of this process. */
  get directory(): string | undefined {
    return this.#home instanceof ServiceProcess ? this.#home.directory : undefined
  }

  /** The process that serves. */
  get pid(): number {
    return this.#home instanceof ServiceProcess ? this.#home.pid : process.pid
  }

  /** Whether this call started it, with the options it gave; one that ran already has its own. */
  get started(): boolean {
    return this.#home instanceof ServiceProcess ? this.#home.started : true
  }

  /**
   * @internal A Host joins; its guests dial into `socketDirectory`, those of a service process into its own directory.
   *
   * @throws {InvalidStateError} closed
   * @throws {ProviderUnavailableError} the process is gone
   */
  async join(socketDirectory: string): Promise<SimulatedClient> {
    const op = 'host.open'
    const home = this.#home
    if (this.#closing !== undefined || (home instanceof EmbeddedService && home.isClosed)) {
      throw new InvalidStateError({ op, state: 'closed', reason: 'the simulated service is closed' })
    }
    if (home instanceof EmbeddedService) return home.join(socketDirectory)
    return joinAsHost(home, op, KIND.timeoutMs)
  }

  /** Of one of this process: ends every VM and the thread. Of a service process: only leaves it. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#home.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
