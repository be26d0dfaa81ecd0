// The guest as its caller holds it: the manager interfaces over the mailbox of the VM's GCS actor.
//
// What is decided here, before anything is sent: wrong arguments, a method meant for the other guest system, and calls on a guest
// that was closed or whose VM has exited. Everything else is the actor's answer.

import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  OperationTimeoutError,
  withHint,
} from '../../errors.js'
import { toWireError } from '../../errors-wire.js'
import { guestMethod, type GuestMethodName } from '../../protocol/guest-resources/methods.js'
import type { Int64, LcowProcessParameters, ProcessParameters } from '../../protocol/schema/index.js'
import { isGuid, normaliseGuid } from '../../protocol/guid.js'
import { documentText, readArgument } from '../arguments.js'
import { hearWarnings } from '../hear-credited.js'
import { callOptionsOf, checkWanted } from '../mailbox/call-options.js'
import type { CallOptions, CallSubject } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { LogBatch } from './connection/log-outbox.js'
import { checkContainerDocument } from '../../protocol/lcow-hazards.js'
import { checkOptions } from '../../options/table.js'
import { StartedInits } from './container/started-inits.js'
import { ConnectionLife, unlessLost } from './connection-life.js'
import { Container } from './container/container-proxy.js'
import { runInUVM, type ExecHost } from './process/exec.js'
import { runForOutput } from './process/exec-output.js'
import {
  checkContainerId,
  checkPort,
  checkSystem,
  connectInput,
  CREATE_CONTAINER_OPTIONS,
  neededCapability,
  requestId,
  savedInput,
  serviceSettings,
} from './guest-arguments.js'
import { GUEST_EVENTS, logRecord, type GuestEvents } from './guest-events.js'
import type { GuestLike } from './guest-like.js'
import { closedOnPurpose, type GuestWiring } from './wiring.js'
import type {
  ConnectOptions,
  CreateContainerOptions,
  ExecOutput,
  ExecRequest,
  GuestCapabilities,
  SavedProcess,
} from './managers.js'
import { Breaks } from './process/breaks.js'
import type { GuestProcess } from './process/process-proxy.js'
import { startProcess, withStreams } from './process/process-start.js'
import { GuestResources } from './resource/resource-proxy.js'

/** Local end of a Guest: closed by its caller, or ended with its VM. */
type Ending = { kind: 'closed'; cause?: undefined } | { kind: 'vm-exited'; cause: Error }

export class Guest extends GuestResources<GuestEvents> implements GuestLike {
  readonly guestOS: GuestOS
  readonly #wiring: GuestWiring
  #ending: Ending | undefined
  readonly #breaks = new Breaks()
  #connectedBefore = false
  #closing: Promise<void> | undefined
  #nextContainerKey = 1
  readonly #inits = new StartedInits()
  /** @internal What brings it back when its actor is lost. */
  readonly life: ConnectionLife

  /** @internal made by Host.createGuest */
  constructor(wiring: GuestWiring) {
    super('guest', GUEST_EVENTS)
    this.guestOS = wiring.guestOS
    wiring.mailbox.whenStopped = closedOnPurpose
    this.life = new ConnectionLife(wiring, {
      disconnected: (...error) => {
        this.#breaks.cut(...error)
        this.emit('disconnected', ...error)
      },
      reconnected: () => this.emit('reconnected'),
      warning: (error) => this.emit('warning', error),
    })
    this.#wiring = { ...wiring, survivors: this.life.survivors }
    wiring.mailbox.onNotice('containerExited', (id) => {
      this.#inits.forget(id)
      wiring.journal?.containerEnded(id)
      this.emit('container-exited', id)
    })
    wiring.mailbox.onNotice('recording', (path) => this.emit('recording', path))
    hearWarnings(wiring.mailbox, wiring.vmId, this.warn)
  }

  /** @internal This, and what befell its log. */
  takeLogs({ entries, dropped }: LogBatch): void {
    if (dropped > 0) this.emit('dropped', 'log', dropped)
    for (const entry of entries) this.emit('log', logRecord(entry))
  }
  /** @internal */
  readonly warn = (error: Error, dropped = 0): void => {
    if (dropped > 0) this.#wiring.hooks.dropped?.('warning', dropped)
    if (dropped > 0) this.emit('dropped', 'warning', dropped)
    this.emit('warning', error)
  }

