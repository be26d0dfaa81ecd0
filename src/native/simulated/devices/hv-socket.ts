// The table of Hyper-V socket services, by lower-case GUID.

import { parseGuid } from '../../../protocol/guid.js'
import type { HvSocketServiceConfig } from '../../../protocol/schema/index.js'
import { deviceClass, entries, withEntry, without, device } from './device.js'

export const services = device<ReadonlyMap<string, HvSocketServiceConfig> | undefined>()({
  fromDocument: ({ Devices: devices }) =>
    devices?.HvSocket == null
      ? undefined
      : new Map(entries(devices.HvSocket.HvSocketConfig?.ServiceTable).map(([id, config]) => [bare(id), config])),
  changes: {
    /**
     * An update creates or replaces the entry; one that disables it and has no descriptors removes it. Removing what is not there
     * succeeds. What a disabled service means for connections is the guest host's matter.
     */
    hvSocketService: {
      apply: ({ segments: [segment = ''], type, settings: config }, present) => {
        const table = deviceClass(present, 'HvSocket')
        const id = bare(segment)
        const removes =
          type === 'Remove' ||
          (table.has(id) &&
            config.Disabled === true &&
            !config.BindSecurityDescriptor &&
            !config.ConnectSecurityDescriptor)
        return removes ? without(table, id) : withEntry(table, id, config)
      },
    },
  },
})

function bare(id: string): string {
  return parseGuid(id) ?? id
}
