// The actor for the compute service as a whole: enumeration, service properties and settings, file access. It never waits for a VM.

import type { MessagePort } from 'node:worker_threads'
import { InvalidStateError, ProviderUnavailableError } from '../errors.js'
import type { Actor, ActorEnvironment } from './environment.js'
import type { ActorCall } from './mailbox/contract.js'
import { exposeActor } from './mailbox/expose.js'
import { NativeCalls, slotPools, type SlotPools } from './native-calls.js'
import type { ServiceRequests } from './threads/contract.js'

/** Owner of this actor's slots: no VM has an empty id. */
const OWNER = ''

/** Listings and property reads that may be with the service at once. */
const READS = 64

/** What a call of the service is called. */
interface Subject {
  op: string
  id?: string
}

class ServiceActor {
  readonly ended: Promise<void>
  readonly #env: ActorEnvironment
  readonly #calls: NativeCalls
  readonly #pools: SlotPools
  #isStopping = false

  constructor(port: MessagePort, env: ActorEnvironment) {
    this.#env = env
    this.#calls = new NativeCalls(env, OWNER)
    this.#pools = slotPools(env, env.boots, READS)
    const { provider } = env
    const shell = exposeActor<ServiceRequests, Record<string, never>>(
      port,
      {
        enumerate: ({ query }, call) =>
          this.#native({ op: 'host.listVMs' }, call, () => provider.enumerate(query), 'read'),
        serviceProperties: ({ query }, call) =>
          this.#native({ op: 'host.serviceProperties' }, call, () => provider.serviceProperties(query), 'read'),
        modifyService: ({ settings }, call) =>
          this.#native({ op: 'host.modifyServiceSettings' }, call, () => provider.modifyService(settings)),
        grantAccess: (input, call) => this.#access('grantAccess', 'host.grantVMAccess', input, call),
        revokeAccess: (input, call) => this.#access('revokeAccess', 'host.revokeVMAccess', input, call),
        file: (input, call) => this.#file(input, call),
        workingSet: ({ runtimeId }, call) =>
          this.#native({ op: 'host.workingSet' }, call, () => provider.workingSet?.(runtimeId) ?? Promise.resolve('')),
      },
      { onStop: () => this.stop(), clock: env.clock },
    )
    this.ended = shell.closed
  }

  /** Refuses what waits, and waits for what the service has. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#calls.endWaiting(() => true, stoppedError)
    await this.#calls.settled()
  }

  async #access(
    method: 'grantAccess' | 'revokeAccess',
    op: string,
    { vmId: id, path }: { vmId: string; path: string },
    call: ActorCall,
  ): Promise<undefined> {
    const { provider } = this.#env
    const access = provider[method]
    if (access === undefined)
      throw new ProviderUnavailableError({ op, id, reason: 'the provider has no file access calls' })
    await this.#native({ op, id }, call, () => access.call(provider, id, path))
    return undefined
  }

  async #file({ what, path, op }: ServiceRequests['file']['input'], call: ActorCall): Promise<string> {
    const { provider } = this.#env
    const file = provider.file
    if (file === undefined) throw new ProviderUnavailableError({ op, reason: 'the provider has no such call' })
    return this.#native({ op }, call, () => file.call(provider, what, path))
  }

  async #native<T>(
    subject: Subject,
    call: ActorCall,
    work: () => Promise<T>,
    kind: keyof SlotPools = 'operation',
  ): Promise<T> {
    if (this.#isStopping) throw stoppedError(subject)
    return this.#calls.run({ ...subject, call, pools: this.#pools[kind] }, work)
  }
}

function stoppedError({ op, id }: { op: string; id?: string | undefined }): InvalidStateError {
  return new InvalidStateError({ op, id, state: 'closed', reason: 'the host is closed; the call was not sent' })
}

export function startServiceActor(port: MessagePort, env: ActorEnvironment): Actor {
  return new ServiceActor(port, env)
}