  /** @internal The VM has exited: from here on every call that needs the guest is refused. */
  vmExited(cause: Error): void {
    if (this.#ending !== undefined) return
    this.#ending = { kind: 'vm-exited', cause }
    this.life.vmExited(cause)
    const subject = this.#subject('vmExited')
    this.#wiring.mailbox.call('vmExited', { cause: toWireError(cause) }, subject).catch(() => undefined)
  }

  #subject(method: string): CallSubject {
    return { op: `guest.${method}`, id: this.#wiring.vmId }
  }

  /** Refuses a call that needs the guest when this side knows that there is none. */
  #assertAlive(subject: CallSubject): void {
    const ending = this.#ending
    if (ending === undefined) return
    const why = ending.kind === 'closed' ? 'the guest was closed' : 'the VM has exited'
    const closed = new BridgeClosedError({ ...subject, reason: why, cause: ending.cause })
    throw new GuestConnectionUnavailableError({ ...subject, reason: why, cause: closed })
  }

  /** The subject of a call that needs the guest. @throws {GuestConnectionUnavailableError} and what is wrong with the options */
  #ready(method: string, options?: CallOptions): CallSubject {
    const subject = this.#subject(method)
    this.#assertAlive(subject)
    checkWanted(options, subject)
    return subject
  }

  /** Refuses what would open the connection again on a Guest that is over. */
  #assertOpen(method: string): void {
    const subject = this.#subject(method)
    if (this.#ending?.kind !== 'closed') return this.#assertAlive(subject)
    throw new InvalidStateError({ ...subject, state: 'closed', reason: 'the guest was closed' })
  }

  async prepareConnection(serviceId?: string, options?: CallOptions): Promise<void> {
    this.#assertOpen('prepareConnection')
    if (serviceId !== undefined && !isGuid(serviceId)) {
      const subject = this.#subject('prepareConnection')
      throw new InvalidConfigError({ ...subject, path: 'serviceId', value: serviceId, reason: 'expected a GUID' })
    }
    const input = serviceId === undefined ? {} : { serviceId: normaliseGuid(serviceId) }
    await this.#wiring.mailbox.call('prepare', input, this.#subject('prepareConnection'), options)
  }

  async createConnection(options: ConnectOptions & CallOptions = {}): Promise<void> {
    this.#assertOpen('createConnection')
    const subject = this.#subject('createConnection')
    const { coldStart, timeZone } = readArgument(subject, 'options', () => connectInput(subject, options))
    const input = { coldStart: coldStart ?? !this.#connectedBefore, timeZone, firstId: this.life.firstId }
    try {
      await this.#wiring.mailbox.call('connect', input, subject, callOptionsOf(options))
    } catch (error) {
      if (!(error instanceof OperationTimeoutError) || this.#wiring.hooks.neverStarted?.() !== true) throw error
      throw withHint(error, 'the VM was never started: call its start()')
    }
    this.#connectedBefore = true
    await this.life.begun()
    await this.#wiring.journal?.connected()
  }

  async closeConnection(options?: CallOptions): Promise<void> {
    checkWanted(options, this.#subject('closeConnection'))
    if (this.#ending !== undefined) return
    this.life.unwanted()
    const closing = this.#wiring.mailbox.call('disconnect', {}, this.#subject('closeConnection'), options)
    // With its actor the connection is gone as well.
    await closing.catch((error: unknown) => unlessLost(error))
  }

  async isConnected(): Promise<boolean> {
    return (await this.capabilities()) !== undefined
  }

  async capabilities(): Promise<GuestCapabilities | undefined> {
    if (this.#ending !== undefined) return undefined
    const negotiated = await this.#wiring.mailbox.call('negotiated', {}, this.#subject('capabilities'))
    if (negotiated === undefined) return undefined
    const { guestOS, capabilities, guestDefined } = negotiated
    return { ...capabilities, guestOS, GuestDefinedCapabilities: { ...guestDefined } } as GuestCapabilities
  }

  async dumpStacks(options?: CallOptions): Promise<string> {
    return this.#wiring.mailbox.call('dumpStacks', {}, this.#ready('dumpStacks'), options)
  }

  async createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcess> {
    return startProcess(this.#wiring, undefined, parameters, this.#ready('createProcess'), options)
  }

  async execInUVM(request: ExecRequest, options?: CallOptions): Promise<number> {
    return runInUVM(this.#execHost('execInUVM'), request, options)
  }

  async exec(request: ExecRequest & { maxBytes?: number }, options?: CallOptions): Promise<ExecOutput> {
    return runForOutput(this.#execHost('exec'), request, options)
  }

  #execHost(method: string): ExecHost {
    return {
      ...this.#wiring,
      subject: this.#subject(method),
      ready: () => void this.#ready(method),
      guard: (signal, run) => this.#breaks.guard(this.#subject(method), signal, run),
      onLeft: (error) => this.emit('warning', error),
    }
  }

  /**
   * @throws {InvalidConfigError} a document that a Linux guest's agent would not survive: no specification, or one without process or
   *   root; `unchecked` sends it all the same
   * @throws {InvalidStateError} there is a handle on a container of this id already
   * @throws {GuestRPCError} the guest refused the document, or has such a container
   */
  async createContainer(
    id: string,
    config: unknown,
    options: CreateContainerOptions & CallOptions = {},
  ): Promise<Container> {
    const subject = this.#subject('createContainer')
    checkContainerId(subject, id)
    const text = documentText(subject, undefined, config)
    checkOptions(subject, options, CREATE_CONTAINER_OPTIONS)
    if (this.guestOS === 'linux' && options.unchecked !== true) checkContainerDocument(subject, text)
    const needs =
      this.guestOS === 'windows' ? readArgument(subject, 'config', () => neededCapability(config)) : undefined
    this.#ready('createContainer', callOptionsOf(options))
    const input = { id, config: text, op: subject.op, ...(needs === undefined ? {} : { needs }) }
    const container = await this.#container(id, (key) =>
      this.#wiring.mailbox.call('createContainer', { key, ...input }, subject, callOptionsOf(options)),
    )
    // Another of its name had an init of its own.
    this.#inits.created(id)
    return container
  }

  async openContainer(id: string, options?: CallOptions): Promise<Container> {
    const subject = this.#subject('openContainer')
    checkContainerId(subject, id)
    this.#ready('openContainer', options)
    return this.#container(id, (key) => this.#wiring.mailbox.call('openContainer', { key, id }, subject, options))
  }

  async #container(id: string, ask: (key: number) => Promise<void>): Promise<Container> {
    const key = this.#nextContainerKey++
    const { mailbox, journal } = this.#wiring
    try {
      await ask(key)
    } catch (error) {
      // The answer may have been on its way when the caller gave up: then nobody holds what it brought.
      mailbox.call('discardContainer', { key }, this.#subject('discardContainer')).catch(() => undefined)
      throw error
    }
    const assertAlive = (subject: CallSubject): void => this.#assertAlive(subject)
    const container = new Container({ ...this.#wiring, key, id, assertAlive, inits: this.#inits })
    await journal?.containerOpened(id)
    return container
  }

  async deleteContainerState(id: string, options?: CallOptions): Promise<void> {
    const subject = this.#subject('deleteContainerState')
    checkContainerId(subject, id)
    this.#ready('deleteContainerState')
    await this.#wiring.mailbox.call('deleteContainerState', { id }, subject, options)
    this.#inits.forget(id)
    this.#wiring.journal?.containerEnded(id)
  }

  async setMigrating(on: boolean): Promise<void> {
    const subject = this.#subject('setMigrating')
    if (typeof on !== 'boolean') {
      throw new InvalidConfigError({ ...subject, path: 'on', value: on, reason: 'expected a boolean' })
    }
    this.#assertOpen('setMigrating')
    this.life.setMigrating(on)
    await this.#wiring.mailbox.call('setMigrating', { on }, subject)
    await this.#wiring.hooks.migrating?.(on)
  }

  async resumeConnection(options?: CallOptions): Promise<void> {
    this.#assertOpen('resumeConnection')
    await this.#wiring.mailbox.call('resume', {}, this.#subject('resumeConnection'), options)
  }

  async nextPort(): Promise<number> {
    this.#assertOpen('nextPort')
    return this.#wiring.mailbox.call('nextPort', {}, this.#subject('nextPort'))
  }

  async setNextPort(port: number): Promise<void> {
    const subject = this.#subject('setNextPort')
    checkPort(subject, 'port', port)
    this.#assertOpen('setNextPort')
    await this.#wiring.mailbox.call('seedNextPort', { port }, subject)
  }

  async bridgeNextId(): Promise<bigint> {
    return this.#wiring.mailbox.call('nextId', {}, this.#ready('bridgeNextId'))
  }

  async seedBridgeNextId(next: Int64): Promise<void> {
    const subject = this.#subject('seedBridgeNextId')
    const id = requestId(subject, 'next', next, 0n)
    this.#ready('seedBridgeNextId')
    await this.#wiring.mailbox.call('seedNextId', { next: id }, subject)
  }

  /** Output that the guest writes again after a migration may repeat up to 128 KiB. */
  async openProcess(saved: SavedProcess, options?: CallOptions): Promise<GuestProcess> {
    const subject = this.#subject('openProcess')
    const input = readArgument(subject, 'saved', () => savedInput(subject, saved))
    this.#ready('openProcess', options)
    const { stdin, stdout, stderr } = input.ports
    const wanted = { stdin: stdin !== undefined, stdout: stdout !== undefined, stderr: stderr !== undefined }
    return withStreams(this.#wiring, saved.containerId, wanted, 'closeProcess', (key, remote, transfer) =>
      this.#wiring.mailbox.call('openProcess', { key, ...input, ...remote }, subject, options, transfer),
    )
  }

  async modifyServiceSettings(service: string, settings: unknown, options?: CallOptions): Promise<void> {
    const subject = this.#subject('modifyServiceSettings')
    checkSystem(subject, this.guestOS, ['windows'])
    if (typeof service !== 'string' || service === '') {
      const reason = 'expected a non-empty string'
      throw new InvalidConfigError({ ...subject, path: 'service', value: service, reason })
    }
    const text = readArgument(subject, 'settings', () => serviceSettings(subject, settings))
    const input = { service, settings: text }
    this.#ready('modifyServiceSettings')
    await this.#wiring.mailbox.call('modifyService', input, subject, options)
  }

  /** The wrong guest system first, then the arguments, then whether there is a guest at all. */
  protected modify(
    method: GuestMethodName,
    write: (subject: CallSubject) => string,
    options: CallOptions | undefined,
  ): Promise<void> {
    // Not async: a promise less of each of very many calls.
    try {
      const { op, resource } = guestMethod(method)
      const { guests, needs } = resource
      const subject = { op, id: this.#wiring.vmId }
      checkSystem(subject, this.guestOS, guests)
      const request = readArgument(subject, 'settings', () => write(subject))
      this.#assertAlive(subject)
      const input = needs === undefined ? { request, op } : { request, op, needs }
      return this.#wiring.mailbox.call('modify', input, subject, options) as Promise<void>
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /**
   * Writes the recording of the connection, or of the last one, to a file; `npm run recording -- file` prints it.
   *
   * @throws {InvalidStateError} nothing is recorded, or there was no connection yet
   */
  async saveRecording(path: string, options?: CallOptions): Promise<void> {
    const subject = this.#subject('saveRecording')
    if (typeof path !== 'string' || path === '') {
      throw new InvalidConfigError({ ...subject, path: 'path', value: path, reason: 'expected a non-empty string' })
    }
    // Also of a guest whose VM has exited: that is when it is wanted.
    if (this.#ending?.kind === 'closed') this.#assertOpen('saveRecording')
    await this.#wiring.mailbox.call('saveRecording', { path }, subject, options)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#ending ??= { kind: 'closed' }
    this.life.unwanted()
    await this.#wiring.mailbox.stop()
    await this.#wiring.hooks.closed()
    this.endEvents()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
