// Assigned devices, named pipes, COM ports, flexible I/O devices and shared memory.

import { HRESULT } from '../../protocol/hresult.js'
import { findKey } from '../../protocol/resource-paths.js'
import type { ComPort, FlexibleIoDevice, SharedMemoryRegion, VirtualPciDevice } from '../../protocol/schema/index.js'
import { invalidDocument, refusal } from './failure.js'
import { checkTarget, type Resource } from './change.js'

export const MAX_COM_PORT = 1

export const PCI_DEVICE: Resource<VirtualPciDevice> = {
  judge: ({ type, settings }) => {
    if (type !== 'Add') return
    const functions = settings.Functions ?? []
    if (functions.length === 0) throw invalidDocument('$.Settings.Functions', 'at least one is needed')
    const unnamed = functions.findIndex((one) => !one.DeviceInstancePath)
    if (unnamed !== -1) {
      throw invalidDocument(`$.Settings.Functions[${unnamed}].DeviceInstancePath`, 'required here')
    }
  },
  apply: ({ segments: [guid = ''], type, settings }, { live }) =>
    change(live.pci, findKey(live.pci.keys(), guid) ?? guid, type, settings, `PCI device ${guid}`),
}

export const MAPPED_PIPE: Resource<undefined> = {
  judge: ({ segments: [path = ''] }) => {
    if (!/^\\\\\.\\pipe\\./i.test(path)) throw refusal(HRESULT.E_INVALIDARG, `${path} is no path of a pipe`)
  },
  apply: ({ segments: [path = ''], type }, { live: { pipes } }) => {
    checkTarget(type, pipes.has(path), `pipe ${path}`)
    if (type === 'Add') pipes.add(path)
    else pipes.delete(path)
  },
}

export const COM_PORT: Resource<ComPort> = {
  judge: ({ segments: [port] }) => {
    if (Number(port) > MAX_COM_PORT) throw refusal(HRESULT.E_INVALIDARG, 'a COM port is 0 or 1')
  },
  apply: ({ segments: [port], type, settings }, { live }) =>
    change(live.comPorts, Number(port), type, settings, `COM port ${port}`),
}

export const FLEXIBLE_IOV: Resource<FlexibleIoDevice> = {
  apply: ({ segments: [id = ''], type, settings }, { live }) =>
    change(live.flexibleIov, findKey(live.flexibleIov.keys(), id) ?? id, type, settings, `device ${id}`),
}

export const SHARED_MEMORY: Resource<SharedMemoryRegion> = {
  apply: ({ type, settings }, { live }) =>
    change(live.regions, settings.SectionName ?? '', type, settings, `region ${settings.SectionName}`),
}

function change<K, V>(table: Map<K, V>, key: K, type: 'Add' | 'Remove' | 'Update', value: V, what: string): void {
  checkTarget(type, table.has(key), what)
  if (type === 'Remove') table.delete(key)
  else table.set(key, value)
}
