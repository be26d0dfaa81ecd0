// Storage limits of the whole VM.

import type { StorageQoS } from '../protocol/schema/index.js'
import { optionalSettings } from './check.js'
import { setOrClear, type Edit } from './draft.js'

export interface StorageQoSOptions {
  /** IopsMaximum, and BandwidthMaximum in bytes a second. Undefined: no limits. */
  setStorageQoS(options: StorageQoS | undefined): this
}

export function storageQoS(options: StorageQoS | undefined): Edit {
  const section = optionalSettings('setStorageQoS', 'options', options)
  return (draft) => {
    setOrClear(draft.VirtualMachine, 'StorageQoS', section)
  }
}
