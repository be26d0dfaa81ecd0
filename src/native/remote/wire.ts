// Messages between a provider in an actor thread and the thread that a compute service has to itself.

import type { HcsEvent, HcsFileCall, MigrationStep } from '../hcs.js'

export type SystemOp =
  'start' | 'shutdown' | 'terminate' | 'pause' | 'resume' | 'save' | 'modify' | 'properties' | 'crash' | MigrationStep

/** What a provider asks; each is answered once under its number. Handles are named by token. */
export type ServiceCall =
  | { do: 'create'; id: string; document: string }
  | { do: 'open'; id: string }
  | { do: 'adopt'; token: string }
  | { do: 'operate'; token: string; op: SystemOp; argument: string; socket?: bigint | undefined }
  | { do: 'close'; token: string }
  | { do: 'enumerate'; query: string }
  | { do: 'serviceProperties'; query: string }
  | { do: 'modifyService'; settings: string }
  | { do: 'grantAccess' | 'revokeAccess'; vmId: string; path: string }
  | { do: 'file'; what: HcsFileCall; path: string }
  | { do: 'workingSet'; runtimeId: string }

/** A refusal in the form in which it crosses. */
export interface Refusal {
  hresult: number
  /** The result document, '' when there is none. */
  document: string
  /** Set when the service itself falls short: what is missing, and on which Windows build it appears. */
  unavailable?: string
}

/** `events` names the stream of events that a handle to be opened will have. */
export type ToService =
  | { number: number; events?: number; call: ServiceCall }
  /** The oldest event of this stream that was not acknowledged yet has been handled. */
  | { handled: number }

export type FromService =
  { number: number; ok: string } | { number: number; fails: Refusal } | { events: number; event: HcsEvent }
