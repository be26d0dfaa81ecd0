// The simulated compute service: systems, handles, operations and events. It does no I/O of its own beyond looking at host files; the
// clock, the guests and the way events leave are passed in.
//
// An operation waits for its latency, meets its fault, and is then carried out in one step, so nothing is ever half done. Events go to
// every handle of a system in causal order, never from inside the call that causes them, and not to a handle whose close has begun. An
// id is free again before the exit is told.

import { HRESULT } from '../../protocol/hresult.js'
import { NULL_GUID } from '../../protocol/guid.js'
import type { MigrationStep } from '../hcs.js'
import { HCS_EVENT, type HcsEvent } from '../hcs.js'
import type { Clock } from '../clock.js'
import { readCreateDocument, parseDocument } from './create-document.js'
import { failedStep, HcsFailure, invalidDocument } from './failure.js'
import { CallPlanner } from './faults.js'
import type { BuiltinGuest } from './guests/machine.js'
import { fileProblem } from './host-files.js'
import { diskProblem } from './modify-scsi.js'
import { modifySystem, requestPath } from './modify.js'
import type { FaultRule, HcsOp, SimulatedOptions } from './options.js'
import { answerQuery } from './property-query.js'
import { SavedStates } from './saved-states.js'
import { chance } from './seeded.js'
import { ServiceSettings } from './service-settings.js'
import { STATE_TABLE, type StatefulOp } from './states.js'
import { ComputeSystemModel, EXIT, exitOfType, type SystemExit } from './system.js'
import { checkDocument } from '../../protocol/document.js'
import { isRecord, member } from '../../protocol/json.js'

export interface ServiceSurroundings {
  clock: Clock
  /** Makes the guest of a system that starts; undefined for none. `clients` names who holds handles. */
  startGuest?: (system: SystemHost) => BuiltinGuest
}

/** What a guest's machine needs of its system. */
export interface SystemHost {
  readonly model: ComputeSystemModel
  /** Clients that hold a handle, in the order they opened theirs. */
  clients(): string[]
  onChange(listener: () => void): () => void
  /** The guest switched the machine off. */
  poweredOff(): void
}

/** One open handle. */
interface Handle {
  readonly number: number
  readonly system: LiveSystem
  client: string
  deliver: ((event: HcsEvent) => void) | undefined
  /** Events that came while nobody owned the handle. */
  kept: HcsEvent[]
  /** The service said that it is gone; the handle is dead. */
  disconnected: boolean
}

class LiveSystem implements SystemHost {
  readonly handles = new Set<Handle>()
  guest: BuiltinGuest | undefined
  readonly #listeners = new Set<() => void>()
  readonly #onExit: (() => void)[] = []

  constructor(
    readonly model: ComputeSystemModel,
    private readonly onPoweredOff: (system: LiveSystem) => void,
  ) {}

