// A VM as its caller holds it: the manager interfaces over the mailbox of its actor.
//
// What is decided here: arguments, and what this side closed itself. Whether the VM is in the right state is for HCS to say.

import { HcsError, InvalidStateError } from '../../errors.js'
import { fromWireError } from '../../errors-wire.js'
import type { MigrationStep } from '../../native/hcs.js'
import {
  HOST_METHODS,
  type HostManagers,
  type HostMethod,
  type HostMethodRule,
} from '../../protocol/host-modifications/index.js'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord, JsonError, parseJson } from '../../protocol/json.js'
import type {
  MigrationCancelOptions,
  MigrationFinalizedOptions,
  MigrationInitializeOptions,
  MigrationTransferOptions,
  OperationSystemMigrationNotificationInfo,
  Properties,
  PropertyQuery,
  PropertyType,
  SaveOptions,
} from '../../protocol/schema/index.js'
import { checkTexts, documentText, readArgument } from '../arguments.js'
import { Events, type EventNames } from '../events.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import { checkCallOptions, checkWanted } from '../mailbox/call-options.js'
import type { CallOptions } from '../mailbox/contract.js'
import { within } from '../mailbox/within.js'
import { changeOf, ownChange, type Change, type HostModifyRequest, type Subject } from './changes.js'
import type { ExitNotice, VmRecall } from './contract.js'
import type { VmWiring } from './wiring.js'
import type { ExitStatus, MigrationConfig } from './managers/index.js'
import { MigrationSocket } from './managers/migration-socket.js'
import { migrationOptions, migrationStart } from './managers/migration.js'
import { EventStream } from '../event-stream.js'
import { hearCredited } from '../hear-credited.js'
import { barredError } from './queue.js'
import { VM_EVENTS, type VmEvents } from './vm-events.js'
import type { UtilityVMLike } from './vm-like.js'

/** What `migrationNotifications` answers. */
export type MigrationNotifications = EventStream<OperationSystemMigrationNotificationInfo>

interface Recorded {
  status: ExitStatus
  notice: ExitNotice
}

/** The methods of the host managers are made from their statements, below. */
const ModifiableEvents = Events as new (label: string, names: EventNames<VmEvents>) => Events<VmEvents> & HostManagers

export class UtilityVM extends ModifiableEvents implements UtilityVMLike {
  readonly id: string
  readonly runtimeId: string
  readonly guestOS: GuestOS
  readonly #wiring: VmWiring
  #exit: Recorded | undefined
  #closing: Promise<void> | undefined
  #startedMs: number | undefined
  /** When this side heard of the start. */
  #recalledStartMs: number | undefined
  /** Who reads migration notifications. */
  readonly #migrationReaders = new Set<MigrationNotifications>()
  #hasMigrated = false
  readonly #socket: MigrationSocket

