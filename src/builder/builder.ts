// UtilityVMBuilder: makes the ComputeSystem document of a utility VM. Static: no host is touched, nothing is read.

import { BOOLEAN, INTEGER } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import { copyDocument } from '../protocol/document.js'
import type { GuestOS } from '../protocol/guest-os.js'
import type {
  Attachment,
  ComputeSystem,
  CpuGroup,
  GuestConnection,
  LinuxKernelDirect,
  MigrationInitializeOptions,
  Numa,
  NumaProcessors,
  Plan9,
  RegistryChanges,
  RestoreState,
  StorageQoS,
  UefiBootEntry,
  VirtualMachineMemory,
  VirtualMachineProcessor,
  VirtualPciFunction,
  VirtualPMemDevice,
  VirtualSmb,
  VirtualSmbShare,
} from '../protocol/schema/index.js'
import { linuxKernelDirectBoot, uefiBoot, type BootOptions } from './boot.js'
import { refuse } from './check.js'
import * as devices from './devices.js'
import { edited, newDraft, withoutEmptyMaps, type Draft, type Edit } from './draft.js'
import * as lifecycle from './lifecycle.js'
import * as memory from './memory.js'
import { numa, numaProcessors, type NumaOptions } from './numa.js'
import * as processor from './processor.js'
import { storageQoS, type StorageQoSOptions } from './storage-qos.js'

export interface BuilderOptions {
  /** Windows build number of the target host; checked where a setting needs a newer one. */
  hostBuild?: number
  /** Linux guests: default true. False leaves the Plan9 device out, so that the VM can be migrated. */
  plan9?: boolean
}

/** The builder's constructor. */
export const BUILDER_OPTIONS = optionTable<BuilderOptions>('options', { hostBuild: INTEGER, plan9: BOOLEAN })

/**
 * Fluent builder of a create document. Every setter takes a deep copy of what it is given and returns the builder; a mistake throws
 * InvalidConfigError, naming the field and the value, and changes nothing.
 */
export class UtilityVMBuilder
  implements
    BootOptions,
    memory.MemoryOptions,
    processor.ProcessorOptions,
    devices.DeviceOptions,
    NumaOptions,
    StorageQoSOptions,
    lifecycle.LifecycleOptions
{
  readonly guestOS: GuestOS
  readonly #hostBuild: number | undefined
  #draft: Draft

  constructor(owner: string, guestOS: GuestOS, options: BuilderOptions = {}) {
    if (typeof owner !== 'string') throw refuse('constructor', 'owner', owner, 'expected a string')
    if ((guestOS as unknown) !== 'linux' && guestOS !== 'windows') {
      throw refuse('constructor', 'guestOS', guestOS, "expected 'linux' or 'windows'")
    }
    checkOptions({ op: 'builder.constructor' }, options, BUILDER_OPTIONS)
    const { hostBuild, plan9 = true } = options
    this.guestOS = guestOS
    this.#hostBuild = hostBuild
    this.#draft = newDraft(owner, guestOS, plan9)
  }

  #apply(edit: Edit): this {
    this.#draft = edited(this.#draft, edit)
    return this
  }

  /** A deep copy: later calls never change it. */
  toDocument(): ComputeSystem {
    return withoutEmptyMaps('ComputeSystem', copyDocument<ComputeSystem>(this.#draft))
  }

  setUEFIBoot(entry: UefiBootEntry): this {
    return this.#apply(uefiBoot(entry))
  }

  setLinuxKernelDirectBoot(options: LinuxKernelDirect): this {
    return this.#apply(linuxKernelDirectBoot(options, this.#hostBuild))
  }

  setMemory(config: VirtualMachineMemory): this {
    return this.#apply(memory.memory(config))
  }

  setMemoryLimit(sizeInMB: number): this {
    return this.#apply(memory.memoryLimit(sizeInMB))
  }

  setMemoryHints(config: VirtualMachineMemory): this {
    return this.#apply(memory.memoryHints(config))
  }

  setMMIOConfig(lowGapInMB: number, highBaseInMB: number, highGapInMB: number): this {
    return this.#apply(memory.mmio(lowGapInMB, highBaseInMB, highGapInMB))
  }

  setFirmwareFallbackMeasuredSlit(): this {
    return this.#apply(memory.firmwareFallbackMeasuredSlit())
  }

  setProcessor(config: VirtualMachineProcessor): this {
    return this.#apply(processor.processor(config))
  }

  setProcessorLimits(config: VirtualMachineProcessor): this {
    return this.#apply(processor.processorLimits(config))
  }

  setCPUGroup(group: CpuGroup | undefined): this {
    return this.#apply(processor.cpuGroup(group))
  }

  setNUMAProcessorsSettings(settings: NumaProcessors | undefined): this {
    return this.#apply(numaProcessors(settings))
  }

  setNUMASettings(settings: Numa | undefined): this {
    return this.#apply(numa(settings))
  }

  setStorageQoS(options: StorageQoS | undefined): this {
    return this.#apply(storageQoS(options))
  }

  setTerminateOnLastHandleClosed(on: boolean): this {
    return this.#apply(lifecycle.terminateOnLastHandleClosed(on))
  }

  setRestoreState(state: RestoreState | undefined): this {
    return this.#apply(lifecycle.restoreState(state))
  }

  setMigrationOptions(options: MigrationInitializeOptions | undefined): this {
    return this.#apply(lifecycle.migrationOptions(options))
  }

  setGuestConnection(connection: GuestConnection | undefined): this {
    return this.#apply(lifecycle.guestConnection(connection))
  }

  setRegistryChanges(changes: RegistryChanges | undefined): this {
    return this.#apply(lifecycle.registryChanges(changes))
  }

  addVPCIDevice(vmbusGuid: string, device: VirtualPciFunction, numaAffinity?: boolean): this {
    return this.#apply(devices.vpciDevice(vmbusGuid, device, numaAffinity))
  }

  addSCSIController(id: string): this {
    return this.#apply(devices.scsiController(id))
  }

  addSCSIDisk(controllerId: string, lun: string, disk: Attachment): this {
    return this.#apply(devices.scsiDisk(controllerId, lun, disk))
  }

  addVPMemController(maximumCount: number, maximumSizeBytes: number): this {
    return this.#apply(devices.vpmemController(maximumCount, maximumSizeBytes))
  }

  addVPMemDevice(id: string, device: VirtualPMemDevice): this {
    return this.#apply(devices.vpmemDevice(id, device))
  }

  addVSMB(settings: VirtualSmb): this {
    return this.#apply(devices.vsmb(settings))
  }

  addVSMBShare(share: VirtualSmbShare): this {
    return this.#apply(devices.vsmbShare(share))
  }

  addPlan9(settings: Plan9): this {
    return this.#apply(devices.plan9(settings))
  }

  setSerialConsole(port: number, listenerPath: string): this {
    return this.#apply(devices.serialConsole(port, listenerPath))
  }

  enableGraphicsConsole(): this {
    return this.#apply(devices.graphicsConsole())
  }
}
