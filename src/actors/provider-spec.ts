// Which provider module the actor threads load, and what it is given.

import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidConfigError, InvalidStateError, ProviderUnavailableError, UVMError } from '../errors.js'
import type { ComputeCoreService } from '../native/computecore/service.js'
import type { SimulatedClient } from '../native/simulated/client.js'
import { ownModule } from '../native/own-file.js'
import { QemuService } from '../native/qemu/qemu-service.js'
import { SimulatedService } from '../native/simulated/simulated-service.js'
import type { HostSettings } from './check-host-options.js'
import type { ThreadSetup } from './threads/contract.js'
import type { RelayedSocket } from './vm/wiring.js'
import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'

/** For a compute service that has a thread of this process to itself. */
const remoteModule = (): string => {
  const place = { from: 'actors/provider-spec.js', base: import.meta.url, file: '../native/remote/provider.js' }
  return ownModule('remote-provider', place)
}

/** Native handles and operations that are open, whichever thread opened them. */
export interface NativeCounts {
  handles: number
  operations: number
}

/** What one actor thread is given. */
export interface ThreadProvider {
  readonly provider: ThreadSetup['provider']
  readonly transfer: MessagePort[]
  /**
   * The thread is gone: what this Host has open there, and no living thread has, closes, except for what is named. Absent where handles
   * end with their thread.
   */
  readonly reap?: ((keep: readonly string[]) => void) | undefined
}

export interface ProviderSource {
  /** Threads of its own. */
  readonly serviceThreads: number
  readonly callbackThreads: number
  /** Absent for a provider that has no ledger. */
  counts?(): NativeCounts
  /** For one more actor thread, with what must be transferred to it. */
  next(): ThreadProvider
  /** Makes a stream of this thread known to the service; absent where only handles of real sockets are. */
  readonly relaySocket?: (stream: Duplex) => RelayedSocket
  /**
   * Makes the guest connection of a VM this Host's; absent where no other process can want it. `release` gives it up. `control` is where
   * this program answers, for those who find that it holds the connection; a further claim of the holder's says where from then on.
   *
   * @throws {InvalidStateError} 'guest-held': another Host holds it
   * @throws {ProviderUnavailableError} the service is gone
   */
  readonly guests?: {
    claim(subject: { op: string; id: string }, runtimeId: string, control?: string): Promise<void>
    release(runtimeId: string): Promise<void>
  }
  /**
   * Ends what belongs to this Host; from `force` on without waiting for what does not end by itself. Resolves with what had to be
   * left. Idempotent.
   */
  close(force: Promise<unknown>): Promise<string[]>
}

/** The service that a Host is a client of, and whether the hold on it is the Host's to close. */
export interface ServiceHold {
  service: SimulatedService | QemuService
  isOwn: boolean
}

/**
 * Starts or finds the simulated service or the QEMU supervisor; undefined for other providers.
 *
 * @throws {InvalidConfigError} an unfit service directory, or a socket directory beside that of a service process
 * @throws {ProviderUnavailableError} its process cannot be started or reached
 */
export async function holdService(settings: HostSettings): Promise<ServiceHold | undefined> {
  const { provider, simulated, qemu, socketDirectory } = settings
  if (provider !== 'simulated' && provider !== 'qemu') return undefined
  const service = provider === 'qemu' ? await qemuService(qemu) : await simulatedService(simulated)
  const isOwn = (provider === 'qemu' ? qemu.service : simulated.service) === undefined
  const fixed = service.directory
  if (fixed !== undefined && socketDirectory !== undefined && resolve(socketDirectory) !== fixed) {
    if (isOwn) await service.close()
    const reason = `the guests of a service process dial in its own directory, ${fixed}`
    throw new InvalidConfigError({ op: 'host.open', path: 'socketDirectory', value: socketDirectory, reason })
  }
  return { service, isOwn }
}

