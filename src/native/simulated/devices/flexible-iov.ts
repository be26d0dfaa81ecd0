// Flexible I/O devices, by id.

import { findKey } from '../../../protocol/guid.js'
import type { FlexibleIoDevice } from '../../../protocol/schema/index.js'
import { changed, entries, device } from './device.js'

export const flexibleIov = device<ReadonlyMap<string, FlexibleIoDevice>>()({
  fromDocument: ({ Devices: devices }) => new Map(entries(devices?.FlexibleIov)),
  changes: {
    flexibleIov: {
      apply: ({ segments: [id = ''], type, settings }, present) =>
        changed(present, findKey(present.keys(), id) ?? id, type, settings, `device ${id}`),
    },
  },
})
