// The operations on a system, each carried out in one step: first what is asked, then whether the state allows it, then the rest.

import { member } from '../../../protocol/json.js'
import { HRESULT } from '../../../protocol/hresult.js'
import type { RestoreState } from '../../../protocol/schema/index.js'
import type { Clock } from '../../clock.js'
import { HcsFailure, invalidDocument, refusal } from '../failure.js'
import type { BuiltinGuest } from '../guests/machine.js'
import type { LiveSystem, SystemHost } from '../state/live-system.js'
import type { VirtualMachine } from '../devices/device.js'
import { unreadable } from '../devices/host-files.js'
import { movable, moved, startProblem } from '../devices/live-configuration.js'
import { modifySystem, type ReadRequest } from '../devices/modify.js'
import { readOptions } from '../state/documents.js'
import { answerQuery } from '../state/property-query.js'
import { SavedStates, type MachineState } from '../state/saved-states.js'
import type { Operation } from '../state/operation.js'
import { checkState } from '../state/states.js'
import { EXIT, type ComputeSystemModel } from '../state/system.js'
import type { LivingSystems } from './living-systems.js'

export interface OperationSurroundings {
  clock: Clock
  /** Refuse members that the schema does not have. */
  strict: boolean
  /** Makes the guest of a system that starts; undefined for none. */
  startGuest?: ((system: SystemHost) => BuiltinGuest) | undefined
  systems: LivingSystems
}

/** First schema version in which a document's services count. */
const SERVICES_SINCE_MINOR = 5

export class SystemOperations {
  readonly #clock: Clock
  readonly #strict: boolean
  readonly #startGuest: OperationSurroundings['startGuest']
  readonly #systems: LivingSystems
  readonly #saved = new SavedStates()

  constructor({ clock, strict, startGuest, systems }: OperationSurroundings) {
    this.#clock = clock
    this.#strict = strict
    this.#startGuest = startGuest
    this.#systems = systems
  }

  /** Resolves with the result document. @throws {HcsFailure} nothing has changed then */
  run(system: LiveSystem, operation: Operation): string {
    if (operation.op === 'modify') {
      this.#modify(system, operation.request)
      return ''
    }
    const { model } = system
    const { argument } = operation
    switch (operation.op) {
      case 'start':
        readOptions('StartOptions', argument)
        checkState('start', model.state)
        this.#start(system)
        return ''
      case 'shutdown':
        this.#shutdown(system, argument)
        return ''
      case 'terminate':
        readOptions('any', argument)
        checkState('terminate', model.state)
        this.#systems.end(system, EXIT.terminated)
        return ''
      case 'pause':
        readOptions('PauseOptions', argument)
        checkState('pause', model.state)
        model.state = 'Paused'
        system.guest?.pause()
        return ''
      case 'resume':
        readOptions('any', argument)
        checkState('resume', model.state)
        model.state = 'Running'
        system.guest?.resume()
        return ''
      case 'save':
        this.#save(system, argument)
        return ''
      case 'properties':
        checkState('properties', model.state)
        return answerQuery(model, argument, this.#clock.wallTime(), this.#strict)
      case 'crash':
        readOptions('any', argument)
        checkState('crash', model.state)
        this.#systems.crash(system)
        return ''
      case 'migrate':
        checkState('migrate', model.state)
        throw new HcsFailure(operation.step === 'cancel' ? HRESULT.HCS_E_INVALID_STATE : HRESULT.ERROR_NOT_SUPPORTED)
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- start

  #start(system: LiveSystem): void {
    const { model } = system
    const vm = model.document.VirtualMachine ?? {}
    const restored = vm.RestoreState == null ? undefined : this.#restored(vm.RestoreState, model)
    const live = restored?.live ?? model.live
    if (vm.GuestConnection != null && this.#startGuest === undefined) throw new HcsFailure(HRESULT.HCS_E_CONNECT_FAILED)
    const problem = bootProblem(vm) ?? startProblem(live, this.#systems.hostOf(model))
    if (problem !== undefined) throw problem
    model.live = live
    model.templateId = restored?.templateId
    model.state = 'Running'
    model.startedMs = this.#clock.wallTime()
    system.guest = this.#startGuest?.(system)
    if (restored?.guest === undefined) system.guest?.boot()
    else system.guest?.arrive(restored.guest)
  }

  #restored(
    { SaveStateFilePath: path, TemplateSystemId: templateId }: RestoreState,
    { live: here }: ComputeSystemModel,
  ): RestoredState | undefined {
    if (path) return this.#saved.load(path, here)
    if (!templateId) return undefined
    const template = this.#systems.get(templateId)
    if (template?.model.state !== 'SavedAsTemplate') {
      throw refusal(HRESULT.HCS_E_SYSTEM_NOT_FOUND, `there is no template ${templateId}`)
    }
    const { live, runtimeId } = template.model
    return {
      live: moved(movable(live), here) ?? here,
      guest: template.guest?.capture(),
      templateId: runtimeId,
    }
  }

  // ---------------------------------------------------------------------------------------------------- shutdown and save

  #shutdown(system: LiveSystem, argument: string): void {
    const options = readOptions('ShutdownOptions', argument)
    checkState('shutdown', system.model.state)
    if (!hasShutdownChannel(system.model) && system.guest === undefined) {
      throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'there is no channel to the guest')
    }
    system.resets = options['Type'] === 'Reboot' && system.model.document.VirtualMachine?.StopOnReset !== true
    system.guest?.shutdown()
  }

  /** The guest switched the machine off, or asked for a reset. */
  poweredOff(system: LiveSystem): void {
    if (!system.resets || system.model.exit !== undefined) {
      this.#systems.end(system, EXIT.shutDown)
      return
    }
    system.resets = false
    void system.guest?.stop()
    system.guest = this.#startGuest?.(system)
    system.guest?.boot()
  }

  #save(system: LiveSystem, argument: string): void {
    const options = readOptions('SaveOptions', argument)
    const { model } = system
    if (member(options, 'SaveType') === 'AsTemplate') {
      checkState('save as template', model.state)
      model.state = 'SavedAsTemplate'
      return
    }
    const path = member(options, 'SaveStateFilePath')
    if (typeof path !== 'string' || path === '')
      throw invalidDocument('$.SaveStateFilePath', 'required to save to a file')
    checkState('save to file', model.state)
    this.#saved.save(path, { live: model.live, guest: system.guest?.capture() })
  }

  #modify(system: LiveSystem, request: ReadRequest): void {
    modifySystem(request, system.model, this.#systems.hostOf(system.model), this.#strict)
    system.changed()
  }
}

interface RestoredState extends MachineState {
  /** Runtime id of the template it is of. */
  templateId?: string
}

/** A file that the machine boots from and cannot open. */
function bootProblem({ Chipset: chipset }: VirtualMachine): HcsFailure | undefined {
  const kernel = chipset?.LinuxKernelDirect
  return unreadable([kernel?.KernelFilePath, kernel?.InitRdPath, chipset?.Uefi?.BootThis?.VmbFsRootPath])
}

/** A guest connection of HCS's own, or the guest's shutdown driver: that counts from schema 2.5 on. */
function hasShutdownChannel({ document }: ComputeSystemModel): boolean {
  const { GuestConnection: connection, Services: services } = document.VirtualMachine ?? {}
  const minor = document.SchemaVersion?.Minor ?? 0
  return connection != null || (member(services, 'Shutdown') != null && minor >= SERVICES_SINCE_MINOR)
}
