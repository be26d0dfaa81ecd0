// The supervisor: a compute service whose VMs are processes of QEMU. It has the documents, states, handles and devices of the strict
// service; what a change means to the machine is done here, in turn, and only then written into the model.

import { totalmem, availableParallelism } from 'node:os'
import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import type { ComputeSystem } from '../../protocol/schema/index.js'
import type { Clock } from '../clock.js'
import type { HcsEvent } from '../hcs.js'
import type { HostedCall } from '../service-process/hosted.js'
import { attribute, HcsFailure, refusal } from '../simulated/failure.js'
import { liveConfigurationOf, moved } from '../simulated/devices/live-configuration.js'
import { fileProblem, makeEmptyFile } from '../simulated/devices/host-files.js'
import { readRequest } from '../simulated/devices/modify.js'
import { STEPS } from '../simulated/service/calls.js'
import { isMigrationStep } from '../simulated/service/carry-out.js'
import { selectSystems } from '../simulated/service/enumerate.js'
import { HandleTable } from '../simulated/service/handles.js'
import { LivingSystems } from '../simulated/service/living-systems.js'
import { ServiceSettings } from '../simulated/service/service-settings.js'
import { readCreateDocument } from '../simulated/state/create-document.js'
import { LiveSystem, type Handle } from '../simulated/state/live-system.js'
import { checkState } from '../simulated/state/states.js'
import { ComputeSystemModel, EXIT, type SystemExit } from '../simulated/state/system.js'
import { checkTopology } from '../simulated/state/topology.js'
import { removeLimits } from './cgroup.js'
import { Machine, type MachineEnd, type MachineSurroundings } from './machine.js'
import { memoryUse } from './properties.js'
import { documentRefusal } from './refusals.js'
import type { StateDirectory, VmRecord } from './state-directory.js'
import type { QemuOptions } from './options.js'
import { VmOperations } from './operations.js'
import { QemuVm } from './virtual-machine.js'

export interface SupervisorSurroundings {
  readonly clock: Clock
  /** Where guests dial. */
  readonly directory: string
  readonly state: StateDirectory
  readonly binary: string
  readonly accelerator: 'kvm' | 'tcg'
  /** To be called when a VM has ended, before its id can be used again. */
  ended(runtimeId: string): void
}

/** Exits by what became of the machine; one that panicked has a report of its own. */
const EXITS: Readonly<Record<Exclude<MachineEnd, 'panicked'>, SystemExit>> = {
  ended: EXIT.terminated,
  'powered off': EXIT.shutDown,
  reset: { ...EXIT.shutDown, detail: 'Reboot' },
  died: EXIT.unexpected,
}

const NO_FEATURES = '{"ProcessorFeatures":[]}'
export const DEFAULT_DAEMON = 'uvm-vsock'

export class QemuSupervisor {
  readonly #options: QemuOptions
  readonly #around: SupervisorSurroundings
  readonly #handles: HandleTable
  readonly #systems: LivingSystems
  readonly #settings: ServiceSettings
  readonly #operations: VmOperations
  readonly #vms = new Map<LiveSystem, QemuVm>()
  readonly #kept: string[] = []

