// The operations on a system, each carried out in one step.

import { HRESULT } from '../../protocol/hresult.js'
import { member } from '../../protocol/json.js'
import type { Clock } from '../clock.js'
import type { MigrationStep } from '../hcs.js'
import { failedStep, HcsFailure, invalidDocument } from './failure.js'
import type { BuiltinGuest } from './guests/machine.js'
import { fileProblem } from './host-files.js'
import type { LiveSystem, SystemHost } from './live-system.js'
import { diskProblem } from './modify-scsi.js'
import { modifySystem } from './modify.js'
import { readOptions } from './options-document.js'
import { answerQuery } from './property-query.js'
import { SavedStates } from './saved-states.js'
import type { ServiceSettings } from './service-settings.js'
import { STATE_TABLE, type StatefulOp } from './states.js'
import { EXIT, type ComputeSystemModel } from './system.js'
import type { Systems } from './systems.js'

export interface OperationSurroundings {
  clock: Clock
  /** Makes the guest of a system that starts; undefined for none. */
  startGuest?: ((system: SystemHost) => BuiltinGuest) | undefined
  systems: Systems
  settings: ServiceSettings
}

export class Operations {
  readonly #clock: Clock
  readonly #startGuest: OperationSurroundings['startGuest']
  readonly #systems: Systems
  readonly #settings: ServiceSettings
  readonly #saved = new SavedStates()
  readonly #templates = new Set<string>()

  constructor({ clock, startGuest, systems, settings }: OperationSurroundings) {
    this.#clock = clock
    this.#startGuest = startGuest
    this.#systems = systems
    this.#settings = settings
  }

  /** Resolves with the result document. @throws {HcsFailure} nothing has changed then */
  carryOut(system: LiveSystem, op: StatefulOp, argument: string, step: MigrationStep | undefined): string {
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
        this.#systems.end(system, EXIT.terminated)
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
        this.#systems.crash(system)
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
      const problem = this.#systems.endpointProblem(adapter.EndpointId ?? '', model, key)
      if (problem !== undefined) throw failedStep(problem, 'Start', `the endpoint of adapter ${key} cannot be attached`)
    }
    if (!this.#systems.hasMemory(model.live.memoryMB, model))
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
      endpointProblem: (endpoint, model, adapter) => this.#systems.endpointProblem(endpoint, model, adapter),
      hasMemory: (size, model) => this.#systems.hasMemory(size, model),
    })
    system.changed()
    return ''
  }
}