  /** @internal made by Host.createVM and Host.openVM */
  constructor(wiring: VmWiring) {
    super('vm', VM_EVENTS)
    this.#wiring = wiring
    this.id = wiring.id
    this.guestOS = wiring.guestOS
    this.runtimeId = wiring.attached.runtimeId
    const { mailbox, attached } = wiring
    this.#socket = new MigrationSocket(wiring.relaySocket, mailbox.clock)
    if (attached.exit !== undefined) {
      const exit = this.#record(attached.exit)
      // Told once whoever asked for the VM has it and can listen.
      mailbox.clock.immediate(() => this.#announce(exit))
    }
    mailbox.onNotice('exit', (notice) => this.#exited(notice))
    const crashed = (document: unknown, dropped: number): void => {
      if (dropped > 0) wiring.hooks.dropped?.('crash-report', dropped)
      if (dropped > 0) this.emit('dropped', 'crash-report', dropped)
      this.emit('crash-report', document)
    }
    hearCredited<'crashReport', unknown>(mailbox, 'crashReport', this.#subject('crashReport'), crashed)
    mailbox.onNotice('guestConnectionClosed', () => this.emit('guest-connection-closed'))
    mailbox.onNotice('migration', (info) => {
      for (const reader of this.#migrationReaders) reader.push(info)
      this.emit('migration', info)
    })
    mailbox.onNotice('disconnected', () => this.#endMigrationReaders())
    void mailbox.ended.then(() => this.#endMigrationReaders())
  }

  #record(notice: ExitNotice): ExitStatus {
    const { status, exitType, attribution, error } = notice
    const exit: ExitStatus = {
      status,
      exitType,
      ...(attribution === undefined ? {} : { attribution }),
      ...(error === undefined ? {} : { error: fromWireError(error) as HcsError }),
    }
    this.#exit = { status: exit, notice }
    return exit
  }

  #exited(notice: ExitNotice): void {
    if (this.#exit !== undefined) return
    this.#announce(this.#record(notice))
  }

  #announce(exit: ExitStatus): void {
    const cause =
      exit.error ??
      new InvalidStateError({ id: this.id, state: 'exited', reason: `the VM has exited (${exit.exitType})` })
    this.#wiring.hooks.exited(exit, cause)
    this.#endMigrationReaders()
    this.emit('exit', exit)
  }

  /** @internal What an actor must know that takes the place of a lost one. */
  get recall(): Pick<VmRecall, 'exit' | 'startedMs' | 'hasMigrated'> {
    return {
      exit: this.#exit?.notice,
      startedMs: this.#startedMs ?? this.#recalledStartMs,
      hasMigrated: this.#hasMigrated,
    }
  }

  #subject(method: string): { op: string; id: string } {
    return { op: `vm.${method}`, id: this.id }
  }

  #assertOpen(method: string): void {
    if (this.#closing !== undefined) throw barredError('closed', this.#subject(method))
  }

  async start(options?: CallOptions): Promise<void> {
    this.#assertOpen('start')
    checkWanted(options, this.#subject('start'))
    this.#wiring.hooks.starting?.()
    await this.#wiring.mailbox.call('start', { options: '' }, this.#subject('start'), options)
    this.#noteStart()
  }

  /** Behind every start that this side hears of; the actor knows better, as long as it lives. */
  #noteStart(): void {
    this.#recalledStartMs ??= this.#wiring.mailbox.clock.wallTime()
  }

  async terminate(options?: CallOptions): Promise<void> {
    checkCallOptions(options, this.#subject('terminate'))
    if (this.#closing !== undefined || this.#exit !== undefined) return
    await this.#wiring.mailbox.call('terminate', {}, this.#subject('terminate'), options)
  }

  async shutdown(options?: CallOptions): Promise<void> {
    checkCallOptions(options, this.#subject('shutdown'))
    if (this.#closing !== undefined || this.#exit !== undefined) return
    await this.#wiring.mailbox.call('shutdown', {}, this.#subject('shutdown'), options)
  }

  async close(options?: CallOptions): Promise<void> {
    checkWanted(options, this.#subject('close'))
    this.#closing ??= this.#close()
    return within(this.#closing, this.#subject('close'), options, this.#wiring.mailbox.clock)
  }

  async #close(): Promise<void> {
    const guestClosed = this.#wiring.hooks.closing()
    // A lost actor has no handle of ours any more.
    await this.#wiring.mailbox.call('close', {}, this.#subject('close')).catch(() => undefined)
    await this.#wiring.mailbox.stop()
    // The next VM of this id may have a Guest at once.
    await guestClosed?.catch(() => undefined)
    this.#endMigrationReaders()
    this.endEvents()
    await this.#wiring.hooks.closed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async pause(options?: CallOptions): Promise<void> {
    this.#assertOpen('pause')
    await this.#wiring.mailbox.call('pause', { options: '' }, this.#subject('pause'), options)
  }

  async resume(options?: CallOptions): Promise<void> {
    this.#assertOpen('resume')
    await this.#wiring.mailbox.call('resume', {}, this.#subject('resume'), options)
  }

  async save(options: SaveOptions, callOptions?: CallOptions): Promise<void> {
    const subject = this.#subject('save')
    const text = documentText(subject, 'SaveOptions', options)
    this.#assertOpen('save')
    await this.#wiring.mailbox.call('save', { options: text }, subject, callOptions)
  }

  async wait(options?: CallOptions): Promise<ExitStatus> {
    checkCallOptions(options, this.#subject('wait'))
    if (this.#exit === undefined) {
      this.#assertOpen('wait')
      const notice = await this.#wiring.mailbox.call('wait', {}, this.#subject('wait'), options)
      // The notice of the exit comes before this answer; a fake actor may answer without one.
      this.#exited(notice)
    }
    return { ...this.#exit!.status }
  }

  async propertiesV2(types: PropertyType[], options?: CallOptions): Promise<Properties> {
    const subject = this.#subject('propertiesV2')
    readArgument(subject, 'types', () => checkTexts(subject, 'types', types))
    const query = types.length === 0 ? '' : documentText(subject, 'PropertyQuery', { PropertyTypes: types })
    return this.#properties(subject, query, options)
  }

  async propertiesV3(query: PropertyQuery, options?: CallOptions): Promise<Properties> {
    const subject = this.#subject('propertiesV3')
    return this.#properties(subject, documentText(subject, 'PropertyQuery', query), options)
  }

  async #properties(subject: { op: string; id: string }, query: string, options?: CallOptions): Promise<Properties> {
    if (this.#closing !== undefined) throw barredError('closed', subject)
    const text = await this.#wiring.mailbox.call('properties', { query, op: subject.op }, subject, options)
    try {
      const document = parseJson(text)
      if (isRecord(document)) return document as Properties
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
    }
    const detail = 'the service answered with something that is no property document'
    throw new HcsError({ ...subject, hresult: HRESULT.E_UNEXPECTED, detail })
  }

  async startedTime(): Promise<Date | undefined> {
    if (this.#startedMs === undefined && this.#closing === undefined) {
      this.#startedMs = (await this.#wiring.mailbox.call('times', {}, this.#subject('startedTime'))).startedMs
    }
    return this.#startedMs === undefined ? undefined : new Date(this.#startedMs)
  }

  async stoppedTime(): Promise<Date | undefined> {
    return this.#exit === undefined ? undefined : new Date(this.#exit.notice.atMs)
  }

  async exitError(): Promise<Error | undefined> {
    if (this.#exit === undefined) {
      throw new InvalidStateError({ ...this.#subject('exitError'), state: 'running', reason: 'the VM has not exited' })
    }
    return this.#exit.status.error
  }

  // ---------------------------------------------------------------------------------------------------------- modifications

  static {
    for (const [method, { takes }] of Object.entries(HOST_METHODS) as [HostMethod, HostMethodRule][]) {
      const modify = function (this: UtilityVM, ...args: unknown[]): Promise<void> {
        return this.#modify(method, args.slice(0, takes.length), args[takes.length] as CallOptions | undefined)
      }
      Object.defineProperty(modify, 'name', { value: method })
      Object.defineProperty(this.prototype, method, { value: modify, writable: true, configurable: true })
    }
  }

  #modify(method: HostMethod, args: readonly unknown[], options: CallOptions | undefined): Promise<void> {
    const subject = this.#subject(method)
    return this.#change(subject, 'settings', () => changeOf(subject, method, args), options)
  }

  /**
   * Sends a modify request of the caller's own, for what no method is about. Queued like every change; the service judges it.
   *
   * @throws {InvalidConfigError} an unknown member, no resource path, an unknown request type, settings that are no JSON
   * @throws {HcsError} the service refused it
   */
  modify(request: HostModifyRequest, options?: CallOptions): Promise<void> {
    const subject = this.#subject('modify')
    return this.#change(subject, 'request', () => ownChange(subject, request), options)
  }

  /** The one asynchronous function on the way: calls that are answered together settle in the order of their answers. */
  async #change(subject: Subject, path: string, read: () => Change, options: CallOptions | undefined): Promise<void> {
    const change = readArgument(subject, path, read)
    if (this.#closing !== undefined) throw barredError('closed', subject)
    await this.#wiring.mailbox.call('modify', change, { ...subject, path: change.path }, options)
  }

  // -------------------------------------------------------------------------------------------------------------- migration

  async startWithMigrationOptions(config: MigrationConfig, options?: CallOptions): Promise<void> {
    const subject = this.#subject('startWithMigrationOptions')
    const start = readArgument(subject, 'config', () => migrationStart(subject, config, 'Destination'))
    this.#assertLendable(subject, options)
    await this.#socket.lend(subject, start.socket, (socket) => {
      this.#wiring.hooks.starting?.()
      return this.#wiring.mailbox.call('startMigrated', { options: start.options, socket }, subject, options)
    })
    this.#hasMigrated = true
    this.#noteStart()
  }

  async initializeLiveMigrationOnSource(settings?: MigrationInitializeOptions, options?: CallOptions): Promise<void> {
    const subject = this.#subject('initializeLiveMigrationOnSource')
    const text = migrationOptions(subject, 'MigrationInitializeOptions', settings)
    await this.#migrate('initialize-source', text, subject, options)
  }

  async startLiveMigrationOnSource(config: MigrationConfig, options?: CallOptions): Promise<void> {
    const subject = this.#subject('startLiveMigrationOnSource')
    const start = readArgument(subject, 'config', () => migrationStart(subject, config, 'Source'))
    this.#assertLendable(subject, options)
    await this.#socket.lend(subject, start.socket, (socket) =>
      this.#migrate('start-source', start.options, subject, options, socket),
    )
  }

  async startLiveMigrationTransfer(settings?: MigrationTransferOptions, options?: CallOptions): Promise<void> {
    const subject = this.#subject('startLiveMigrationTransfer')
    const text = migrationOptions(subject, 'MigrationTransferOptions', settings)
    await this.#migrate('transfer', text, subject, options)
  }

  async cancelLiveMigration(settings?: MigrationCancelOptions, options?: CallOptions): Promise<void> {
    const subject = this.#subject('cancelLiveMigration')
    const text = migrationOptions(subject, 'MigrationCancelOptions', settings)
    await this.#migrate('cancel', text, subject, options)
  }

  async finalizeLiveMigration(settings?: MigrationFinalizedOptions, options?: CallOptions): Promise<void> {
    const subject = this.#subject('finalizeLiveMigration')
    const text = migrationOptions(subject, 'MigrationFinalizedOptions', settings)
    await this.#migrate('finalize', text, subject, options)
  }

  migrationNotifications(): MigrationNotifications {
    const reader: MigrationNotifications = new EventStream(() => this.#migrationReaders.delete(reader))
    if (this.#exit !== undefined || this.#closing !== undefined) reader.end()
    else this.#migrationReaders.add(reader)
    return reader
  }

  #endMigrationReaders(): void {
    for (const reader of this.#migrationReaders) reader.end()
    this.#migrationReaders.clear()
  }

  async #migrate(
    step: MigrationStep,
    text: string,
    subject: Subject,
    options: CallOptions | undefined,
    socket?: bigint,
  ): Promise<void> {
    if (this.#closing !== undefined) throw barredError('closed', subject)
    const input = { step, options: text, op: subject.op, ...(socket === undefined ? {} : { socket }) }
    await this.#wiring.mailbox.call('migrate', input, subject, options)
    if (step !== 'cancel') this.#hasMigrated = true
    if (step === 'finalize' || step === 'cancel') await this.#socket.returned()
  }

  /** Before a stream is made known to anybody. */
  #assertLendable(subject: Subject, options: CallOptions | undefined): void {
    checkWanted(options, subject)
    if (this.#closing !== undefined) throw barredError('closed', subject)
  }
}
