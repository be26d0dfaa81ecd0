// Messages between a provider in an actor thread and the service's thread.

import type { HcsEvent, MigrationStep } from '../hcs.js'
import type { StatefulOp } from './states.js'

/** What a provider asks; each is answered once under its number. */
export type ServiceCall =
  | { do: 'create'; id: string; document: string }
  | { do: 'open'; id: string }
  | { do: 'adopt'; handle: number }
  | { do: 'operate'; handle: number; op: StatefulOp; argument: string; step?: MigrationStep; socket?: bigint }
  | { do: 'close'; handle: number }
  | { do: 'enumerate'; query: string }
  | { do: 'serviceProperties'; query: string }
  | { do: 'modifyService'; settings: string }
  | { do: 'grantAccess'; vmId: string; path: string }
  | { do: 'revokeAccess'; vmId: string; path: string }

/** `events` names the stream of events that a handle to be opened will have. */
export type ToService = { number: number; events?: number; call: ServiceCall }

export type FromService =
  | { number: number; ok: string | number }
  | { number: number; fails: { hresult: number; document?: string } }
  | { events: number; event: HcsEvent }
