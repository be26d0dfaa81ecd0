// Devices of the host assigned to a VM.

import { findKey } from '../../../protocol/guid.js'
import type { VirtualPciDevice } from '../../../protocol/schema/index.js'
import { invalidDocument } from '../failure.js'
import { changeEntry, type Resource } from './change.js'

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
    changeEntry(live.pci, findKey(live.pci.keys(), guid) ?? guid, type, settings, `PCI device ${guid}`),
}
