// The actor for the compute service as a whole: enumeration, service properties and settings, file access. It never waits for a VM.

import type { MessagePort } from 'node:worker_threads'
import { InvalidStateError, OperationTimeoutError, ProviderUnavailableError } from '../errors.js'
import { hcsError } from '../native/hcs-error.js'
import type { Actor, ActorEnvironment, SlotRequest } from './environment.js'
import type { ActorCall } from './mailbox/contract.js'
import { exposeActor } from './mailbox/expose.js'
import type { ServiceRequests } from './threads/contract.js'

/** Owner of this actor's slots: no VM has an empty id. */
const OWNER = ''
/** Default time of every call, milliseconds, from when it has its slot. */
const DEFAULT_TIMEOUT_MS = 240_000

/** What a call of the service is called. */
interface Subject {
  op: string
  id?: string
}

class ServiceActor {
  readonly ended: Promise<void>
  readonly #env: ActorEnvironment
  readonly #awaitingSlots = new Set<SlotRequest>()
  /** Calls that have not ended: the end of the actor waits for them. */
  readonly #inFlight = new Set<Promise<unknown>>()
  #isStopping = false

  constructor(port: MessagePort, env: ActorEnvironment) {
    this.#env = env
    const { provider } = env
    const shell = exposeActor<ServiceRequests, Record<string, never>>(
      port,
      {
        enumerate: ({ query }, call) => this.#native({ op: 'host.listVMs' }, call, () => provider.enumerate(query)),
        serviceProperties: ({ query }, call) =>
          this.#native({ op: 'host.serviceProperties' }, call, () => provider.serviceProperties(query)),
        modifyService: ({ settings }, call) =>
          this.#native({ op: 'host.modifyServiceSettings' }, call, () => provider.modifyService(settings)),
        grantAccess: (input, call) => this.#access('grantAccess', 'host.grantVMAccess', input, call),
        revokeAccess: (input, call) => this.#access('revokeAccess', 'host.revokeVMAccess', input, call),
      },
      { onStop: () => this.stop(), clock: env.clock },
    )
    this.ended = shell.closed
  }

  /** Refuses what waits, and waits for what the service has. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const request of this.#awaitingSlots) request.cancel()
    while (this.#inFlight.size > 0) await Promise.allSettled([...this.#inFlight])
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

  /** The promise may settle before the call has ended: its slot is free again when it has. */
  async #native<T>(subject: Subject, call: ActorCall, work: () => Promise<T>): Promise<T> {
    const request = this.#env.operations.acquire(OWNER)
    this.#awaitingSlots.add(request)
    const forget = call.onCancel(() => request.cancel())
    const release = await request.granted
    this.#awaitingSlots.delete(request)
    forget()
    if (release === undefined || this.#isStopping) {
      release?.()
      throw new InvalidStateError({ ...subject, state: 'closed', reason: 'the host is closed; the call was not sent' })
    }
    this.#env.gauges.operations++
    const running = (async () => {
      try {
        return await work()
      } catch (error) {
        throw hcsError(error, subject)
      } finally {
        this.#env.gauges.operations--
        release()
      }
    })()
    this.#inFlight.add(running)
    running.catch(() => undefined).finally(() => this.#inFlight.delete(running))
    return call.timed ? running : this.#withDeadline(running, subject)
  }

  #withDeadline<T>(running: Promise<T>, subject: Subject): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#env.clock.after(DEFAULT_TIMEOUT_MS, () =>
        reject(new OperationTimeoutError({ ...subject, timeoutMs: DEFAULT_TIMEOUT_MS })),
      )
      running.then(resolve, reject).finally(() => timer.clear())
    })
  }
}

export function startServiceActor(port: MessagePort, env: ActorEnvironment): Actor {
  return new ServiceActor(port, env)
}
