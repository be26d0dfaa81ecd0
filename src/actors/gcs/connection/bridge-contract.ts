// What the bridge takes and gives: its options, the effects it wants done, and the state of its transport.

import type { UVMError } from '../../../errors.js'
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
  /** Told of every frame of the guest, with its body when it decoded. */
  onFrame?: (frame: Frame, body?: Record<string, unknown>) => void
}

/** What the bridge wants done. */
export type BridgeEffect =
  | { do: 'write'; frame: Uint8Array }
  | { do: 'settle'; id: bigint; answer: Answer }
  | { do: 'fail'; id: bigint; error: UVMError }
  /** The answer to a call that nobody waits for any more. */
  | { do: 'late'; id: bigint; answer: Answer }
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

export interface CallBounds {
  /** A time of this call alone, milliseconds: passing it never costs the connection. */
  timeoutMs?: number | undefined
  /** Part of the handshake: may speak on a new transport, and ends with it. */
  handshake?: boolean
  /** Where a lost transport is followed: stays outstanding, for the guest answers on the next. */
  outlives?: boolean
}
