// Which provider module the actor threads load, and what it is given.

import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ProviderUnavailableError, UVMError } from '../errors.js'
import type { ComputeCoreService } from '../native/computecore/service.js'
import { SimulatedService, type SimulatedClient } from '../native/simulated/thread/service.js'
import type { HostSettings } from './check-host-options.js'
import type { ThreadSetup } from './threads/contract.js'
import type { RelayedSocket } from './vm/link.js'
import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'

/** Both compute services of ours live in a thread of their own and are reached in the same way. */
const REMOTE_MODULE = new URL('../native/remote/provider.js', import.meta.url).href

/** Native handles and operations that are open, whichever thread opened them. */
export interface NativeCounts {
  handles: number
  operations: number
}

export interface ProviderSource {
  /** Threads of its own. */
  readonly serviceThreads: number
  readonly callbackThreads: number
  /** Absent for a provider that has no ledger. */
  counts?(): NativeCounts
  /** For one more actor thread, with what must be transferred to it. */
  next(): { provider: ThreadSetup['provider']; transfer: MessagePort[] }
  /** Makes a stream of this thread known to the service; absent where only handles of real sockets are. */
  readonly relaySocket?: (stream: Duplex) => RelayedSocket
  /**
   * Ends what belongs to this Host; from `force` on without waiting for what does not end by itself. Resolves with what had to be
   * left. Idempotent.
   */
  close(force: Promise<unknown>): Promise<string[]>
}

/**
 * @throws {InvalidStateError} a shared service that is closed
 * @throws {ProviderUnavailableError} no computecore.dll, no service, no rights
 */
export async function openProviderSource(settings: HostSettings, socketDirectory: string): Promise<ProviderSource> {
  if (settings.provider === 'computecore') return computeCore(settings.libraryPath)
  if (settings.provider !== 'simulated') return ownModule(settings.provider)
  const { service: shared, ...options } = settings.simulated
  const service = shared ?? (await SimulatedService.open(options))
  let client: SimulatedClient
  try {
    client = service.join(socketDirectory)
  } catch (error) {
    if (shared === undefined) await service.close()
    throw error
  }
  return {
    serviceThreads: 1,
    callbackThreads: 0,
    next: () => {
      const port = client.port()
      return { provider: { module: REMOTE_MODULE, options: { port } }, transfer: [port] }
    },
    relaySocket: (stream) => client.relaySocket(stream),
    close: async () => {
      await client.leave()
      if (shared === undefined) await service.close()
      return []
    },
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
      const port = service.port()
      return { provider: { module: REMOTE_MODULE, options: { port } }, transfer: [port] }
    },
    close: (force) => service.close(force),
  }
}

function ownModule({ module, options }: Exclude<HostSettings['provider'], string>): ProviderSource {
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
