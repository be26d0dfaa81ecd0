// The caller's hold on a QEMU supervisor, which is a process of its own.

import { InvalidStateError } from '../../errors.js'
import { ownModule } from '../own-file.js'
import type { ServiceProcess } from '../service-process/client.js'
import { joinAsHost, reachOrStart, type ServiceKind } from '../service-process/hold.js'
import type { SimulatedClient } from '../simulated/client.js'
import { checkQemuConnectOptions } from './check-options.js'
import type { QemuConnectOptions } from './options.js'

const KIND: ServiceKind = {
  // As `hosted.ts` calls itself.
  provider: 'qemu',
  get module() {
    const from = 'native/qemu/qemu-service.js'
    return ownModule('qemu-service', { from, base: import.meta.url, file: './hosted.js' })
  },
  graceMs: 10_000,
  timeoutMs: 60_000,
}

/** A QEMU supervisor: its VMs are real, and outlive the programs that use it as their `ShouldTerminateOnLastHandleClosed` says. */
export class QemuService {
  readonly #home: ServiceProcess
  #closing: Promise<void> | undefined

  private constructor(home: ServiceProcess) {
    this.#home = home
  }

  /**
   * Finds the supervisor of a directory, or starts it. Programs that name the same directory share it.
   *
   * @throws {InvalidConfigError} naming the option; the directory that was given is a link, another user's, or open to others
   * @throws {ProviderUnavailableError} none runs and `start` is false; no QEMU, one that is too old, no KVM where it was asked for; another
   *   protocol or provider; the default directory is unfit
   * @throws {OperationTimeoutError} it lives and does not answer
   * @throws {AbortError}
   */
  static async connect(options: QemuConnectOptions = {}): Promise<QemuService> {
    const op = 'QemuService.connect'
    checkQemuConnectOptions(op, options)
    return QemuService.connectFor(op, 'directory', options)
  }

  /** @internal The same, of options that were checked, on behalf of another call; `option` is the name of the directory there. */
  static async connectFor(op: string, option: string, options: QemuConnectOptions): Promise<QemuService> {
    return new QemuService(await reachOrStart(op, option, KIND, options))
  }

  /** Where it is found, and where guests dial. */
  get directory(): string {
    return this.#home.directory
  }

  /** The supervisor's process. */
  get pid(): number {
    return this.#home.pid
  }

  /** Whether this call started it, with the options it gave; one that ran already has its own. */
  get started(): boolean {
    return this.#home.started
  }

  /**
   * @internal A Host joins.
   *
   * @throws {InvalidStateError} closed
   * @throws {ProviderUnavailableError} the process is gone
   */
  async join(): Promise<SimulatedClient> {
    const op = 'host.open'
    if (this.#closing !== undefined) {
      throw new InvalidStateError({ op, state: 'closed', reason: 'the hold on the supervisor is closed' })
    }
    return joinAsHost(this.#home, op, KIND.timeoutMs)
  }

  /** Leaves; the supervisor and the VMs of others live on. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#home.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
