// What the VM begins from and ends with: its handles, a saved state, a migration, and who owns the connection to its guest.

import type {
  GuestConnection,
  MigrationInitializeOptions,
  RegistryChanges,
  RestoreState,
} from '../protocol/schema/index.js'
import { optionalSettings, refuse } from './check.js'
import { setOrClear, type Edit } from './draft.js'

export interface LifecycleOptions {
  /** Whether the VM ends when its last handle closes; a new builder's document says true. False: it outlives its owner. */
  setTerminateOnLastHandleClosed(on: boolean): this
  /** Starts from a saved state, or from a template that runs, instead of booting. Undefined clears. */
  setRestoreState(state: RestoreState | undefined): this
  /** The destination of a live migration: `Origin` 'Destination' and the source's `CompatibilityData`. Undefined clears. */
  setMigrationOptions(options: MigrationInitializeOptions | undefined): this
  /** The compute service itself speaks with the guest, in place of this library. Undefined clears. */
  setGuestConnection(connection: GuestConnection | undefined): this
  /** Values that a Windows guest's registry has from the start. Undefined clears. */
  setRegistryChanges(changes: RegistryChanges | undefined): this
}

export function terminateOnLastHandleClosed(on: boolean): Edit {
  if (typeof on !== 'boolean') throw refuse('setTerminateOnLastHandleClosed', 'on', on, 'expected a boolean')
  return (draft) => {
    draft.ShouldTerminateOnLastHandleClosed = on
  }
}

export function restoreState(state: RestoreState | undefined): Edit {
  const section = optionalSettings('setRestoreState', 'state', state)
  return (draft) => {
    setOrClear(draft.VirtualMachine, 'RestoreState', section)
  }
}

export function migrationOptions(options: MigrationInitializeOptions | undefined): Edit {
  const section = optionalSettings('setMigrationOptions', 'options', options)
  return (draft) => {
    setOrClear(draft.VirtualMachine, 'MigrationOptions', section)
  }
}

export function guestConnection(connection: GuestConnection | undefined): Edit {
  const section = optionalSettings('setGuestConnection', 'connection', connection)
  return (draft) => {
    setOrClear(draft.VirtualMachine, 'GuestConnection', section)
  }
}

export function registryChanges(changes: RegistryChanges | undefined): Edit {
  const section = optionalSettings('setRegistryChanges', 'changes', changes)
  return (draft) => {
    setOrClear(draft.VirtualMachine, 'RegistryChanges', section)
  }
}
