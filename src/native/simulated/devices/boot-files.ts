// The host files that a VM opens when it starts.

import type { ComputeSystem } from '../../../protocol/schema/index.js'
import { fileProblem } from './host-files.js'
import type { LiveConfiguration } from './live-configuration.js'
import { diskProblem } from './scsi.js'

/** The first file that cannot be opened, and the HRESULT of that. */
export function bootFileProblem(
  { VirtualMachine: vm = {} }: ComputeSystem,
  live: LiveConfiguration,
): { path: string; hresult: number } | undefined {
  const kernel = vm.Chipset?.LinuxKernelDirect
  const pmem = [...(live.vpmem?.devices.values() ?? [])]
  const readOnly = [
    kernel?.KernelFilePath,
    kernel?.InitRdPath,
    vm.Chipset?.Uefi?.BootThis?.VmbFsRootPath,
    ...pmem.flatMap(({ device, mappings }) => [device, ...mappings.values()].map(({ HostPath }) => HostPath)),
    ...[...(live.vsmb?.values() ?? []), ...(live.plan9 ?? [])].map(({ Path }) => Path),
  ]
  for (const path of readOnly) {
    const hresult = path ? fileProblem(path, true) : undefined
    if (path && hresult !== undefined) return { path, hresult }
  }
  const disks = [...live.scsi.values()].flatMap((all) => [...all.values()])
  for (const [index, disk] of disks.entries()) {
    const hresult = diskProblem(disk, disks.slice(0, index))
    if (hresult !== undefined) return { path: disk.Path ?? '', hresult }
  }
  return undefined
}
