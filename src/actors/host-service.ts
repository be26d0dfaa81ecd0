// What a Host asks the compute service as a whole, through an actor that no VM owns.

import { InvalidConfigError } from '../errors.js'
import type { HcsFileCall } from '../native/hcs.js'
import { checkOptions } from '../options/table.js'
import { parseGuid } from '../protocol/guid.js'
import type { ServicePropertyQuery } from '../protocol/schema/index.js'
import { documentText, isWellFormed } from './arguments.js'
import { SYSTEM_QUERY } from './check-host-options.js'
import type { ComputeSystemQuery, ComputeSystemSummary } from './host-options.js'
import type { HostParts } from './host-parts.js'
import type { HostThreads } from './host-threads.js'
import type { CallOptions, Mailbox } from './mailbox/contract.js'
import { AWAITS_THREAD, leftOf, ofWhole, within } from './mailbox/within.js'
import { DEFAULT_TIMEOUT_MS } from './default-timeout.js'
import { documentOf, systemsOf } from './service-answers.js'
import type { ServiceRequests } from './threads/contract.js'
import { checkVmId } from './vm-setup.js'

type ServiceMailbox = Mailbox<ServiceRequests, Record<string, never>>

export class HostService {
  readonly #parts: HostParts
  readonly #threads: HostThreads
  #mailbox: ServiceMailbox | undefined

  constructor(parts: HostParts, threads: HostThreads) {
    this.#parts = parts
    this.#threads = threads
  }

  /** Starts the actor; again, when it was lost with its thread. */
  async start(): Promise<ServiceMailbox> {
    const { shared } = this.#threads
    const found = await shared.place()
    if (this.#mailbox !== undefined) return this.#mailbox
    const thread = shared.leastLoaded() ?? found
    const mailbox = shared.startActor<ServiceRequests, Record<string, never>>(thread, (port) => ({
      kind: 'service',
      port,
    }))
    this.#mailbox = mailbox
    void mailbox.ended.then((cause) => {
      if (cause !== undefined && this.#mailbox === mailbox) this.#mailbox = undefined
    })
    return mailbox
  }

  async stop(): Promise<void> {
    await this.#mailbox?.stop()
  }

  async #ask<K extends keyof ServiceRequests>(
    method: K,
    input: ServiceRequests[K]['input'],
    op: string,
    options: CallOptions | undefined,
    id?: string,
  ): Promise<ServiceRequests[K]['output']> {
    this.#parts.assertOpen(op, id)
    const subject = id === undefined ? { op } : { op, id }
    if (this.#mailbox !== undefined) return this.#mailbox.call(method, input, subject, options)
    const { clock } = this.#parts.environment
    const startedMs = clock.now()
    const time = { signal: options?.signal, timeoutMs: options?.timeoutMs ?? DEFAULT_TIMEOUT_MS }
    const mailbox = await within(this.start(), subject, time, clock, AWAITS_THREAD)
    const left = options && leftOf(options, startedMs, clock)
    return mailbox.call(method, input, subject, left).catch((error: unknown) => {
      throw ofWhole(error, options)
    })
  }

  async list(
    query: ComputeSystemQuery,
    options: CallOptions | undefined,
    op = 'host.listVMs',
  ): Promise<ComputeSystemSummary[]> {
    checkOptions({ op }, query, SYSTEM_QUERY)
    // Members of a query keep the caller's order.
    const text = documentText({ op }, undefined, query)
    return systemsOf(op, await this.#ask('enumerate', { query: text === '{}' ? '' : text }, op, options))
  }

  async properties(query: ServicePropertyQuery, options: CallOptions | undefined): Promise<unknown> {
    const op = 'host.serviceProperties'
    // Members of a query keep the caller's order.
    const text = documentText({ op }, undefined, query)
    return documentOf(op, await this.#ask('serviceProperties', { query: text }, op, options))
  }

  async modify(settings: unknown, options: CallOptions | undefined): Promise<void> {
    const op = 'host.modifyServiceSettings'
    const text = documentText({ op }, 'ModificationRequest', settings)
    await this.#ask('modifyService', { settings: text }, op, options)
  }

  async access(
    method: 'grantAccess' | 'revokeAccess',
    op: string,
    vmId: string,
    path: string,
    options: CallOptions | undefined,
  ): Promise<void> {
    checkVmId(op, vmId)
    checkPath({ op, id: vmId }, path)
    await this.#ask(method, { vmId, path }, op, options, vmId)
  }

  async workingSet(runtimeId: string, options: CallOptions | undefined): Promise<number | undefined> {
    const op = 'host.workingSet'
    const guid = typeof runtimeId === 'string' ? parseGuid(runtimeId) : undefined
    if (guid === undefined)
      throw new InvalidConfigError({ op, path: 'runtimeId', value: runtimeId, reason: 'expected a GUID' })
    const bytes = await this.#ask('workingSet', { runtimeId: guid }, op, options)
    return bytes === '' ? undefined : Number(bytes)
  }

  async file(what: HcsFileCall, op: string, path: string, options: CallOptions | undefined): Promise<string> {
    checkPath({ op }, path)
    return this.#ask('file', { what, path, op }, op, options)
  }
}

/** @throws {InvalidConfigError} */
function checkPath(subject: { op: string; id?: string }, path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0') && isWellFormed(path)) return
  throw new InvalidConfigError({ ...subject, path: 'path', value: path, reason: 'expected a file path' })
}
