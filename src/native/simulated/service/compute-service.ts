// The simulated compute service: what a provider may ask of it. It does no I/O of its own beyond looking at host files; the clock, the
// guests and the way events leave are passed in.

import { HRESULT } from '../../../protocol/hresult.js'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'
import type { HcsFileCall, HcsEvent, MigrationStep } from '../../hcs.js'
import { CallPath, type Call } from './calls.js'
import { readCreateDocument } from '../state/create-document.js'
import { selectSystems } from './enumerate.js'
import { HcsFailure, refusal } from '../failure.js'
import type { BuiltinGuest } from '../guests/machine.js'
import { HandleTable } from './handles.js'
import { fileProblem, makeEmptyFile } from '../devices/host-files.js'
import { LiveSystem, type Handle, type SystemHost } from '../state/live-system.js'
import { Migrations } from '../migration/migrations.js'
import { readRequest } from '../devices/modify.js'
import { SystemOperations } from './system-operations.js'
import type { ServiceOptions } from '../options.js'
import { ServiceSettings } from './service-settings.js'
import type { Operation } from '../state/operation.js'
import { checkState, type StatefulOp } from '../state/states.js'
import { ComputeSystemModel, EXIT } from '../state/system.js'
import { LivingSystems } from './living-systems.js'
import { checkTopology } from '../state/topology.js'

export interface ServiceSurroundings {
  clock: Clock
  /** Makes the guest of a system that starts; undefined for none. */
  startGuest?: (system: SystemHost) => BuiltinGuest
  /** The stream that a migration socket stands for; each can be taken once. */
  takeSocket?: (socket: bigint) => Duplex | undefined
  /** Told of every system that has ended, before its id can be used again. */
  ended?: ((runtimeId: string) => void) | undefined
}

/** Not the machine's, so that documents mean the same everywhere. */
const DEFAULT_PROCESSORS = 64

type Deliver = (event: HcsEvent) => void

/** Whom access of all VMs is granted to: no VM has an empty id. */
const EVERY_VM = ''
const NO_FEATURES = '{"ProcessorFeatures":[]}'

export class ComputeService {
  readonly #options: ServiceOptions
  readonly #clock: Clock
  readonly #processors: number
  readonly #handles: HandleTable
  readonly #systems: LivingSystems
  readonly #calls: CallPath
  readonly #operations: SystemOperations
  readonly #migrations: Migrations
  readonly #settings: ServiceSettings
  readonly #access = new Map<string, Set<string>>()

