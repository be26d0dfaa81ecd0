// Which provider module the actor threads load, and what it is given.

import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SimulatedService, type SimulatedClient } from '../native/simulated/service.js'
import type { HostSettings } from './check-host-options.js'
import type { ThreadSetup } from './threads/contract.js'
import type { MessagePort } from 'node:worker_threads'

const SIMULATED_MODULE = new URL('../native/simulated/provider.js', import.meta.url).href

export interface ProviderSource {
  /** Threads of its own. */
  readonly serviceThreads: number
  /** For one more actor thread, with what must be transferred to it. */
  next(): { provider: ThreadSetup['provider']; transfer: MessagePort[] }
  /** Ends what belongs to this Host. Idempotent. */
  close(): Promise<void>
}

/** @throws {InvalidStateError} a shared service that is closed */
export async function openProviderSource(settings: HostSettings, socketDirectory: string): Promise<ProviderSource> {
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
    next: () => {
      const port = client.port()
      return { provider: { module: SIMULATED_MODULE, options: { port } }, transfer: [port] }
    },
    close: async () => {
      await client.leave()
      if (shared === undefined) await service.close()
    },
  }
}

function ownModule({ module, options }: Exclude<HostSettings['provider'], 'simulated'>): ProviderSource {
  const provider = { module: moduleUrl(module), options }
  return { serviceThreads: 0, next: () => ({ provider, transfer: [] }), close: () => Promise.resolve() }
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
