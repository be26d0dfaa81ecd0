// Devices of the host assigned to a VM, by VMBus GUID.

import { findKey } from '../../../protocol/guid.js'
import type { VirtualPciDevice } from '../../../protocol/schema/index.js'
import { invalidDocument } from '../failure.js'
import { changed, entries, device } from './device.js'

export const pci = device<ReadonlyMap<string, VirtualPciDevice>>()({
  fromDocument: ({ Devices: devices }) => new Map(entries(devices?.VirtualPci)),
  changes: {
    pciDevice: {
      judge: ({ type, settings }) => {
        if (type !== 'Add') return
        const functions = settings.Functions ?? []
        if (functions.length === 0) throw invalidDocument('$.Settings.Functions', 'at least one is needed')
        const unnamed = functions.findIndex((one) => !one.DeviceInstancePath)
        if (unnamed !== -1) {
          throw invalidDocument(`$.Settings.Functions[${unnamed}].DeviceInstancePath`, 'required here')
        }
      },
      apply: ({ segments: [guid = ''], type, settings }, present) =>
        changed(present, findKey(present.keys(), guid) ?? guid, type, settings, `PCI device ${guid}`),
    },
  },
})