  clients(): string[] {
    return [...new Set([...this.handles].map((handle) => handle.client))]
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  poweredOff(): void {
    this.onPoweredOff(this)
  }

  /** Runs at the exit, or at once when that was before. */
  afterExit(listener: () => void): void {
    if (this.model.exit === undefined) this.#onExit.push(listener)
    else listener()
  }

  exited(): void {
    for (const listener of this.#onExit.splice(0)) listener()
    this.#listeners.clear()
  }
}

export class ComputeService {
  readonly #options: SimulatedOptions
  readonly #clock: Clock
  readonly #startGuest: ServiceSurroundings['startGuest']
  readonly #planner: CallPlanner
  readonly #seed: number
  readonly #settings: ServiceSettings
  readonly #saved = new SavedStates()
  /** Living systems by id. */
  readonly #systems = new Map<string, LiveSystem>()
  readonly #handles = new Map<number, Handle>()
  readonly #templates = new Set<string>()
  readonly #access = new Map<string, Set<string>>()
  #nextHandle = 1

  constructor(options: SimulatedOptions, surroundings: ServiceSurroundings) {
    this.#options = options
    this.#clock = surroundings.clock
    this.#startGuest = surroundings.startGuest
    this.#seed = options.seed ?? 1
    this.#planner = new CallPlanner(options, this.#seed)
    this.#settings = new ServiceSettings(options.processors ?? 64)
  }

  // --------------------------------------------------------------------------------------------------------------- handles

  /** Creates a system and opens the first handle on it. @throws {HcsFailure} */
  async create(client: string, id: string, text: string, deliver: (event: HcsEvent) => void): Promise<number> {
    return this.#perform('create', id, undefined, undefined, () => {
      const document = readCreateDocument(text, {
        strictDocuments: this.#options.strictDocuments === true,
        processors: this.#options.processors ?? 64,
      })
      if (this.#systems.has(id)) throw new HcsFailure(HRESULT.HCS_E_SYSTEM_ALREADY_EXISTS)
      const model = new ComputeSystemModel(id, document)
      if (model.live.cpuGroup !== undefined && !this.#settings.hasGroup(model.live.cpuGroup)) {
        throw failedStep(HRESULT.ERROR_NOT_FOUND, 'Construct', 'the CPU group does not exist')
      }
      if (model.live.cpuGroup === NULL_GUID) model.live.cpuGroup = undefined
      const system = new LiveSystem(model, (host) => this.#end(host, EXIT.shutDown))
      this.#systems.set(id, system)
      return this.#addHandle(system, client, deliver)
    })
  }

  /** @throws {HcsFailure} */
  async open(client: string, id: string, deliver: (event: HcsEvent) => void): Promise<number> {
    return this.#perform('open', id, undefined, undefined, () => {
      const system = this.#systems.get(id)
      if (system === undefined) throw new HcsFailure(HRESULT.HCS_E_SYSTEM_NOT_FOUND)
      return this.#addHandle(system, client, deliver)
    })
  }

  /** Gives a handle that lost its owner to another one, with the events that came meanwhile. @throws {HcsFailure} */
  adopt(number: number, client: string, deliver: (event: HcsEvent) => void): void {
    const handle = this.#handle(number)
    handle.client = client
    handle.deliver = deliver
    for (const event of handle.kept.splice(0)) this.#send(handle, event)
  }

