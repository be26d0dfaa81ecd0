// What fits the host: processors and memory cut to what it has, and a virtual NUMA topology from a few numbers.

import { COUNT, INTEGER, row } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { Numa, NumaProcessors } from '../protocol/schema/index.js'
import { refuse } from './check.js'
import { evenMB } from './starting-points.js'

/** What a host has. `host.serviceProperties` tells: Basic, and Memory and ProcessorTopology where the service knows them. */
export interface HostCapacity {
  processors: number
  /** MiB that a VM can get. */
  memoryMB: number
}

/** What a VM is to get. */
export interface WantedCapacity {
  processors: number
  memoryMB: number
}

const CAPACITY = { processors: COUNT, memoryMB: COUNT } as const
const HOST_CAPACITY = optionTable<HostCapacity>('host', CAPACITY)
const WANTED_CAPACITY = optionTable<WantedCapacity>('wanted', CAPACITY)

/**
 * Cuts what a VM is to get to what the host has, and rounds memory up to an even number of MiB: a VM that asks for more processors than
 * the host has is refused, and one with more memory than is free does not start.
 *
 * @throws {InvalidConfigError}
 */
export function clampToHost(wanted: WantedCapacity, host: HostCapacity): WantedCapacity {
  const op = 'clampToHost'
  checkOptions({ op: `builder.${op}` }, wanted, WANTED_CAPACITY)
  checkOptions({ op: `builder.${op}` }, host, HOST_CAPACITY)
  for (const [path, one] of Object.entries({ wanted, host })) {
    for (const name of ['processors', 'memoryMB'] as const) {
      if ((one[name] as unknown) === undefined)
        throw refuse(op, `${path}.${name}`, undefined, 'expected an integer above 0')
    }
  }
  return {
    processors: Math.min(wanted.processors, host.processors),
    memoryMB: Math.min(evenMB(wanted.memoryMB), host.memoryMB - (host.memoryMB % 2)),
  }
}

/** A virtual NUMA topology: made by the platform from limits a node, or node by node. */
export interface NumaPlan {
  /** By the platform: most processors a virtual node. */
  maxProcessorsPerNode?: number
  /** By the platform: most memory a virtual node, MiB. */
  maxMemoryPerNodeMB?: number
  /** Physical nodes to be used first. */
  preferredPhysicalNodes?: number[]
  /** Node by node, in the order of the virtual nodes. */
  nodes?: NumaNodePlan[]
}

export interface NumaNodePlan {
  /** 0..63, or 255 for any; either all nodes say 255, or none. */
  physicalNode: number
  processors: number
  memoryMB: number
}

const INTEGERS = row('an array of integers', (value) => Array.isArray(value) && value.every(Number.isSafeInteger))
const NODES = row('an array of nodes', (value) => Array.isArray(value) && value.length > 0)
export const NUMA_PLAN = optionTable<NumaPlan>('plan', {
  maxProcessorsPerNode: COUNT,
  maxMemoryPerNodeMB: COUNT,
  preferredPhysicalNodes: INTEGERS,
  nodes: NODES,
})
const NUMA_NODE_PLAN = optionTable<NumaNodePlan>('node', { physicalNode: INTEGER, processors: COUNT, memoryMB: COUNT })

const ANY_PHYSICAL_NODE = 0xff
const MAX_NODES = 64

/**
 * What `setNUMASettings` and `setNUMAProcessorsSettings` take. The VM's memory must be physically backed, and the totals of an explicit
 * topology must be its processors and memory. Windows build 26100 and later.
 *
 * @throws {InvalidConfigError} naming what contradicts
 */
export function planNuma(plan: NumaPlan, vm: WantedCapacity): { numa: Numa; processors: NumaProcessors | undefined } {
  const op = 'planNuma'
  checkOptions({ op: `builder.${op}` }, plan, NUMA_PLAN)
  checkOptions({ op: `builder.${op}` }, vm, WANTED_CAPACITY)
  const { maxProcessorsPerNode, maxMemoryPerNodeMB, preferredPhysicalNodes, nodes } = plan
  const preferred = preferredPhysicalNodes === undefined ? {} : { PreferredPhysicalNodes: preferredPhysicalNodes }
  if (nodes === undefined) {
    if (maxProcessorsPerNode === undefined || maxMemoryPerNodeMB === undefined) {
      throw refuse(op, 'plan', undefined, 'expected nodes, or both maxProcessorsPerNode and maxMemoryPerNodeMB')
    }
    return {
      numa: { MaxSizePerNode: maxMemoryPerNodeMB, ...preferred },
      processors: { count_per_node: { max: maxProcessorsPerNode } },
    }
  }
  if (maxProcessorsPerNode !== undefined || maxMemoryPerNodeMB !== undefined) {
    throw refuse(op, 'nodes', undefined, 'limits a node are for a topology that the platform makes')
  }
  checkNodes(op, nodes, vm)
  return {
    numa: {
      VirtualNodeCount: nodes.length,
      ...preferred,
      Settings: nodes.map(({ physicalNode, processors, memoryMB }, index) => ({
        VirtualNodeNumber: index,
        PhysicalNodeNumber: physicalNode,
        VirtualSocketNumber: index,
        CountOfProcessors: processors,
        CountOfMemoryBlocks: memoryMB,
        MemoryBackingType: 'Physical',
      })),
    },
    processors: undefined,
  }
}

function checkNodes(op: string, nodes: readonly NumaNodePlan[], vm: WantedCapacity): void {
  if (nodes.length > MAX_NODES) throw refuse(op, 'nodes', nodes.length, `expected at most ${MAX_NODES}`)
  const isAny = nodes[0]?.physicalNode === ANY_PHYSICAL_NODE
  nodes.forEach((node, index) => {
    checkOptions({ op: `builder.${op}` }, node, NUMA_NODE_PLAN)
    const path = `nodes[${index}].physicalNode`
    const { physicalNode } = node
    if (physicalNode !== ANY_PHYSICAL_NODE && !(physicalNode >= 0 && physicalNode < MAX_NODES)) {
      throw refuse(op, path, physicalNode, `expected 0 to ${MAX_NODES - 1}, or ${ANY_PHYSICAL_NODE} for any`)
    }
    if ((physicalNode === ANY_PHYSICAL_NODE) !== isAny) {
      throw refuse(op, path, physicalNode, `either every node says ${ANY_PHYSICAL_NODE}, or none`)
    }
  })
  for (const name of ['processors', 'memoryMB'] as const) {
    const total = nodes.reduce((sum, node) => sum + node[name], 0)
    if (total !== vm[name]) throw refuse(op, 'nodes', total, `their ${name} must add up to the VM's ${vm[name]}`)
  }
}
