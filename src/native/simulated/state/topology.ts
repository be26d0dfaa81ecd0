// Whether a machine can be built from a create document whose form is right: memory, processors, NUMA nodes and devices.

import { HRESULT } from '../../../protocol/hresult.js'
import type { ComputeSystem, Numa } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { firstOf } from '../devices/live-configuration.js'
import { memoryProblem } from '../devices/memory.js'
import { limitsProblem } from '../devices/processor.js'

const MAX_NUMA_NODES = 64
/** Physical node number that stands for any. */
const ANY_NODE = 255

type Vm = NonNullable<ComputeSystem['VirtualMachine']>

/** @throws {HcsFailure} a bad memory or processor configuration, or settings that contradict each other */
export function checkTopology({ VirtualMachine: vm = {} }: ComputeSystem, hostProcessors: number): void {
  const bad = quantityProblem(vm, hostProcessors)
  if (bad !== undefined) throw refusal(HRESULT.WBEM_E_INVALID_PARAMETER, bad)
  const contradiction = contradictionOf(vm) ?? numaProblem(vm)
  if (contradiction !== undefined) throw refusal(HRESULT.E_INVALIDARG, contradiction)
  const unfit = firstOf((_, device) => device.buildProblem?.(vm))
  if (unfit !== undefined) throw unfit
}

function quantityProblem({ ComputeTopology: topology }: Vm, hostProcessors: number): string | undefined {
  const size = memoryProblem(topology?.Memory?.SizeInMB ?? 0)
  if (size !== undefined) return size
  const count = topology?.Processor?.Count ?? 1
  if (count < 1 || count > hostProcessors) return `the processor count must be 1..${hostProcessors}`
  return limitsProblem(topology?.Processor ?? {})
}

function contradictionOf(vm: Vm): string | undefined {
  const memory = vm.ComputeTopology?.Memory
  if (vm.Chipset?.Uefi != null && vm.Chipset.LinuxKernelDirect != null) {
    return 'Uefi and LinuxKernelDirect exclude each other'
  }
  const overcommits = memory?.AllowOvercommit === true || memory?.Backing === 'Virtual'
  if (memory?.EnableDeferredCommit === true && !overcommits) return 'EnableDeferredCommit needs overcommit'
  if (vm.ComputeTopology?.Numa != null && overcommits) return 'a NUMA configuration excludes overcommit'
  if (vm.ResourcePartitionId && vm.ComputeTopology?.Processor?.CpuGroup?.Id) {
    return 'a resource partition and a CPU group exclude each other'
  }
  return undefined
}

function numaProblem({ ComputeTopology: topology }: Vm): string | undefined {
  const numa: Numa | null | undefined = topology?.Numa
  const nodes = numa?.Settings ?? []
  if ((numa?.VirtualNodeCount ?? 0) > MAX_NUMA_NODES || nodes.length > MAX_NUMA_NODES) {
    return `at most ${MAX_NUMA_NODES} NUMA nodes`
  }
  if (nodes.length === 0) return undefined
  if (new Set(nodes.map((node) => node.VirtualNodeNumber ?? 0)).size < nodes.length) {
    return 'virtual NUMA nodes have distinct numbers'
  }
  const physical = nodes.map((node) => node.PhysicalNodeNumber ?? 0)
  if (physical.some((node) => node >= MAX_NUMA_NODES && node !== ANY_NODE)) {
    return `a physical NUMA node is below ${MAX_NUMA_NODES}, or ${ANY_NODE} for any`
  }
  if (physical.includes(ANY_NODE) && physical.some((node) => node !== ANY_NODE)) {
    return 'either all NUMA nodes have any physical node, or none'
  }
  const sizes = nodes.map((node) => Number(node.CountOfMemoryBlocks ?? 0))
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
  if (sizes.includes(0)) return 'each NUMA node has memory'
  if (sum(sizes) !== Number(topology?.Memory?.SizeInMB)) return 'the memory of the NUMA nodes must be that of the VM'
  const processors = sum(nodes.map((node) => node.CountOfProcessors ?? 0))
  if (processors !== (topology?.Processor?.Count ?? 1))
    return 'the processors of the NUMA nodes must be those of the VM'
  return undefined
}
