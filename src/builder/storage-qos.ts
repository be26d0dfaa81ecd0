// Storage limits of the whole VM.

import type { StorageQoS } from '../protocol/schema/index.js'
import { settings } from './check.js'
import type { Edit } from './draft.js'

export interface StorageQoSOptions {
  /** IopsMaximum, and BandwidthMaximum in bytes a second. */
  setStorageQoS(options: StorageQoS): this
}

export function storageQoS(options: StorageQoS): Edit {
  const section = settings('setStorageQoS', 'options', options)
  return (draft) => {
    draft.VirtualMachine.StorageQoS = section
  }
}