  constructor(options: QemuOptions, around: SupervisorSurroundings) {
    this.#options = options
    this.#around = around
    this.#handles = new HandleTable(around.clock)
    this.#settings = new ServiceSettings(availableParallelism())
    this.#systems = new LivingSystems({}, this.#handles, this.#settings, around.ended)
    this.#operations = new VmOperations({
      options,
      accelerator: around.accelerator,
      state: around.state,
      clock: around.clock,
      systems: this.#systems,
      machineOf: (vm, namespace) => this.#surroundingsOf(vm, namespace),
      templateOf: (id) => this.#vmOf(id),
      persist: (vm) => this.#persist(vm),
    })
  }

  /** Takes over what an earlier supervisor left. */
  async adopt(): Promise<void> {
    await Promise.all(this.#around.state.read().map((record) => this.#adopt(record)))
  }

  kept(): readonly string[] {
    return this.#kept
  }

  async #adopt(record: VmRecord): Promise<void> {
    const { runtimeId } = record
    let vm: QemuVm
    try {
      vm = this.#vmFrom(record.id, record.document)
    } catch {
      // Of a version that understood other documents; its processes are unknown to this one, but their pids are not.
      return this.#around.state.remove(runtimeId)
    }
    const { model } = vm.system
    model.live = moved(record.live, liveConfigurationOf(model.document.VirtualMachine ?? {})) ?? model.live
    model.startedMs = record.startedMs
    model.templateId = record.templateId
    vm.hardware = record.hardware
    if (record.processes !== undefined) {
      const around = this.#surroundingsOf(vm, record.hardware?.namespace)
      const machine = await Machine.adopt(around, record.processes, vm.hasSockets)
      if (record.state === 'SavedAsTemplate') {
        // Its files are whole, and it was about to end.
        await machine?.end()
        if (model.terminatesWithLastHandle) return this.#clean(vm)
      }
      // It ended while nobody looked, or its last handle closed when its supervisor died.
      else if (machine === undefined || model.terminatesWithLastHandle) {
        await machine?.end()
        return this.#clean(vm)
      } else vm.machine = machine
    } else if (model.terminatesWithLastHandle) return this.#clean(vm)
    if (record.state !== 'Created') model.state = record.state
    this.#kept.push(runtimeId)
    this.#add(vm)
  }

  // ------------------------------------------------------------------------------------------------------------------ calls

  /** @throws {HcsFailure} */
  async carryOut(client: string, call: HostedCall, deliver: (event: HcsEvent) => void): Promise<string> {
    switch (call.do) {
      case 'create':
        return attributed('create', () => this.#create(client, call.id, call.document, deliver))
      case 'open':
        return this.#open(client, call.id, deliver)
      case 'operate':
        return this.#operate(Number(call.token), call)
      case 'close': {
        const handle = this.#handles.find(Number(call.token))
        if (handle !== undefined) this.#release(handle)
        return ''
      }
      case 'enumerate':
        return JSON.stringify(
          selectSystems(
            call.query,
            this.#systems.all().map(({ model }) => model.basicProperties()),
          ),
        )
      case 'serviceProperties':
        return this.#settings.properties(call.query)
      case 'modifyService':
        throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'there are no CPU groups, and nothing else of the service to set')
      // QEMU opens files as the user that the supervisor runs as.
      case 'grantAccess':
      case 'revokeAccess':
        return this.#checkFile(call.path)
      case 'file':
        if (call.what === 'create-guest-state' || call.what === 'create-runtime-state') makeEmptyFile(call.path)
        else this.#checkFile(call.path)
        return call.what === 'processor-compatibility' ? NO_FEATURES : ''
      case 'workingSet': {
        const vm = [...this.#vms.values()].find(({ system }) => system.model.runtimeId === call.runtimeId)
        return vm?.machine === undefined ? '' : String((await memoryUse(vm.machine.pid)).resident)
      }
    }
  }

  #checkFile(path: string): '' {
    const problem = fileProblem(path, true)
    if (problem !== undefined) throw new HcsFailure(problem)
    return ''
  }

  async #create(client: string, id: string, text: string, deliver: (event: HcsEvent) => void): Promise<string> {
    if (id === '') throw new HcsFailure(HRESULT.E_INVALIDARG)
    const document = readCreateDocument(text, false)
    checkState('create', this.#systems.sharingRuntimeId(id)?.model.state ?? 'none')
    checkTopology(document, availableParallelism())
    const problem = documentRefusal(document, this.#options) ?? memoryProblem(document)
    if (problem !== undefined) throw problem
    const vm = this.#vmFrom(id, text)
    this.#add(vm)
    try {
      this.#persist(vm)
    } catch (error) {
      this.#forget(vm)
      throw error
    }
    return Promise.resolve(String(this.#handles.add(vm.system, client, deliver)))
  }

  #open(client: string, id: string, deliver: (event: HcsEvent) => void): string {
    const system = this.#systems.get(id)
    checkState('open', system?.model.state ?? 'none')
    return String(this.#handles.add(system!, client, deliver))
  }

  async #operate(number: number, { op, argument }: Extract<HostedCall, { do: 'operate' }>): Promise<string> {
    const { system } = this.#handles.get(number)
    const vm = this.#vms.get(system)
    const step = isMigrationStep(op) ? 'migrate' : op
    return attributed(step, async () => {
      if (vm === undefined) return this.#operations.ofStopped(system, step, argument)
      if (step === 'terminate') {
        this.#operations.checkTerminate(vm, argument)
        await this.#end(vm, EXIT.terminated)
        return ''
      }
      if (step === 'properties') return this.#operations.properties(vm, argument)
      const request = step === 'modify' ? readRequest(argument) : undefined
      return vm.inTurn(() => this.#operations.run(vm, step, argument, request))
    })
  }

  #release(handle: Handle): void {
    const { system } = handle
    this.#handles.remove(handle)
    const vm = this.#vms.get(system)
    if (vm !== undefined && system.handles.size === 0 && system.model.terminatesWithLastHandle) {
      void this.#end(vm, EXIT.terminated)
    }
  }

  leave(client: string): void {
    for (const handle of this.#handles.ofClient(client)) this.#release(handle)
  }

  /** VMs that exist, and those whose processes are still ending. */
  count(): number {
    return this.#vms.size
  }

  async stop(): Promise<void> {
    this.#handles.clear()
    await Promise.all([...this.#vms.values()].map((vm) => this.#end(vm, EXIT.terminated)))
  }

  // -------------------------------------------------------------------------------------------------------------------- VMs

  #vmFrom(id: string, text: string): QemuVm {
    const model = new ComputeSystemModel(id, readCreateDocument(text, false), () => this.#around.clock.now())
    return new QemuVm(new LiveSystem(model, () => undefined), text)
  }

  #vmOf(id: string): QemuVm | undefined {
    const system = this.#systems.get(id)
    return system === undefined ? undefined : this.#vms.get(system)
  }

  #add(vm: QemuVm): void {
    this.#systems.add(vm.system)
    this.#vms.set(vm.system, vm)
  }

  #forget(vm: QemuVm): void {
    this.#systems.forget(vm.system)
    this.#vms.delete(vm.system)
    this.#clean(vm)
  }

  #clean({ system: { model } }: QemuVm): void {
    this.#around.state.remove(model.runtimeId)
    if (this.#options.cgroup !== undefined) removeLimits(this.#options.cgroup, model.runtimeId)
  }

  /** @throws {HcsFailure} it cannot be written down */
  #persist(vm: QemuVm): void {
    if (vm.ending !== undefined) return
    try {
      this.#around.state.write(vm.record())
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const hresult = code === 'ENOSPC' || code === 'EDQUOT' ? HRESULT.ERROR_DISK_FULL : HRESULT.E_ACCESSDENIED
      throw refusal(
        hresult,
        `the state directory ${this.#around.state.path} cannot be written: ${(error as Error).message}`,
      )
    }
  }

  #surroundingsOf(vm: QemuVm, namespace: string | undefined): MachineSurroundings {
    const { clock, binary, directory, state } = this.#around
    const { runtimeId } = vm.system.model
    return {
      clock,
      binary,
      daemon: this.#options.vsockDaemon ?? DEFAULT_DAEMON,
      directory: state.of(runtimeId),
      udsPath: join(directory, `${runtimeId}.vsock`),
      namespace,
      ended: (machine, how) => {
        // One that is being started or made a template of has somebody who looks after it.
        if (vm.machine === machine) void this.#end(vm, how === 'panicked' ? 'panicked' : EXITS[how])
      },
      changed: (machine) => {
        if (vm.machine !== machine) return
        try {
          this.#persist(vm)
        } catch {
          // The next change says so to its caller.
        }
      },
    }
  }

  /** Ends a VM, once: its processes and files first, then its exit is told. */
  #end(vm: QemuVm, exit: SystemExit | 'panicked'): Promise<void> {
    vm.ending ??= this.#carryEnd(vm, exit)
    return vm.ending
  }

  async #carryEnd(vm: QemuVm, exit: SystemExit | 'panicked'): Promise<void> {
    const { machine, starting, system } = vm
    await Promise.all([machine?.end(), starting?.end()])
    // Whatever was under way has failed now; what waits is refused by the state of the VM.
    await vm.inTurn(() => Promise.resolve())
    await vm.machine?.end()
    this.#clean(vm)
    this.#vms.delete(system)
    if (exit === 'panicked') this.#systems.crash(system)
    else this.#systems.end(system, exit)
  }
}

/** The failed step is named in the refusal. */
async function attributed(step: string, work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    const failed = step === 'crash' ? 'Crash' : (STEPS as Readonly<Record<string, (typeof STEPS)['create']>>)[step]
    throw error instanceof HcsFailure && failed !== undefined ? attribute(error, failed) : error
  }
}

/** More than this host could ever give. */
function memoryProblem({ VirtualMachine: vm }: ComputeSystem): HcsFailure | undefined {
  const size = Number(vm?.ComputeTopology?.Memory?.SizeInMB ?? 0)
  const has = Math.floor(totalmem() / 1024 / 1024)
  if (size <= has) return undefined
  return refusal(
    HRESULT.ERROR_COMMITMENT_LIMIT,
    `$.VirtualMachine.ComputeTopology.Memory.SizeInMB: the host has ${has} MB in all`,
  )
}
