// Flexible I/O devices.

import { findKey } from '../../../protocol/guid.js'
import type { FlexibleIoDevice } from '../../../protocol/schema/index.js'
import { changeEntry, type Resource } from './change.js'

export const FLEXIBLE_IOV: Resource<FlexibleIoDevice> = {
  apply: ({ segments: [id = ''], type, settings }, { live }) =>
    changeEntry(live.flexibleIov, findKey(live.flexibleIov.keys(), id) ?? id, type, settings, `device ${id}`),
}
