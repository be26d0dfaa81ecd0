// Messages between a provider in an actor thread and the call thread, which alone calls computecore.dll.

import type { HcsEvent, MigrationStep } from '../hcs.js'
import type { Refusal } from './failure.js'

export type SystemOp =
  'start' | 'shutdown' | 'terminate' | 'pause' | 'resume' | 'save' | 'modify' | 'properties' | 'crash' | MigrationStep

/** What a provider asks; each is answered once under its number. Handles are named by token. */
export type NativeCall =
  | { do: 'create'; id: string; document: string }
  | { do: 'open'; id: string }
  | { do: 'adopt'; token: string }
  | { do: 'operate'; token: string; op: SystemOp; argument: string; socket?: bigint | undefined }
  | { do: 'close'; token: string }
  | { do: 'enumerate'; query: string }
  | { do: 'serviceProperties'; query: string }
  | { do: 'modifyService'; settings: string }
  | { do: 'grantAccess' | 'revokeAccess'; vmId: string; path: string }

/** `events` names the stream of events that a handle to be opened will have. */
export type ToCallThread =
  | { number: number; events?: number; call: NativeCall }
  /** The oldest event of this stream that was not acknowledged yet has been handled. */
  | { handled: number }

export type FromCallThread =
  { number: number; ok: string } | { number: number; fails: Refusal } | { events: number; event: HcsEvent }
