// The messages of a VM actor. Documents cross as text: the calling side serialises, the actor forwards.

import type { WireError } from '../../errors-wire.js'
import type { MigrationStep } from '../../native/hcs.js'
import type { OperationSystemMigrationNotificationInfo } from '../../protocol/schema/index.js'
import type { Credited, CreditedRequests } from '../hear-credited.js'

/** The end of a compute system, as plain data. */
export interface ExitNotice {
  /** SystemExitStatus.Status, unsigned. */
  status: number
  /** `GracefulExit`, `ForcedExit`, `UnexpectedExit`, …; 'Unknown' when the document has none. */
  exitType: string
  attribution?: unknown[]
  /** Only for UnexpectedExit. */
  error?: WireError
  /** Milliseconds since 1970 at which this side learnt of it. */
  atMs: number
}

export interface VmAttached {
  /** Lower case, no braces. */
  runtimeId: string
  /** Of the property document; absent when the service does not say. */
  runtimeOsType?: string
  /** Names the open handle at the provider, for the actor that takes it back when this one is lost. */
  token: string
  /** The system has exited already. */
  exit?: ExitNotice
}

/** What is kept of a VM on the main thread, so that another actor can go on with it. */
export interface VmRecall {
  id: string
  token: string
  /** Of its own making, a VM ends with what nobody wants. */
  origin: 'created' | 'opened'
  shutdownOptions: string
  queueLimit: number
  /** Told already. */
  exit?: ExitNotice | undefined
  startedMs?: number | undefined
  hasMigrated: boolean
}

export interface VmRequests extends CreditedRequests {
  /** First request of every actor, exactly one of both. Legal once. A failure leaves nothing behind; the actor can only be stopped then. */
  create: { input: { id: string; document: string; shutdownOptions: string; queueLimit: number }; output: VmAttached }
  open: { input: { id: string; shutdownOptions: string; queueLimit: number }; output: VmAttached }
  /**
   * First request of an actor that takes the place of a lost one: takes its handle back. Whether the VM has ended meanwhile is looked for
   * once, behind the answer. A failure means that nobody has the handle any more.
   */
  adopt: { input: VmRecall; output: undefined }
  /** Queued; HCS judges the state. `options` is a document or ''. `boot` slots apply to start. */
  start: { input: { options: string }; output: undefined }
  /** Start as the destination of a migration. Queued, without a default time-out. */
  startMigrated: { input: { options: string; socket: bigint }; output: undefined }
  /** Queued, without a default time-out; `cancel` alone overtakes, and succeeds when there is nothing left to cancel. `op` labels the errors. */
  migrate: { input: { step: MigrationStep; options: string; socket?: bigint; op: string }; output: undefined }
  shutdown: { input: Record<string, never>; output: undefined }
  pause: { input: { options: string }; output: undefined }
  resume: { input: Record<string, never>; output: undefined }
  save: { input: { options: string }; output: undefined }
  /** Queued. `request` is the ModifySettingRequest; `op` and `path` label the errors. */
  modify: { input: { request: string; op: string; path: string }; output: undefined }
  /** Not queued. Answers the raw document. */
  properties: { input: { query: string; op: string }; output: string }
  /** Overtakes the queue, which rejects. Answers when the exit is known, or once the handle closes at this caller's deadline. */
  terminate: { input: Record<string, never>; output: undefined }
  /** Answers with the exit, however late it is asked; rejects when the handle closes first or contact with the service is lost. */
  wait: { input: Record<string, never>; output: ExitNotice }
  /** A hint that the VM may be gone: reads the properties once and records the exit if they say so. */
  checkExit: { input: Record<string, never>; output: undefined }
  /**
   * Waits for a termination under way and for the call that HCS has, fails the queue, releases the handle. Legal in every state,
   * idempotent.
   */
  close: { input: Record<string, never>; output: undefined }
  /** Close, for an attachment whose answer found nobody any more: a system that this actor created is terminated first. */
  discard: { input: Record<string, never>; output: undefined }
  times: { input: Record<string, never>; output: { startedMs?: number; stoppedMs?: number } }
}

export interface VmNotices {
  /** Once; sent before the answers of wait and terminate. */
  exit: [ExitNotice]
  /** The parsed CrashReport document; crash-initiated and crash-report both. */
  crashReport: Credited<unknown>
  guestConnectionClosed: []
  /** Progress of a live migration; an event without payload is an empty object. */
  migration: [OperationSystemMigrationNotificationInfo]
  /** The compute service went away; nothing more will be heard of this handle. */
  disconnected: [WireError]
}
