// What a guest service is to the guest that runs it: handlers for the bridge, and its state as plain data.

import type { RpcHandlers } from './bridge-server.js'
import type { Document } from './decode.js'

export interface GuestService {
  /** The Capabilities of the handshake's answer. */
  readonly capabilities: Document
  readonly handlers: RpcHandlers
  /** Power is gone: every process ends. */
  stop(): void
  /** What it remembers, as plain data. */
  capture(): unknown
  /** Goes on with what `capture` gave, before anything else. @throws {Error} it is no such state */
  restore(state: unknown): void
}
