// Regions of shared memory, by section name.

import type { SharedMemoryRegion } from '../../../protocol/schema/index.js'
import { changed, device } from './device.js'

export const regions = device<ReadonlyMap<string, SharedMemoryRegion>>()({
  fromDocument: ({ Devices: devices }) =>
    new Map((devices?.SharedMemory?.Regions ?? []).map((region) => [region.SectionName ?? '', region])),
  changes: {
    sharedMemory: {
      apply: ({ type, settings }, present) =>
        changed(present, settings.SectionName ?? '', type, settings, `region ${settings.SectionName}`),
    },
  },
})
