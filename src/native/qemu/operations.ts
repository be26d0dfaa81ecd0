// The operations on a VM, each in its turn: first what is asked, then whether the state allows it, then what the machine does, and at last
// what is so from now on.

import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { HRESULT } from '../../protocol/hresult.js'
import { member } from '../../protocol/json.js'
import type { ProcessorLimits } from '../../protocol/schema/index.js'
import type { Clock } from '../clock.js'
import { HcsFailure, invalidDocument, refusal } from '../simulated/failure.js'
import { movable, moved, startProblem } from '../simulated/devices/live-configuration.js'
import { unreadable } from '../simulated/devices/host-files.js'
import { planModification, type ReadRequest } from '../simulated/devices/modify.js'
import type { LivingSystems } from '../simulated/service/living-systems.js'
import { readOptions } from '../simulated/state/documents.js'
import type { LiveSystem } from '../simulated/state/live-system.js'
import { answerRead, readPropertyQuery } from '../simulated/state/property-query.js'
import { checkState, type StatefulOp } from '../simulated/state/states.js'
import { applyLimits } from './cgroup.js'
import { carryChange } from './changes.js'
import { Machine, MACHINE_FILES, type MachineSurroundings } from './machine.js'
import type { QemuNetwork, QemuOptions } from './options.js'
import { liveSections, sourcesOf } from './properties.js'
import { pathRefusal } from './refusals.js'
import { copyMemory, memoryFileOf, OpenedState, saveMachine, type StateHead } from './saved-state.js'
import type { HardwareRecord, StateDirectory } from './state-directory.js'
import { planArguments, type QemuVm } from './virtual-machine.js'

export interface OperationSurroundings {
  readonly options: QemuOptions
  readonly accelerator: 'kvm' | 'tcg'
  readonly state: StateDirectory
  readonly clock: Clock
  readonly systems: LivingSystems
  machineOf(vm: QemuVm, namespace: string | undefined): MachineSurroundings
  templateOf(id: string): QemuVm | undefined
  /** @throws {HcsFailure} */
  persist(vm: QemuVm): void
}

/** Files of a template. */
const TEMPLATE_STATE = 'template'

export class VmOperations {
  readonly #around: OperationSurroundings

  constructor(around: OperationSurroundings) {
    this.#around = around
  }

