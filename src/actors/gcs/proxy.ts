// The guest as its caller holds it: the manager interfaces over the mailbox of the VM's GCS actor.
//
// What is decided here, before anything is sent: wrong arguments, a method meant for the other guest system, and calls on a guest
// that was closed or whose VM has exited. Everything else is the actor's answer.

import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  UnsupportedGuestError,
} from '../../errors.js'
import { fromWireError, toWireError } from '../../errors-wire.js'
import type { LcowProcessParameters, ProcessParameters } from '../../protocol/schema/index.js'
import { isGuid, normaliseGuid } from '../../protocol/guid.js'
import { documentText } from '../arguments.js'
import type { CallOptions, CallSubject } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import { execParameters, relay } from './exec.js'
import type { GuestLink } from './link.js'
import type { ConnectOptions, ExecRequest, GuestCapabilities, GuestManager, LogRecord } from './managers.js'
import type { GuestProcess } from './process-proxy.js'
import { startProcess } from './process-start.js'
import { guestMethod, type GuestMethodName } from './requests.js'
import { GuestResources } from './resource-proxy.js'

export interface GuestEvents {
  /** The connection ended; no error when it was closed on purpose. */
  disconnected: [error?: Error]
  log: [LogRecord]
  warning: [Error]
}

/** Local end of a Guest: closed by its caller, or ended with its VM. */
type Ending = { kind: 'closed' } | { kind: 'vm-exited'; cause: Error }

export class Guest extends GuestResources<GuestEvents> implements GuestManager {
  readonly guestOS: GuestOS
  readonly #link: GuestLink
  #ending: Ending | undefined
  #connectedBefore = false
  #closing: Promise<void> | undefined

  /** @internal made by Host.createGuest */
  constructor(link: GuestLink) {
    super()
    this.#link = link
    this.guestOS = link.guestOS
    link.mailbox.onNotice('disconnected', (record) => {
      const error = record === undefined ? undefined : fromWireError(record)
      link.hooks.disconnected(error)
      if (error === undefined) this.emit('disconnected')
      else this.emit('disconnected', error)
    })
    link.mailbox.onNotice('warning', (record) => this.emit('warning', fromWireError(record)))
    link.mailbox.onNotice('log', ({ timeMs, ...rest }) =>
      this.emit('log', timeMs === undefined ? rest : { ...rest, time: new Date(timeMs) }),
    )
  }

  /** @internal The VM has exited: from here on every call that needs the guest is refused. */
  vmExited(cause: Error): void {
    if (this.#ending !== undefined) return
    this.#ending = { kind: 'vm-exited', cause }
    this.#link.mailbox.call('vmExited', { cause: toWireError(cause) }, this.#subject('vmExited')).catch(() => undefined)
  }

  #subject(method: string): CallSubject {
    return { op: `guest.${method}`, id: this.#link.vmId }
  }

  /** Refuses a call that needs the guest when this side knows that there is none. */
  #assertAlive(method: string): void {
    const ending = this.#ending
    if (ending === undefined) return
    const subject = this.#subject(method)
    const why = ending.kind === 'closed' ? 'the guest was closed' : 'the VM has exited'
    throw new GuestConnectionUnavailableError({
      ...subject,
      reason: why,
      cause: new BridgeClosedError({
        ...subject,
        reason: why,
        ...(ending.kind === 'closed' ? {} : { cause: ending.cause }),
      }),
    })
  }

