// Registry values of a Windows guest.

import type { RegistryHive, RegistryValueType } from './enums.js'
import type { UInt32, UInt64 } from './primitives.js'

/** Registry values written before a Windows guest boots. */
export interface RegistryChanges {
  AddValues?: RegistryValue[] | undefined
  DeleteKeys?: RegistryKey[] | undefined
}

export interface RegistryKey {
  Hive?: RegistryHive | undefined
  Name?: string | undefined
  Volatile?: boolean | undefined
}

export interface RegistryValue {
  Key?: RegistryKey | undefined
  Name?: string | undefined
  Type?: RegistryValueType | undefined
  StringValue?: string | undefined
  /** Base64. */
  BinaryValue?: string | undefined
  DWordValue?: UInt32 | undefined
  QWordValue?: UInt64 | undefined
  CustomType?: UInt32 | undefined
}