  /** Of a system that has ended and is still held. @throws {HcsFailure} */
  ofStopped({ model }: LiveSystem, op: StatefulOp, argument: string): string {
    checkState(op === 'save' ? 'save to file' : op, model.state)
    const asked = argument === '' ? {} : readPropertyQuery(argument, false)
    return answerRead(model, asked, this.#around.clock.wallTime(), {
      section: () => ({}),
      response: () => undefined,
    })
  }

  /** @throws {HcsFailure} */
  checkTerminate({ system: { model } }: QemuVm, argument: string): void {
    readOptions('any', argument)
    checkState('terminate', model.state)
  }

  /** @throws {HcsFailure} */
  async properties(vm: QemuVm, query: string): Promise<string> {
    const { model } = vm.system
    checkState('properties', model.state)
    const asked = query === '' ? {} : readPropertyQuery(query, false)
    const nowMs = this.#around.clock.wallTime()
    const { machine } = vm
    const live = machine === undefined || !model.isLive ? {} : await liveSections(vm, machine, asked, nowMs)
    return answerRead(model, asked, nowMs, sourcesOf(vm, live))
  }

  /** Resolves with the result document. @throws {HcsFailure} */
  async run(vm: QemuVm, op: StatefulOp, argument: string, request?: ReadRequest): Promise<string> {
    const { model } = vm.system
    if (vm.isEnding()) throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
    switch (op) {
      case 'start': {
        const options = readOptions('StartOptions', argument)
        checkState('start', model.state)
        if (options['DestinationMigrationOptions'] != null) throw noMigration()
        await this.#start(vm)
        break
      }
      case 'shutdown':
        readOptions('ShutdownOptions', argument)
        checkState('shutdown', model.state)
        throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'there is no channel to the guest that it listens on')
      case 'pause':
        readOptions('PauseOptions', argument)
        checkState('pause', model.state)
        await machineOf(vm).execute('stop')
        model.state = 'Paused'
        break
      case 'resume':
        readOptions('any', argument)
        checkState('resume', model.state)
        // Saving took them away.
        if (vm.hasSockets && !machineOf(vm).hasVsock) await machineOf(vm).plugVsock()
        await machineOf(vm).execute('cont')
        model.state = 'Running'
        break
      case 'save':
        await this.#save(vm, argument)
        // A template has written itself down while it could still go back.
        if (model.state === 'SavedAsTemplate') return ''
        break
      case 'modify':
        if (request !== undefined) await this.#modify(vm, request)
        break
      case 'crash':
        readOptions('any', argument)
        checkState('crash', model.state)
        // The command line makes a guest of Linux panic at it.
        await machineOf(vm).execute('inject-nmi')
        break
      case 'migrate':
        checkState('migrate', model.state)
        throw noMigration()
      case 'terminate':
      case 'properties':
        throw new HcsFailure(HRESULT.E_UNEXPECTED)
    }
    this.#around.persist(vm)
    return ''
  }

  // ------------------------------------------------------------------------------------------------------------------ start

  async #start(vm: QemuVm): Promise<void> {
    const { model } = vm.system
    const { state, options, systems, clock } = this.#around
    const { networks = {} } = options
    const document = model.document.VirtualMachine ?? {}
    const restored = document.RestoreState == null ? undefined : await this.#stateOf(vm)
    const before = model.live
    try {
      if (restored !== undefined) this.#takeHead(vm, restored.opened.head)
      const kernel = document.Chipset?.LinuxKernelDirect
      const problem =
        unreadable([kernel?.KernelFilePath, kernel?.InitRdPath]) ?? startProblem(model.live, systems.hostOf(model))
      if (problem !== undefined) throw problem
      const saved = restored?.opened.head.hardware
      const nics = vm.planNics(networks, saved?.nicSlots ?? {})
      const hardware: HardwareRecord = {
        bootMB: saved?.bootMB ?? model.live.memoryMB,
        growthMB: saved?.growthMB,
        nicSlots: Object.fromEntries(nics.map(({ key, slot }) => [key, slot])),
        namespace: namespaceOf(nics.map(({ network }) => network)),
      }
      const directory = state.of(model.runtimeId)
      const ramPath = restored?.ramPath === undefined ? undefined : join(directory, MACHINE_FILES.ram)
      if (restored?.ramPath !== undefined && ramPath !== undefined) {
        rmSync(ramPath, { force: true })
        await copyMemory(restored.ramPath, ramPath)
      }
      const hasVsock = vm.hasSockets && restored === undefined
      const args = planArguments(vm, {
        memoryMB: hardware.bootMB,
        growthMB: hardware.growthMB,
        accelerator: this.#around.accelerator,
        firmware: options.firmware,
        kernelArguments: options.kernelArguments ?? [],
        disks: await vm.planDisks(),
        nics,
        pmem: await vm.planPmem(),
        qmpPath: join(directory, MACHINE_FILES.qmp),
        vsockPath: hasVsock ? join(directory, MACHINE_FILES.vsock) : undefined,
        ramPath,
        isIncoming: restored !== undefined,
      })
      const machine = await Machine.start(this.#around.machineOf(vm, hardware.namespace), args, hasVsock)
      vm.starting = machine
      try {
        // QEMU has it open.
        if (ramPath !== undefined) rmSync(ramPath, { force: true })
        if (restored !== undefined) {
          await restored.opened.restore(machine, directory, ramPath !== undefined)
          if (vm.hasSockets) await machine.plugVsock()
        }
        this.#limit(vm, machine, model.live.limits)
        await machine.execute('cont')
        if (vm.isEnding()) throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
        vm.hardware = hardware
        vm.machine = machine
        model.templateId = restored?.templateId
        model.state = 'Running'
        model.startedMs = clock.wallTime()
      } catch (error) {
        await machine.end()
        throw !vm.isEnding() ? error : new HcsFailure(HRESULT.HCS_E_TERMINATED)
      } finally {
        vm.starting = undefined
      }
      // It ended between the last command and now, when nobody was told.
      if (machine.isOver) this.#around.machineOf(vm, hardware.namespace).ended(machine, machine.how)
    } catch (error) {
      model.live = before
      throw error
    }
  }

  /** The state that the document wants, and the memory that lies beside it. @throws {HcsFailure} */
  async #stateOf(
    vm: QemuVm,
  ): Promise<{ opened: OpenedState; ramPath: string | undefined; templateId: string | undefined } | undefined> {
    const { SaveStateFilePath: path, TemplateSystemId: id } =
      vm.system.model.document.VirtualMachine?.RestoreState ?? {}
    if (path) return { opened: await OpenedState.open(path), ramPath: undefined, templateId: undefined }
    if (!id) return undefined
    const template = this.#around.templateOf(id)?.system.model
    if (template?.state !== 'SavedAsTemplate') {
      throw refusal(HRESULT.HCS_E_SYSTEM_NOT_FOUND, `there is no template ${id}`)
    }
    const directory = this.#around.state.of(template.runtimeId)
    return {
      opened: await OpenedState.open(join(directory, TEMPLATE_STATE)),
      ramPath: join(directory, MACHINE_FILES.ram),
      templateId: template.runtimeId,
    }
  }

  /** The devices are those of the saved machine. @throws {HcsFailure} it was another machine */
  #takeHead({ system: { model } }: QemuVm, head: StateHead): void {
    const live = moved(head.live, model.live)
    const hasKernel = model.document.VirtualMachine?.Chipset?.LinuxKernelDirect != null
    if (live === undefined) throw refusal(HRESULT.ERROR_FILE_CORRUPT, 'the saved state is of another version')
    if (head.processors !== model.processorCount || head.hasKernel !== hasKernel) {
      throw refusal(
        HRESULT.E_INVALIDARG,
        `the saved machine has ${head.processors} processors and ${head.hasKernel ? 'a' : 'no'} kernel of its own, unlike the document`,
      )
    }
    model.live = live
  }

  #limit(vm: QemuVm, machine: Machine, limits: ProcessorLimits): void {
    const { cgroup } = this.#around.options
    const { model } = vm.system
    const isAsked = Number(limits.Limit ?? 0) > 0 || Number(limits.Weight ?? 0) > 0
    if (cgroup !== undefined && isAsked) applyLimits(cgroup, model.runtimeId, machine.pid, limits, model.processorCount)
  }

  // ------------------------------------------------------------------------------------------------------------------- save

  async #save(vm: QemuVm, argument: string): Promise<void> {
    const options = readOptions('SaveOptions', argument)
    const { model } = vm.system
    const isTemplate = member(options, 'SaveType') === 'AsTemplate'
    const path = member(options, 'SaveStateFilePath')
    if (!isTemplate && (typeof path !== 'string' || path === '')) {
      throw invalidDocument('$.SaveStateFilePath', 'required to save to a file')
    }
    checkState(isTemplate ? 'save as template' : 'save to file', model.state)
    const foreign = isTemplate ? undefined : pathRefusal('$.SaveStateFilePath', path)
    if (foreign !== undefined) throw foreign
    const machine = machineOf(vm)
    if (isTemplate) this.#checkTemplate(vm)
    const directory = this.#around.state.of(model.runtimeId)
    const saving = { head: headOf(vm), directory }
    try {
      await this.#withoutSockets(machine)
      if (isTemplate) await this.#writeTemplate(vm, machine, saving)
      else await saveMachine(machine, { ...saving, path: path as string, withoutMemory: false })
    } catch (error) {
      await this.#giveSocketsBack(vm, machine)
      throw error
    }
    if (!isTemplate) return
    // Nothing runs from here on: its files are the template.
    vm.machine = undefined
    await machine.end()
  }

  /** Makes the VM a template whose machine has still to end. @throws {HcsFailure} nothing of it is left */
  async #writeTemplate(vm: QemuVm, machine: Machine, saving: { head: StateHead; directory: string }): Promise<void> {
    const { model } = vm.system
    const [ramPath, path] = [MACHINE_FILES.ram, TEMPLATE_STATE].map((name) => join(saving.directory, name)) as [
      string,
      string,
    ]
    const before = model.state
    try {
      const memory = await memoryFileOf(machine, ramPath)
      await saveMachine(machine, { ...saving, path, withoutMemory: true })
      rmSync(ramPath, { force: true })
      await copyMemory(memory, ramPath)
      model.state = 'SavedAsTemplate'
      this.#around.persist(vm)
    } catch (error) {
      model.state = before
      for (const begun of [path, ramPath]) rmSync(begun, { force: true })
      throw error
    }
  }

  /** After a save that failed; where that fails too, resuming tries it again. */
  async #giveSocketsBack(vm: QemuVm, machine: Machine): Promise<void> {
    if (!vm.hasSockets || machine.hasVsock || machine.isOver) return
    await machine.plugVsock().catch(() => undefined)
  }

  #checkTemplate({ system: { model }, hardware }: QemuVm): void {
    const why =
      model.live.adapters.size > 0
        ? 'it has network adapters, whose addresses every clone would share; add them to the clones'
        : hardware?.growthMB !== undefined
          ? 'its memory has grown since it booted'
          : undefined
    if (why !== undefined) throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `a template cannot be made of it: ${why}`)
  }

  /** QEMU does not save a machine with a socket device, and a guest lets go of one only while it runs: so it runs for that moment. */
  async #withoutSockets(machine: Machine): Promise<void> {
    if (!machine.hasVsock) return
    await machine.execute('cont')
    try {
      await machine.unplugVsock()
    } finally {
      await machine.execute('stop')
    }
  }

  // ----------------------------------------------------------------------------------------------------------------- modify

  async #modify(vm: QemuVm, request: ReadRequest): Promise<void> {
    const { system } = vm
    const change = planModification(request, system.model, this.#around.systems.hostOf(system.model), false)
    if (change === undefined) return
    const { networks = {}, cgroup } = this.#around.options
    const machine = machineOf(vm)
    const limit =
      cgroup === undefined
        ? undefined
        : (limits: ProcessorLimits) =>
            applyLimits(cgroup, system.model.runtimeId, machine.pid, limits, system.model.processorCount)
    await carryChange({ vm, machine, change, around: { networks, limit } })
    system.model.live = change.live
    system.changed()
  }
}

/** @throws {HcsFailure} it is gone */
function machineOf({ machine }: QemuVm): Machine {
  if (machine === undefined) throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
  return machine
}

function headOf({ system: { model }, hardware }: QemuVm): StateHead {
  return {
    live: movable(model.live),
    hardware: hardware ?? { bootMB: model.live.memoryMB, growthMB: undefined, nicSlots: {}, namespace: undefined },
    processors: model.processorCount,
    hasKernel: model.document.VirtualMachine?.Chipset?.LinuxKernelDirect != null,
  }
}

/** QEMU runs in one. @throws {HcsFailure} the adapters are of several */
function namespaceOf(networks: readonly (QemuNetwork | undefined)[]): string | undefined {
  const names = new Set(networks.flatMap((network) => (network?.type === 'tap' ? [network.namespace] : [])))
  if (names.size > 1) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'the taps of one VM lie in one network name space')
  }
  return [...names][0]
}

function noMigration(): HcsFailure {
  return refusal(HRESULT.ERROR_NOT_SUPPORTED, 'live migration is not offered by this provider yet')
}
