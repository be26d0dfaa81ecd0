// GetProperties of a Linux container: its processes, and its control group's counters.

import { decodeNested, textOf, textsOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { isUvm, type LinuxContainer } from './container.js'
import type { LinuxContainers } from './containers.js'
import { cgroupMetrics } from './cgroup.js'

/** @throws {GuestFault} */
export function getLinuxProperties(kernel: GuestKernel, containers: LinuxContainers, request: Document): Document {
  const query = textOf(request, 'Query') === '' ? {} : decodeNested(request, 'Query')
  const types = textsOf(query, 'PropertyTypes')
  if (isUvm(textOf(request, 'ContainerId'))) {
    throw new GuestFault(GUEST.failed, 'the utility VM has no properties of its own')
  }
  const container = containers.of(request)
  return { Properties: JSON.stringify(propertiesOf(kernel, container, new Set(types))) }
}

/** Types that are not known are left out. */
function propertiesOf(kernel: GuestKernel, container: LinuxContainer, types: ReadonlySet<string>): Document {
  const properties: Document = {}
  if (types.has('ProcessList')) {
    const running = container.state === 'terminated' ? [] : container.running()
    // An empty list is left out.
    if (running.length > 0) properties['ProcessList'] = running.map(({ pid }) => ({ ProcessId: pid }))
  }
  if (types.has('Statistics')) properties['LCOWMetrics'] = cgroupMetrics(kernel, container)
  return properties
}
