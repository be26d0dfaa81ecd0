// Boot: UEFI or a Linux kernel loaded directly. The chipset has one of both.

import type { LinuxKernelDirect, UefiBootEntry } from '../protocol/schema/index.js'
import { refuse, settings } from './check.js'
import type { Edit } from './draft.js'

export interface BootOptions {
  /** Replaces a kernel direct boot. */
  setUEFIBoot(entry: UefiBootEntry): this
  /** Replaces a UEFI boot. @throws {InvalidConfigError} on a host build below 18286, when one was given */
  setLinuxKernelDirectBoot(options: LinuxKernelDirect): this
}

/** First Windows build that loads a Linux kernel directly. */
const KERNEL_DIRECT_BUILD = 18286

export function uefiBoot(entry: UefiBootEntry): Edit {
  const bootThis = settings('setUEFIBoot', 'entry', entry)
  return ({ VirtualMachine: { Chipset: chipset } }) => {
    delete chipset.LinuxKernelDirect
    chipset.Uefi = { ...chipset.Uefi, BootThis: bootThis }
  }
}

export function linuxKernelDirectBoot(options: LinuxKernelDirect, hostBuild: number | undefined): Edit {
  const kernel = settings('setLinuxKernelDirectBoot', 'options', options)
  if (hostBuild !== undefined && hostBuild < KERNEL_DIRECT_BUILD) {
    const reason = `a kernel direct boot needs Windows build ${KERNEL_DIRECT_BUILD} or later`
    throw refuse('setLinuxKernelDirectBoot', 'hostBuild', hostBuild, reason)
  }
  return ({ VirtualMachine: { Chipset: chipset } }) => {
    delete chipset.Uefi
    chipset.LinuxKernelDirect = kernel
  }
}
