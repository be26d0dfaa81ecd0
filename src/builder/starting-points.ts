// Documents to start from: a builder that has what hcsshim gives a Linux or Windows utility VM, from a few options. Everything in it can be
// changed by the builder's own setters. The paths are of the host; nothing is looked up.

import { BOOLEAN, COUNT, INTEGER, oneOf, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import { SCSI_CONTROLLER_GUIDS } from '../protocol/scsi.js'
import { UtilityVMBuilder } from './builder.js'
import { refuse } from './check.js'
import { lcowCommandLine } from './command-line.js'

export interface StartingOptions {
  /** MiB, rounded up to an even number; default 1024. */
  memoryMB?: number
  /** Default 2. */
  processors?: number
  /** Memory is given as the guest touches it, and may exceed what the host has; default true. False: backed from the start. */
  overcommit?: boolean
  /** Default 4, the most there are. */
  scsiControllers?: number
  /** Named pipe of the host for the first serial port. */
  consolePipe?: string
  /** A keyboard, video and a monitor. */
  graphicsConsole?: boolean
  /** Windows build number of the target host. */
  hostBuild?: number
}

export interface LcowStartOptions extends StartingOptions {
  /** Directory of the boot files; default where Windows keeps those of Linux containers. */
  bootFiles?: string
  /** Boots the kernel without firmware; default true, false for Windows before build 18286. */
  kernelDirect?: boolean
  /** Default `vmlinux` of a kernel direct boot, else `kernel`. */
  kernelFile?: string
  /** 'initrd' (default): the root is in RAM. 'vhd': the boot files' rootfs.vhd as SCSI disk 0:0, read-only. */
  root?: 'initrd' | 'vhd'
  /** More arguments of the kernel. */
  kernelArguments?: string
  /** The guest agent and its arguments; default hcsshim's, with JSON log lines. */
  agent?: string
  /** The log outlives the host's end of it; default true. False for guest images of hcsshim before 0.15, which would not start. */
  redialsLog?: boolean
  /** PCI devices may be added; default false. */
  pci?: boolean
  /** Persistent memory devices of 4 GiB that can be added; default 0. */
  vpmemDevices?: number
  /** Plan 9 shares can be added; default true. False: the VM can be migrated. */
  plan9?: boolean
}

export interface WcowStartOptions extends StartingOptions {
  /** The utility VM's `Files` directory of the base layer: the operating system, shared read-only. */
  osFiles: string
  /** Below `osFiles`; default `\EFI\Microsoft\Boot`. */
  bootDirectory?: string
  /** The writable disk, SCSI 0:0. */
  scratchPath: string
}

const COMMON = {
  memoryMB: COUNT,
  processors: COUNT,
  overcommit: BOOLEAN,
  scsiControllers: INTEGER,
  consolePipe: TEXT,
  graphicsConsole: BOOLEAN,
  hostBuild: INTEGER,
} as const

export const LCOW_START_OPTIONS = optionTable<LcowStartOptions>('options', {
  ...COMMON,
  bootFiles: TEXT,
  kernelDirect: BOOLEAN,
  kernelFile: TEXT,
  root: oneOf('initrd', 'vhd'),
  kernelArguments: TEXT,
  agent: TEXT,
  redialsLog: BOOLEAN,
  pci: BOOLEAN,
  vpmemDevices: INTEGER,
  plan9: BOOLEAN,
})

export const WCOW_START_OPTIONS = optionTable<WcowStartOptions>('options', {
  ...COMMON,
  osFiles: TEXT,
  bootDirectory: TEXT,
  scratchPath: TEXT,
})

const LINUX_BOOT_FILES = 'C:\\Program Files\\Linux Containers'
const WINDOWS_BOOT_DIRECTORY = '\\EFI\\Microsoft\\Boot'
const INITRD = 'initrd.img'
const ROOT_DISK = 'rootfs.vhd'
const KERNEL_DIRECT_BUILD = 18286
const DEFAULT_MEMORY_MB = 1024
const DEFAULT_PROCESSORS = 2
const VPMEM_BYTES = 4 * 1024 ** 3
/** MiB of the host's files that a Windows guest maps directly. */
const DIRECT_MAP_MB = 1024

/**
 * A builder with what hcsshim gives a Linux utility VM: kernel, command line (entropy and log included), memory, processors, SCSI
 * controllers, HvSocket table, Plan 9.
 *
 * @throws {InvalidConfigError} naming the option
 */
export function lcowBuilder(owner: string, options: LcowStartOptions = {}): UtilityVMBuilder {
  const op = 'lcowBuilder'
  checkOptions({ op: `builder.${op}` }, options, LCOW_START_OPTIONS)
  const { hostBuild, plan9, bootFiles = LINUX_BOOT_FILES, root = 'initrd' } = options
  const { kernelDirect = hostBuild === undefined || hostBuild >= KERNEL_DIRECT_BUILD, vpmemDevices = 0 } = options
  const { kernelFile = kernelDirect ? 'vmlinux' : 'kernel', processors = DEFAULT_PROCESSORS } = options
  const builder = new UtilityVMBuilder(owner, 'linux', {
    ...(hostBuild === undefined ? {} : { hostBuild }),
    ...(plan9 === undefined ? {} : { plan9 }),
  })
  const commandLine = lcowCommandLine({
    root: root === 'initrd' ? 'initrd' : 'scsi',
    uefiInitrd: kernelDirect || root !== 'initrd' ? undefined : INITRD,
    processors,
    hasSerialConsole: options.consolePipe !== undefined,
    hasGraphicsConsole: options.graphicsConsole,
    hasPCI: options.pci,
    kernelArguments: options.kernelArguments,
    agent: options.agent,
    redialsLog: options.redialsLog,
  })
  if (kernelDirect) {
    builder.setLinuxKernelDirectBoot({
      KernelFilePath: `${bootFiles}\\${kernelFile}`,
      ...(root === 'initrd' ? { InitRdPath: `${bootFiles}\\${INITRD}` } : {}),
      KernelCmdLine: commandLine,
    })
  } else {
    builder.setUEFIBoot({
      DeviceType: 'VmbFs',
      DevicePath: `\\${kernelFile}`,
      VmbFsRootPath: bootFiles,
      OptionalData: commandLine,
    })
  }
  addCommon(op, builder, options)
  if (root === 'vhd') {
    needController(op, options)
    builder.addSCSIDisk(SCSI_CONTROLLER_GUIDS[0], '0', {
      Type: 'VirtualDisk',
      Path: `${bootFiles}\\${ROOT_DISK}`,
      ReadOnly: true,
    })
  }
  if (vpmemDevices > 0) builder.addVPMemController(vpmemDevices, VPMEM_BYTES)
  return builder
}

/**
 * A builder with what hcsshim gives a Windows utility VM: UEFI boot from the base layer's files, which are shared read-only, a scratch
 * disk, memory, processors, SCSI controllers, HvSocket table, and the registry value by which the guest gives each container a network
 * compartment.
 *
 * @throws {InvalidConfigError} naming the option
 */
export function wcowBuilder(owner: string, options: WcowStartOptions): UtilityVMBuilder {
  const op = 'wcowBuilder'
  checkOptions({ op: `builder.${op}` }, options, WCOW_START_OPTIONS)
  const { osFiles, scratchPath, bootDirectory = WINDOWS_BOOT_DIRECTORY, hostBuild } = options
  for (const [name, value] of Object.entries({ osFiles, scratchPath })) {
    if ((value as unknown) === undefined) throw refuse(op, name, value, 'expected a non-empty string')
  }
  const builder = new UtilityVMBuilder(owner, 'windows', hostBuild === undefined ? {} : { hostBuild })
  builder.setUEFIBoot({
    DeviceType: 'VmbFs',
    DevicePath: `${bootDirectory}\\bootmgfw.efi`,
    VmbFsRootPath: osFiles,
  })
  builder.setRegistryChanges({
    AddValues: [
      {
        Key: { Hive: 'System', Name: 'CurrentControlSet\\Services\\gns' },
        Name: 'EnableCompartmentNamespace',
        Type: 'DWord',
        DWordValue: 1,
      },
    ],
  })
  addCommon(op, builder, options)
  needController(op, options)
  builder.addSCSIDisk(SCSI_CONTROLLER_GUIDS[0], '0', { Type: 'VirtualDisk', Path: scratchPath })
  builder.addVSMB({
    DirectFileMappingInMB: DIRECT_MAP_MB,
    Shares: [
      {
        Name: 'os',
        Path: osFiles,
        Options: { ReadOnly: true, PseudoOplocks: true, TakeBackupPrivilege: true, CacheIo: true, ShareRead: true },
      },
    ],
  })
  return builder
}

function needController(op: string, { scsiControllers }: StartingOptions): void {
  if (scsiControllers === 0) throw refuse(op, 'scsiControllers', 0, 'its disk needs a SCSI controller')
}

function addCommon(op: string, builder: UtilityVMBuilder, options: StartingOptions): void {
  const { memoryMB = DEFAULT_MEMORY_MB, processors = DEFAULT_PROCESSORS, overcommit = true } = options
  const { scsiControllers = SCSI_CONTROLLER_GUIDS.length, consolePipe, graphicsConsole } = options
  if (scsiControllers < 0 || scsiControllers > SCSI_CONTROLLER_GUIDS.length) {
    throw refuse(op, 'scsiControllers', scsiControllers, `expected 0 to ${SCSI_CONTROLLER_GUIDS.length}`)
  }
  builder
    .setMemory({
      SizeInMB: evenMB(memoryMB),
      AllowOvercommit: overcommit,
      ...(overcommit ? { EnableHotHint: true } : {}),
    })
    .setProcessorLimits({ Count: processors })
  for (const id of SCSI_CONTROLLER_GUIDS.slice(0, scsiControllers)) builder.addSCSIController(id)
  if (consolePipe !== undefined) builder.setSerialConsole(0, consolePipe)
  if (graphicsConsole === true) builder.enableGraphicsConsole()
}

/** The compute service takes memory in steps of 2 MiB. */
export function evenMB(sizeInMB: number): number {
  return sizeInMB % 2 === 0 ? sizeInMB : sizeInMB + 1
}
