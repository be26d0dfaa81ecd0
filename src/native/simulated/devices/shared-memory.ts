// Regions of shared memory.

import type { SharedMemoryRegion } from '../../../protocol/schema/index.js'
import { changeEntry, type Resource } from './change.js'

export const SHARED_MEMORY: Resource<SharedMemoryRegion> = {
  apply: ({ type, settings }, { live }) =>
    changeEntry(live.regions, settings.SectionName ?? '', type, settings, `region ${settings.SectionName}`),
}
