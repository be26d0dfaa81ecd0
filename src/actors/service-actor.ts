// The actor for the compute service as a whole: enumeration, service properties and settings, file access. It never waits for a VM.

import type { MessagePort } from 'node:worker_threads'
import { ProviderUnavailableError } from '../errors.js'
import { hcsError } from '../native/hcs-error.js'
import type { Actor, ActorEnvironment } from './environment.js'
import { exposeActor } from './mailbox/expose.js'
import type { ServiceRequests } from './threads/contract.js'

/** Owner of this actor's slots: no VM has an empty id. */
const OWNER = ''

export function startServiceActor(port: MessagePort, env: ActorEnvironment): Actor {
  const { provider } = env
  const native = async <T>(op: string, id: string | undefined, work: () => Promise<T>): Promise<T> => {
    const release = await env.operations.acquire(OWNER).granted
    env.gauges.operations++
    try {
      return await work()
    } catch (error) {
      throw hcsError(error, { op, id })
    } finally {
      env.gauges.operations--
      release?.()
    }
  }
  const access =
    (method: 'grantAccess' | 'revokeAccess', op: string) =>
    async ({ vmId, path }: { vmId: string; path: string }): Promise<undefined> => {
      const call = provider[method]
      if (call === undefined)
        throw new ProviderUnavailableError({ op, id: vmId, reason: 'the provider has no file access calls' })
      await native(op, vmId, () => call.call(provider, vmId, path))
      return undefined
    }
  const shell = exposeActor<ServiceRequests, Record<string, never>>(
    port,
    {
      enumerate: ({ query }) => native('host.listVMs', undefined, () => provider.enumerate(query)),
      serviceProperties: ({ query }) =>
        native('host.serviceProperties', undefined, () => provider.serviceProperties(query)),
      modifyService: ({ settings }) =>
        native('host.modifyServiceSettings', undefined, () => provider.modifyService(settings)),
      grantAccess: access('grantAccess', 'host.grantVMAccess'),
      revokeAccess: access('revokeAccess', 'host.revokeVMAccess'),
    },
    { onStop: () => Promise.resolve() },
  )
  return { ended: shell.closed, stop: () => Promise.resolve() }
}