  /** Refuses what would open the connection again on a Guest that is over. */
  #assertOpen(method: string): void {
    if (this.#ending?.kind !== 'closed') return this.#assertAlive(method)
    throw new InvalidStateError({ ...this.#subject(method), state: 'closed', reason: 'the guest was closed' })
  }

  async prepareConnection(serviceId?: string, options?: CallOptions): Promise<void> {
    this.#assertOpen('prepareConnection')
    if (serviceId !== undefined && !isGuid(serviceId)) {
      const subject = this.#subject('prepareConnection')
      throw new InvalidConfigError({ ...subject, path: 'serviceId', value: serviceId, reason: 'expected a GUID' })
    }
    const input = serviceId === undefined ? {} : { serviceId: normaliseGuid(serviceId) }
    await this.#link.mailbox.call('prepare', input, this.#subject('prepareConnection'), options)
  }

  async createConnection(options: ConnectOptions & CallOptions = {}): Promise<void> {
    this.#assertOpen('createConnection')
    const subject = this.#subject('createConnection')
    const { coldStart = !this.#connectedBefore, initialState, signal, timeoutMs } = options
    if (typeof coldStart !== 'boolean') {
      throw new InvalidConfigError({ ...subject, path: 'coldStart', value: coldStart, reason: 'expected a boolean' })
    }
    const zone = initialState?.timezone
    const timeZone = zone === undefined ? '' : documentText(subject, 'TimeZoneInformation', zone)
    await this.#link.mailbox.call('connect', { coldStart, timeZone }, subject, { signal, timeoutMs })
    this.#connectedBefore = true
  }

  async closeConnection(options?: CallOptions): Promise<void> {
    if (this.#ending !== undefined) return
    await this.#link.mailbox.call('disconnect', {}, this.#subject('closeConnection'), options)
  }

  async isConnected(): Promise<boolean> {
    return (await this.capabilities()) !== undefined
  }

  async capabilities(): Promise<GuestCapabilities | undefined> {
    if (this.#ending !== undefined) return undefined
    const negotiated = await this.#link.mailbox.call('negotiated', {}, this.#subject('capabilities'))
    if (negotiated === undefined) return undefined
    const { guestOS, capabilities, guestDefined } = negotiated
    return { ...capabilities, guestOS, GuestDefinedCapabilities: { ...guestDefined } } as GuestCapabilities
  }

  async dumpStacks(options?: CallOptions): Promise<string> {
    this.#assertAlive('dumpStacks')
    return this.#link.mailbox.call('dumpStacks', {}, this.#subject('dumpStacks'), options)
  }

  async createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcess> {
    this.#assertAlive('createProcess')
    return this.#start('createProcess', parameters, options)
  }

  async execInUVM(request: ExecRequest, options?: CallOptions): Promise<number> {
    const startedMs = performance.now()
    const parameters = execParameters(request, this.guestOS, this.#link.vmId)
    this.#assertAlive('execInUVM')
    const process = await this.#start('execInUVM', parameters, options)
    // The caller's time counts from the call: what the start took is gone.
    const timeoutMs = options?.timeoutMs
    const left =
      timeoutMs === undefined ? undefined : Math.max(timeoutMs - (performance.now() - startedMs), Number.MIN_VALUE)
    return relay(process, request, this.#subject('execInUVM'), { signal: options?.signal, timeoutMs: left })
  }

  #start(method: string, parameters: ProcessParameters, options: CallOptions | undefined): Promise<GuestProcess> {
    return startProcess(this.#link, undefined, parameters, this.#subject(method), options)
  }

  /** One ModifySettings of the table: the wrong guest system first, then the arguments, then whether there is a guest at all. */
  protected async modify(
    method: GuestMethodName,
    request: (vmId: string) => string,
    options: CallOptions | undefined,
  ): Promise<void> {
    const subject = this.#subject(method)
    const { os, needs } = guestMethod(method)
    if (os !== undefined && os !== this.guestOS) {
      const reason = `it is meant for ${os} guests and this one is a ${this.guestOS} guest`
      throw new UnsupportedGuestError({ ...subject, reason })
    }
    const text = request(this.#link.vmId)
    this.#assertAlive(method)
    const input = { request: text, op: subject.op, ...(needs === undefined ? {} : { needs }) }
    await this.#link.mailbox.call('modify', input, subject, options)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#ending ??= { kind: 'closed' }
    await this.#link.mailbox.stop()
    this.#link.hooks.closed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