async function simulatedService(given: HostSettings['simulated']): Promise<SimulatedService> {
  const { service, serviceDirectory: directory, ...options } = given
  if (service !== undefined) return service
  if (directory === undefined) return SimulatedService.open(options)
  return SimulatedService.connectFor('host.open', 'simulated.serviceDirectory', { directory, start: options })
}

async function qemuService(given: HostSettings['qemu']): Promise<QemuService> {
  const { service, serviceDirectory: directory, ...options } = given
  if (service !== undefined) return service
  return QemuService.connectFor('host.open', 'qemu.serviceDirectory', {
    ...(directory === undefined ? {} : { directory }),
    start: options,
  })
}

/**
 * @param hold what `holdService` gave; it is let go again by `close`, and by the caller when this throws
 * @throws {InvalidStateError} a shared service that is closed
 * @throws {ProviderUnavailableError} no computecore.dll, no service, no rights
 */
export async function openProviderSource(
  settings: HostSettings,
  socketDirectory: string,
  hold: ServiceHold | undefined,
): Promise<ProviderSource> {
  if (hold !== undefined) return hosted(hold, await hold.service.join(socketDirectory))
  if (settings.provider === 'computecore') return computeCore(settings.libraryPath)
  return theirModule(settings.provider as Exclude<HostSettings['provider'], string>)
}

function hosted({ service, isOwn }: ServiceHold, client: SimulatedClient): ProviderSource {
  const { claim, release } = client
  return {
    serviceThreads: service.directory === undefined ? 1 : 0,
    callbackThreads: 0,
    next: () => {
      const { module, options, transfer, reap } = client.link()
      return { provider: { module, options }, transfer, reap }
    },
    relaySocket: (stream) => client.relaySocket(stream),
    ...(claim === undefined || release === undefined ? {} : { guests: { claim: claimWith(claim), release } }),
    close: async (force) => {
      await client.leave(force)
      if (isOwn) await service.close()
      return []
    },
  }
}

function claimWith(claim: NonNullable<SimulatedClient['claim']>): NonNullable<ProviderSource['guests']>['claim'] {
  return async (subject, runtimeId, own) => {
    const holder = await claim(runtimeId, own)
    if (holder === undefined) return
    const { pid, control } = holder
    const where = control === '' ? '' : `, which answers at ${control}`
    const who = pid === process.pid ? `another Host of this process (pid ${pid})` : `the process ${pid}`
    const reason = `the guest connection of this VM is held by ${who}${where}`
    throw new InvalidStateError({ ...subject, state: 'guest-held', reason })
  }
}

async function computeCore(libraryPath: string | undefined): Promise<ProviderSource> {
  let service: ComputeCoreService
  try {
    // Only who asks for it loads the FFI.
    const { ComputeCoreService } = await import('../native/computecore/service.js')
    service = await ComputeCoreService.open(libraryPath)
  } catch (cause) {
    if (cause instanceof UVMError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderUnavailableError({ op: 'host.open', reason: `koffi cannot be loaded: ${why}`, cause })
  }
  return {
    serviceThreads: 1,
    callbackThreads: 1,
    counts: () => service.counts(),
    next: () => {
      const { port, reap } = service.link()
      return { provider: { module: remoteModule(), options: { port } }, transfer: [port], reap }
    },
    close: (force) => service.close(force),
  }
}

function theirModule({ module, options }: Exclude<HostSettings['provider'], string>): ProviderSource {
  const provider = { module: moduleUrl(module), options }
  return {
    serviceThreads: 0,
    callbackThreads: 0,
    next: () => ({ provider, transfer: [] }),
    close: () => Promise.resolve([]),
  }
}

/** Paths and package names mean what they mean in the caller's directory. */
function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  if (isAbsolute(module)) return pathToFileURL(module).href
  if (/^[a-z]+:/i.test(module)) return module
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'index.js')).resolve(module)).href
  } catch {
    // The import in the actor thread says why it cannot be loaded.
    return module
  }
}