  constructor(options: ServiceOptions, surroundings: ServiceSurroundings) {
    const { clock, startGuest, takeSocket = () => undefined, ended } = surroundings
    this.#options = options
    this.#clock = clock
    this.#processors = options.processors ?? DEFAULT_PROCESSORS
    this.#settings = new ServiceSettings(this.#processors)
    this.#handles = new HandleTable(clock)
    this.#systems = new LivingSystems(options, this.#handles, this.#settings, ended)
    this.#calls = new CallPath(options, clock, this.#systems, this.#handles)
    const [systems, handles] = [this.#systems, this.#handles]
    const strict = options.strictDocuments === true
    this.#operations = new SystemOperations({ clock, strict, startGuest, systems })
    this.#migrations = new Migrations({ clock, systems, handles, startGuest, takeSocket })
  }

  /** Creates a system and opens the first handle on it. @throws {HcsFailure} */
  create(client: string, id: string, text: string, deliver: Deliver): Promise<number> {
    return this.#calls.pass({ op: 'create', id }, () => {
      if (id === '') throw new HcsFailure(HRESULT.E_INVALIDARG)
      const document = readCreateDocument(text, this.#options.strictDocuments === true)
      checkState('create', this.#systems.sharingRuntimeId(id)?.model.state ?? 'none')
      checkTopology(document, this.#processors)
      const model = new ComputeSystemModel(id, document, () => this.#clock.now())
      const group = model.live.cpuGroup
      if (group !== undefined && !this.#settings.hasGroup(group)) {
        throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no CPU group ${group}`)
      }
      const system = new LiveSystem(model, (host) => this.#operations.poweredOff(host))
      this.#systems.add(system)
      return this.#handles.add(system, client, deliver)
    })
  }

  /** @throws {HcsFailure} */
  open(client: string, id: string, deliver: Deliver): Promise<number> {
    return this.#calls.pass({ op: 'open', id }, () => {
      const system = this.#systems.get(id)
      checkState('open', system?.model.state ?? 'none')
      return this.#handles.add(system!, client, deliver)
    })
  }

  /** Gives a handle that lost its owner to another one, with the events that came meanwhile. @throws {HcsFailure} */
  adopt(number: number, client: string, deliver: Deliver): void {
    this.#handles.adopt(number, client, deliver)
  }

  /** See HandleTable.orphan. */
  orphan(isOwned: (deliver: Deliver) => boolean): void {
    this.#handles.orphan(isOwned)
  }

  /** One operation on a handle; resolves with the result document. @throws {HcsFailure} */
  async operate(
    number: number,
    op: StatefulOp,
    argument: string,
    step?: MigrationStep,
    socket?: bigint,
  ): Promise<string> {
    const { isOver, system } = this.#handles.get(number)
    if (isOver) throw new HcsFailure(HRESULT.HCS_E_SERVICE_DISCONNECT)
    const operation: Operation =
      op === 'modify' ? { op, request: readRequest(argument) } : { op, argument, step, socket }
    const call: Call = {
      op: op === 'crash' ? 'terminate' : op,
      id: system.model.id,
      system,
      path: operation.op === 'modify' ? operation.request.path : undefined,
      step: op === 'crash' ? 'Crash' : undefined,
    }
    return this.#calls.pass<string>(
      call,
      () => this.#migrations.claim(system, operation) ?? this.#operations.run(system, operation),
    )
  }

  /** Releases a handle; nothing is delivered to it from here on. A handle that is not open is no mistake. @throws {HcsFailure} a fault */
  async close(number: number): Promise<void> {
    const handle = this.#handles.find(number)
    if (handle === undefined) return
    const { system } = handle
    this.#handles.mute(handle)
    try {
      await this.#calls.pass({ op: 'close', id: system.model.id, system }, () => undefined)
    } finally {
      this.#release(handle)
    }
  }

  /** A client has left: its handles close. */
  leave(client: string): void {
    for (const handle of this.#handles.ofClient(client)) this.#release(handle)
  }

  /** A thread of a client is gone: what no thread has and nobody will adopt closes. */
  reap(client: string, keep: ReadonlySet<string>): void {
    for (const handle of this.#handles.orphansOf(client)) if (!keep.has(String(handle.number))) this.#release(handle)
  }

  #release(handle: Handle): void {
    const { system } = handle
    this.#handles.remove(handle)
    if (system.handles.size === 0 && system.model.terminatesWithLastHandle) this.#systems.end(system, EXIT.terminated)
  }

  // -------------------------------------------------------------------------------------------------------------- service

  /** @throws {HcsFailure} a query that is not valid */
  enumerate(query: string): string {
    const entries = this.#systems.all().map(({ model }) => model.basicProperties())
    return JSON.stringify(selectSystems(query, entries))
  }

  /** Systems that exist. */
  count(): number {
    return this.#systems.all().length
  }

  serviceProperties(query: string): string {
    return this.#settings.properties(query)
  }

  modifyService(settings: string): string {
    return this.#settings.modify(settings, (groupId) =>
      this.#systems.all().some(({ model }) => model.live.cpuGroup === groupId),
    )
  }

  grantAccess(vmId: string, path: string): void {
    const problem = fileProblem(path, true)
    if (problem !== undefined) throw new HcsFailure(problem)
    const paths = this.#access.get(vmId) ?? new Set()
    this.#access.set(vmId, paths.add(path))
  }

  revokeAccess(vmId: string, path: string): void {
    if (this.#access.get(vmId)?.delete(path) !== true) throw new HcsFailure(HRESULT.ERROR_NOT_FOUND)
  }

  /** @throws {HcsFailure} */
  file(what: HcsFileCall, path: string): string {
    switch (what) {
      case 'grant-group-access':
        this.grantAccess(EVERY_VM, path)
        return ''
      case 'revoke-group-access':
        this.revokeAccess(EVERY_VM, path)
        return ''
      case 'create-guest-state':
      case 'create-runtime-state':
        makeEmptyFile(path)
        return ''
      case 'processor-compatibility': {
        const problem = fileProblem(path, true)
        if (problem !== undefined) throw new HcsFailure(problem)
        // The processors of two simulated hosts never differ.
        return NO_FEATURES
      }
    }
  }

  /** Bytes: all that a running VM was given; nothing of it is ever given back here. */
  workingSet(runtimeId: string): number | undefined {
    const system = this.#systems.all().find(({ model }) => model.runtimeId === runtimeId)
    return system === undefined ? undefined : system.model.live.memoryMB * 1024 * 1024
  }

  /** Ends every system without telling anybody. */
  async stop(): Promise<void> {
    const guests = this.#systems.all().map(async (system) => system.guest?.stop())
    this.#migrations.stop()
    this.#handles.clear()
    this.#systems.clear()
    await Promise.all(guests)
  }
}