  #addHandle(system: LiveSystem, client: string, deliver: (event: HcsEvent) => void): number {
    const number = this.#nextHandle++
    const handle: Handle = { number, system, client, deliver, kept: [], disconnected: false }
    this.#handles.set(number, handle)
    system.handles.add(handle)
    return number
  }

  #handle(number: number): Handle {
    const handle = this.#handles.get(number)
    if (handle === undefined) throw new HcsFailure(HRESULT.E_HANDLE)
    return handle
  }

  async closeHandle(number: number): Promise<void> {
    const handle = this.#handles.get(number)
    if (handle === undefined) return
    // From here on nothing is delivered to it.
    handle.deliver = undefined
    handle.disconnected = true
    const { model } = handle.system
    const { delayMs } = this.#planner.plan('close', model.id)
    if (delayMs > 0) await this.#pause(delayMs)
    this.#release(handle)
  }

  #release(handle: Handle): void {
    const { system } = handle
    this.#handles.delete(handle.number)
    system.handles.delete(handle)
    if (system.handles.size === 0 && system.model.exit === undefined && system.model.terminatesWithLastHandle) {
      this.#end(system, EXIT.terminated)
    }
  }

  /** The thread that owned these handles is gone; the handles stay, and keep their events, for whoever adopts them. */
  orphan(isOwned: (deliver: (event: HcsEvent) => void) => boolean): void {
    for (const handle of this.#handles.values()) {
      if (handle.deliver !== undefined && isOwned(handle.deliver)) handle.deliver = undefined
    }
  }

  /** A client has left: its handles close. */
  leave(client: string): void {
    for (const handle of [...this.#handles.values()]) if (handle.client === client) this.#release(handle)
  }

  // ---------------------------------------------------------------------------------------------------------- operations

  /** One operation on a handle; resolves with the result document. @throws {HcsFailure} */
  async operate(number: number, op: StatefulOp, argument: string, step?: MigrationStep): Promise<string> {
    const handle = this.#handle(number)
    if (handle.disconnected) throw new HcsFailure(HRESULT.HCS_E_SERVICE_DISCONNECT)
    const { system } = handle
    const path = op === 'modify' ? requestPath(argument) : undefined
    const simulated: HcsOp = op === 'crash' ? 'terminate' : op
    return this.#perform(simulated, system.model.id, system, path, () => this.#carryOut(system, op, argument, step))
  }

  #carryOut(system: LiveSystem, op: StatefulOp, argument: string, step: MigrationStep | undefined): string {
    const { model } = system
    // A modification is judged for its form before the state.
    if (op === 'modify') return this.#modify(system, argument)
    this.#checkState(system, op)
    switch (op) {
      case 'start':
        return this.#start(system)
      case 'shutdown':
        return this.#shutdown(system, argument)
      case 'terminate':
        this.#end(system, EXIT.terminated)
        return ''
      case 'pause':
        readOptions('PauseOptions', argument)
        model.state = 'Paused'
        system.guest?.pause()
        return ''
      case 'resume':
        model.state = 'Running'
        system.guest?.resume()
        return ''
      case 'save':
        return this.#save(system, argument)
      case 'properties':
        return answerQuery(model, argument, this.#clock.wallTime())
      case 'crash':
        this.#crash(system)
        return ''
      case 'migrate':
        throw new HcsFailure(step === 'cancel' ? HRESULT.HCS_E_INVALID_STATE : HRESULT.ERROR_NOT_SUPPORTED)
    }
  }

  #checkState(system: LiveSystem, op: StatefulOp): void {
    const { fails } = STATE_TABLE[op][system.model.state]
    if (fails !== undefined) throw new HcsFailure(fails)
  }

  #start(system: LiveSystem): string {
    const { model } = system
    const vm = model.document.VirtualMachine ?? {}
    if (vm.RestoreState?.SaveStateFilePath) this.#saved.load(vm.RestoreState.SaveStateFilePath)
    else if (vm.RestoreState?.TemplateSystemId && !this.#templates.has(vm.RestoreState.TemplateSystemId)) {
      throw failedStep(HRESULT.HCS_E_SYSTEM_NOT_FOUND, 'Start', 'there is no such template')
    }
    if (vm.GuestConnection != null && this.#startGuest === undefined) throw new HcsFailure(HRESULT.HCS_E_CONNECT_FAILED)
    this.#checkBootFiles(model)
    for (const [key, adapter] of model.live.adapters) {
      const problem = this.#endpointProblem(adapter.EndpointId ?? '', model, key)
      if (problem !== undefined) throw failedStep(problem, 'Start', `the endpoint of adapter ${key} cannot be attached`)
    }
    if (!this.#hasMemory(model.live.memoryMB, model))
      throw failedStep(HRESULT.ERROR_COMMITMENT_LIMIT, 'Start', 'not enough memory')
    model.state = 'Running'
    model.startedMs = this.#clock.wallTime()
    system.guest = this.#startGuest?.(system)
    system.guest?.boot()
    return ''
  }

  #checkBootFiles(model: ComputeSystemModel): void {
    const kernel = model.document.VirtualMachine?.Chipset?.LinuxKernelDirect
    for (const path of [kernel?.KernelFilePath, kernel?.InitRdPath]) {
      const problem = path ? fileProblem(path, true) : undefined
      if (problem !== undefined) throw failedStep(problem, 'Start', `${path} cannot be opened`)
    }
    const disks = [...model.live.scsi.values()].flatMap((all) => [...all.values()])
    disks.forEach((disk, index) => {
      const problem = diskProblem(disk, disks.slice(0, index))
      if (problem !== undefined) throw failedStep(problem, 'Start', `${disk.Path} cannot be attached`)
    })
  }

  #shutdown(system: LiveSystem, argument: string): string {
    readOptions(undefined, argument)
    const vm = system.model.document.VirtualMachine ?? {}
    if (vm.GuestConnection == null && vm.Services == null && system.guest === undefined) {
      throw new HcsFailure(HRESULT.ERROR_NOT_SUPPORTED)
    }
    system.guest?.shutdown()
    return ''
  }

  #save(system: LiveSystem, argument: string): string {
    const options = readOptions('SaveOptions', argument)
    const { model } = system
    const type = member(options, 'SaveType')
    const path = member(options, 'SaveStateFilePath')
    if (type === 'AsTemplate') {
      model.state = 'SavedAsTemplate'
      this.#templates.add(model.id)
      return ''
    }
    if (typeof path !== 'string' || path === '') {
      throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.SaveStateFilePath', 'required to save to a file')
    }
    this.#saved.save(path, {
      format: 'uvm-actors saved state',
      version: 1,
      id: model.id,
      memoryMB: model.live.memoryMB,
    })
    return ''
  }

  #modify(system: LiveSystem, argument: string): string {
    modifySystem(argument, system.model, {
      checkState: () => this.#checkState(system, 'modify'),
      hasCpuGroup: (id) => this.#settings.hasGroup(id),
      endpointProblem: (endpoint, model, adapter) => this.#endpointProblem(endpoint, model, adapter),
      hasMemory: (size, model) => this.#hasMemory(size, model),
    })
    system.changed()
    return ''
  }

  #endpointProblem(endpointId: string, model: ComputeSystemModel, adapterKey: string): number | undefined {
    const known = this.#options.endpoints?.map((endpoint) => endpoint.toLowerCase())
    const endpoint = endpointId.toLowerCase()
    if (known === undefined || endpoint === '') return undefined
    if (!known.includes(endpoint)) return HRESULT.HCN_E_ENDPOINT_NOT_FOUND
    for (const { model: other } of this.#systems.values()) {
      // What a system that never started names is not attached yet.
      if (other !== model && other.state === 'Created') continue
      for (const [key, adapter] of other.live.adapters) {
        const same = other === model && key === adapterKey
        if (!same && adapter.EndpointId?.toLowerCase() === endpoint) return HRESULT.HCN_E_ENDPOINT_ALREADY_ATTACHED
      }
    }
    return undefined
  }

  #hasMemory(sizeInMB: number, model: ComputeSystemModel): boolean {
    if (this.#options.memoryMB === undefined) return true
    let used = 0
    for (const { model: other } of this.#systems.values()) {
      if (other !== model && other.state !== 'Created') used += other.live.memoryMB
    }
    return used + sizeInMB <= this.#options.memoryMB
  }

  // -------------------------------------------------------------------------------------------------------------- service

  /** @throws {HcsFailure} a query that is not valid */
  enumerate(query: string): string {
    const filter = query === '' ? {} : parseDocument(query)
    for (const key of ['Ids', 'Names', 'Types', 'Owners']) {
      const values = member(filter, key) ?? []
      if (!Array.isArray(values) || values.some((value) => typeof value !== 'string')) {
        throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, `$.${key}`, 'expected an array of strings')
      }
    }
    const allows = (key: string, value: string | undefined): boolean => {
      const values = (member(filter, key) ?? []) as string[]
      return values.length === 0 || (value !== undefined && values.includes(value))
    }
    const entries = [...this.#systems.values()]
      .map(({ model }) => model.basicProperties())
      .filter((entry) => allows('Ids', entry.Id) && allows('Names', entry.Name) && allows('Types', entry.SystemType))
      .filter((entry) => allows('Owners', entry.Owner))
    return JSON.stringify(entries)
  }

  serviceProperties(query: string): string {
    return this.#settings.properties(query)
  }

  modifyService(settings: string): string {
    return this.#settings.modify(settings, (groupId) =>
      [...this.#systems.values()].some(({ model }) => model.live.cpuGroup === groupId),
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

  /** Ends every system without telling anybody. */
  async close(): Promise<void> {
    const guests = [...this.#systems.values()].map((system) => system.guest?.stop())
    this.#handles.clear()
    this.#systems.clear()
    await Promise.all(guests)
  }

  // ------------------------------------------------------------------------------------------- latency, faults, the end

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve))
  }

  async #perform<T>(
    op: HcsOp,
    id: string,
    system: LiveSystem | undefined,
    path: string | undefined,
    work: () => T,
  ): Promise<T> {
    const wasAlive = system?.model.exit === undefined
    const { delayMs, rule } = this.#planner.plan(op, id, path)
    if (delayMs > 0) await this.#pause(delayMs)
    if (rule?.never === true) return new Promise(() => undefined)
    if (rule?.fail !== undefined) {
      this.#act(rule, system)
      throw new HcsFailure(rule.fail)
    }
    if (wasAlive && system?.model.exit !== undefined && op !== 'terminate' && op !== 'properties') {
      throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
    }
    const result = work()
    this.#act(rule, system)
    if (rule?.afterExit === true && system !== undefined)
      await new Promise<void>((resolve) => system.afterExit(resolve))
    // Whether the answer of a terminate or its exit event is first is chance.
    if (op === 'terminate' && chance(this.#seed, 'order', id) < 0.5) await this.#pause(0)
    return result
  }

  /** What a fault does beside failing. */
  #act(rule: FaultRule | undefined, system: LiveSystem | undefined): void {
    if (rule === undefined || system === undefined) return
    if (rule.crash === true) this.#crash(system)
    if (rule.exit !== undefined) this.#end(system, exitOfType(rule.exit))
    if (rule.disconnect === true) {
      for (const handle of system.handles) {
        this.#send(handle, { type: HCS_EVENT.serviceDisconnect, data: '' })
        handle.disconnected = true
      }
    }
    if (rule.guest === 'disconnect') system.guest?.disconnect()
  }

  #crash(system: LiveSystem): void {
    const { model } = system
    if (model.exit !== undefined) return
    const report = {
      SystemId: model.id,
      CrashParameters: [0xdead, 0, 0, 0, 0],
      ...(model.guestOS === 'linux' ? { CrashLog: 'Kernel panic - not syncing' } : {}),
      Status: 0,
    }
    this.#tell(system, { type: HCS_EVENT.crashInitiated, data: JSON.stringify(report) })
    this.#tell(system, { type: HCS_EVENT.crashReport, data: JSON.stringify(report) })
    this.#end(system, EXIT.unexpected)
  }

  #end(system: LiveSystem, exit: SystemExit): void {
    const { model } = system
    if (model.exit !== undefined) return
    model.exit = exit
    model.state = 'Stopped'
    if (this.#systems.get(model.id) === system) this.#systems.delete(model.id)
    if (model.document.VirtualMachine?.GuestConnection != null) {
      this.#tell(system, { type: HCS_EVENT.guestConnectionClosed, data: '' })
    }
    this.#tell(system, { type: HCS_EVENT.systemExited, data: model.exitDocument() })
    void system.guest?.stop()
    system.guest = undefined
    system.exited()
  }

  #tell(system: LiveSystem, event: HcsEvent): void {
    for (const handle of system.handles) this.#send(handle, event)
  }

  /** Never from inside the call that causes the event. */
  #send(handle: Handle, event: HcsEvent): void {
    if (handle.disconnected) return
    this.#clock.after(0, () => {
      if (!this.#handles.has(handle.number)) return
      if (handle.deliver === undefined) handle.kept.push(event)
      else handle.deliver(event)
    })
  }
}

/** An options document; '' is none. @throws {HcsFailure} */
function readOptions(type: string | undefined, text: string): Record<string, unknown> {
  if (text === '') return {}
  const options = parseDocument(text)
  const [problem] = type === undefined ? [] : checkDocument(type, options, { strict: false })
  if (problem !== undefined) throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, problem.path, problem.problem)
  return isRecord(options) ? options : {}
}
