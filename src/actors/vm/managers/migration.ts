// Live migration of a VM: seven calls on source and destination, and what the compute service tells of their progress.
//
// Order: initialize the source; create the destination with VirtualMachine.MigrationOptions; start the destination with options and the
// source on the two ends of one connected socket, under one session id; transfer on both; finalize on both (Stop, Resume). To give up:
// cancel, then finalize the source with Resume and terminate the destination. No call has a default time-out; closing the socket is the
// caller's business, after finalize.

import { Duplex } from 'node:stream'
import type {
  MigrationCancelOptions,
  MigrationFinalizedOptions,
  MigrationInitializeOptions,
  MigrationTransferOptions,
  OperationSystemMigrationNotificationInfo,
} from '../../../protocol/schema/index.js'
import type { TypeName } from '../../../protocol/schema/field-table.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { row } from '../../../options/rows.js'
import { checkRequired, optionTable } from '../../../options/table.js'
import type { Subject } from '../changes.js'

export interface MigrationConfig {
  /** uint32, the same on both sides. */
  sessionId: number
  /**
   * Handle of the connected socket; a stream only with the simulated service, whose thread it is relayed to. It stays the caller's: nobody
   * here ends or destroys it, neither after finalize nor when the Host closes, so it is to be closed after finalize, or the program goes on.
   */
  socket: bigint | Duplex
}

export interface MigrationManager {
  /** Starts the destination; its document has `VirtualMachine.MigrationOptions` with `Origin` Destination. */
  startWithMigrationOptions(config: MigrationConfig, options?: CallOptions): Promise<void>
  /** The VM must run and have no Plan9 device. From here on the source takes migration calls, terminate, close and property reads only. */
  initializeLiveMigrationOnSource(settings?: MigrationInitializeOptions, options?: CallOptions): Promise<void>
  startLiveMigrationOnSource(config: MigrationConfig, options?: CallOptions): Promise<void>
  /** Resolves when the memory has been transferred: both sides are to be asked. */
  startLiveMigrationTransfer(settings?: MigrationTransferOptions, options?: CallOptions): Promise<void>
  /** Does not queue: it ends a transfer that is pending. Resolves when the migration is over already. */
  cancelLiveMigration(settings?: MigrationCancelOptions, options?: CallOptions): Promise<void>
  /** `FinalizedOperation` Resume runs the VM here, Stop ends it here. */
  finalizeLiveMigration(settings?: MigrationFinalizedOptions, options?: CallOptions): Promise<void>
  /** From the moment of this call; ends when the VM exits or is closed. */
  migrationNotifications(): AsyncIterable<OperationSystemMigrationNotificationInfo>
}

/** A session of two hosts, as the options of the call that starts it on one of them. */
export interface MigrationStart {
  /** The options document. */
  options: string
  socket: bigint | Duplex
}

export const MIGRATION_CONFIG = optionTable<MigrationConfig>('config', {
  sessionId: row('a number', Number.isFinite),
  socket: row('a socket handle as a bigint, or a duplex stream', (value) => {
    return typeof value === 'bigint' || value instanceof Duplex
  }),
})

/** @throws {InvalidConfigError} */
export function migrationStart(
  subject: Subject,
  config: MigrationConfig,
  side: 'Source' | 'Destination',
): MigrationStart {
  checkRequired(subject, config, MIGRATION_CONFIG)
  const { sessionId, socket } = config
  const start = { NetworkSettings: { SessionId: sessionId } }
  const options =
    side === 'Source'
      ? documentText(subject, 'MigrationStartOptions', start)
      : documentText(subject, 'StartOptions', { DestinationMigrationOptions: start })
  return { options, socket }
}

/** Options of a migration call; missing ones are sent as an empty document. @throws {InvalidConfigError} */
export function migrationOptions(subject: Subject, type: TypeName, settings: unknown): string {
  return settings === undefined ? '{}' : documentText(subject, type, settings)
}
