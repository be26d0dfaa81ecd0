// A caller's hold on a service process of any provider: found or started as the caller's options say, joined by its Hosts.

import type { MessagePort } from 'node:worker_threads'
import { ServiceProcess, type ServiceClient } from './client.js'
import { openServiceDirectory } from './directory.js'

/** What serves, and how it is started. */
export interface ServiceKind {
  provider: string
  /** Whose default export is the HostedServiceFactory. */
  module: string
  /** It lives on without clients and VMs for so long, milliseconds. */
  graceMs: number
  /** For finding, starting and greeting, milliseconds. */
  timeoutMs: number
}

interface HoldOptions {
  directory?: string
  start?: boolean | (object & { graceMs?: number })
  timeoutMs?: number
  signal?: AbortSignal
}

/** Of options that were checked; `option` is the name of the directory for whoever gave it. @throws as `connect` of the service says */
export async function reachOrStart(
  op: string,
  option: string,
  { provider, module, ...defaults }: ServiceKind,
  options: HoldOptions,
): Promise<ServiceProcess> {
  const { directory: given, start = true, timeoutMs = defaults.timeoutMs, signal } = options
  const directory = await openServiceDirectory({ op, given, option, create: start !== false })
  const { graceMs = defaults.graceMs, ...own } = typeof start === 'object' ? start : {}
  return ServiceProcess.reach({
    op,
    directory,
    provider,
    start: start === false ? undefined : { module, options: own, graceMs },
    timeoutMs,
    signal,
  })
}

export type JoinedHost = Pick<ServiceClient, 'relaySocket' | 'claim' | 'release' | 'leave'> & {
  link(): ReturnType<ServiceClient['link']> & { transfer: MessagePort[] }
}

/** One Host joins. @throws {ProviderUnavailableError} the service is gone */
export async function joinAsHost(home: ServiceProcess, op: string, timeoutMs: number): Promise<JoinedHost> {
  const client = await home.join(op, timeoutMs)
  return {
    link: () => ({ ...client.link(), transfer: [] }),
    relaySocket: (stream) => client.relaySocket(stream),
    claim: (runtimeId, control) => client.claim(runtimeId, control),
    release: (runtimeId) => client.release(runtimeId),
    leave: (force) => client.leave(force),
  }
}
