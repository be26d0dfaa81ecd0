// What the bridge takes and gives: its options, the effects it wants done, and the state of its transport.

import { BridgeClosedError, type UVMError } from '../../../errors.js'
import type { Frame } from '../../../protocol/bridge/frame-reader.js'
import type { Answer, ContainerNotice } from '../../../protocol/bridge/messages.js'
import type { Leftovers } from './restore.js'

export interface BridgeOptions {
  /** Milliseconds; WaitForProcess has none. */
  requestTimeoutMs: number
  /** What a request past its time costs: its own call, or the connection. */
  onRequestTimeout: 'reject' | 'close'
  /** What the guest may still say of the connection before this one. */
  leftovers?: Leftovers | undefined
  /** Hold what is unknown until `endRestore`: this connection takes over from one of another process. */
  restoring?: boolean
  /** Request ids below this are another program's: an answer to one, or the end of a container, that nobody has claimed is nobody's. */
  takesOver?: bigint | undefined
  /** Told of every frame of the guest, with its text when it decoded. */
  onFrame?: (frame: Frame, text?: string) => void
}

/** What the bridge wants done. `bounds`: what its caller gave with the call. What is to be written is taken with `takeWritten`. */
export type BridgeEffect =
  | { do: 'settle'; id: bigint; answer: Answer; bounds: CallBounds }
  | { do: 'fail'; id: bigint; error: UVMError; bounds: CallBounds }
  /** The answer to a call that nobody waits for any more. */
  | { do: 'late'; id: bigint; answer: Answer; bounds: CallBounds }
  | { do: 'notify'; notice: ContainerNotice }
  /** The transport is gone, and the connection waits for a new one. */
  | { do: 'park'; cause: UVMError }
  /** The connection is over; no cause when it was closed on purpose. */
  | { do: 'close'; cause?: UVMError }

/** Whether the guest can be spoken to. */
export type TransportState =
  | { kind: 'up' }
  /** The transport was lost during a migration, or is followed. */
  | { kind: 'down'; cause: UVMError }
  /** A new transport, on which only the handshake may speak. */
  | { kind: 'resuming' }
  | { kind: 'closed' }

/** @throws {BridgeClosedError} nothing, or nothing but the handshake, may be asked */
export function assertUp(transport: TransportState, isMigrating: boolean, isHandshake: boolean): void {
  if (transport.kind === 'up' || (transport.kind === 'resuming' && isHandshake)) return
  if (transport.kind === 'closed') throw new BridgeClosedError({})
  const how = isMigrating ? 'in the migration, and it has not been resumed' : 'and the guest has not come back yet'
  throw new BridgeClosedError({ reason: `its transport was lost ${how}` })
}

export interface CallBounds {
  /** A time of this call alone, milliseconds: passing it never costs the connection. */
  timeoutMs?: number | undefined
  /** Part of the handshake: may speak on a new transport, and ends with it. */
  handshake?: boolean
  /** Where a lost transport is followed: stays outstanding, for the guest answers on the next. */
  outlives?: boolean
}
