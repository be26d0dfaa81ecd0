// The messages of a GCS actor, and of the ports that carry the stdio of its processes.

import type { MessagePort } from 'node:worker_threads'
import type { WireError } from '../../errors-wire.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { Credited, CreditedRequests } from '../hear-credited.js'
import type { LogBatch } from './connection/log-outbox.js'
import type { ReconnectBounds } from './connection/reconnect.js'

/** What the actor is started with. */
export interface GuestInit {
  vmId: string
  runtimeId: string
  guestOS: GuestOS
  /** Bridge service GUID, lower case. */
  serviceId: string
  /** Listen on vsock port 1 and serve 512 random bytes once. */
  entropy: boolean
  /** The log stream is taken, by an actor of its own: vsock port 109 (Linux) or the Windows log forwarding service. */
  log: boolean
  requestTimeoutMs: number
  onRequestTimeout: 'reject' | 'close'
  modifyConcurrency: number
  /** Whether a lost transport is followed, and how far. Absent: it is the end of the connection. */
  reconnect?: ReconnectBounds | undefined
  /** Another program was this guest's host before. Request ids below are that one's: what answers those and nobody claims is nobody's. */
  takesOver?: bigint
  /** Where the ports of stdio begin. Those below may be dialled late, for who asked for them before. */
  firstPort?: number
  /** Absent: nothing is recorded. `directory`: where the recording of a connection that broke is written. */
  recorder?: { directory?: string; frames: number; bytes: number }
}

/** Capabilities as negotiated, missing members false. */
export interface NegotiatedGuest {
  guestOS: GuestOS
  capabilities: Record<string, unknown>
  guestDefined: Record<string, boolean>
}

/** A process as the main thread knows it. `key` names it within its actor for good; pids may come again. */
export interface StartedProcess {
  key: number
  pid: number
  /** Request id of its WaitForProcess. */
  waitId: bigint
  ports: { stdin?: number; stdout?: number; stderr?: number }
}

export type ContainerCallName = 'Start' | 'ShutdownGraceful' | 'ShutdownForced'

export interface GuestRequests extends CreditedRequests {
  /** First request: opens the listeners (bridge, entropy). A failure leaves none open. */
  arm: { input: Record<string, never>; output: undefined }
  /** Listens again after a disconnect; idempotent for one service id, InvalidStateError for another. */
  prepare: { input: { serviceId?: string }; output: undefined }
  /**
   * Accepts the bridge and shakes hands; idempotent, concurrent calls share one attempt, also one that follows a break. `timeZone` is the
   * TimeZoneInformation document or ''. Default time-out of each caller 2 minutes.
   */
  connect: {
    /** `firstId`: ids below it were used by an actor that was lost. */
    input: { coldStart: boolean; timeZone: string; firstId?: bigint | undefined }
    output: NegotiatedGuest
  }
  /** Ends the connection on purpose; legal in every state. */
  disconnect: { input: Record<string, never>; output: undefined }
  negotiated: { input: Record<string, never>; output: NegotiatedGuest | undefined }
  /** UVM-level ModifySettings: `request` is the Request value as JSON text. Started in call order, `modifyConcurrency` at once. */
  modify: { input: { request: string; op: string; needs?: string }; output: undefined }
  /**
   * Starts a process. `parameters` is the ProcessParameters document, nested as text. A stream is requested by its port, which then carries
   * the bytes (StdioMessage). The actor listens before it asks, and sends WaitForProcess right after the answer.
   */
  execute: {
    input: {
      /** Chosen by the caller; names the process within its actor from here on. */
      key: number
      containerId: string
      parameters: string
      stdin?: MessagePort
      stdout?: MessagePort
      stderr?: MessagePort
      op: string
    }
    output: StartedProcess
  }
  /** The caller gave up an execute: what it brought all the same is made good. Legal in every state. */
  discardProcess: { input: { key: number }; output: undefined }
  /** Answers when the process has exited. `known` is false only when the guest said 0x80070490. */
  waitProcess: { input: { key: number }; output: { exitCode: number; known: boolean } }
  /** `signal` undefined: forced kill, no Options member. Answers whether it was delivered. */
  signalProcess: { input: { key: number; signal?: number | string }; output: boolean }
  resizeConsole: { input: { key: number; width: number; height: number }; output: undefined }
  /** Local: closes the channels, sends nothing. Idempotent, legal in every state. */
  closeProcess: { input: { key: number }; output: undefined }
  dumpStacks: { input: Record<string, never>; output: string }

  /**
   * Registers the exit and creates a container; `config` is the document as text, nested in the request. The caller chooses the key, which
   * names the handle from here on. `needs`: a capability without which nothing is sent.
   */
  createContainer: { input: { key: number; id: string; config: string; op: string; needs?: string }; output: undefined }
  /** Registers the exit of a container that runs; sends nothing. */
  openContainer: { input: { key: number; id: string }; output: undefined }
  /** The caller gave up a createContainer or openContainer: what it brought all the same is made good. Legal in every state. */
  discardContainer: { input: { key: number }; output: undefined }
  /** `isUntold`: the guest will tell of no exit that this brings. */
  askContainer: { input: { key: number; rpc: ContainerCallName; isUntold: boolean; op: string }; output: undefined }
  /** `request` is the Request value as JSON text. */
  modifyContainer: { input: { key: number; request: string; op: string }; output: undefined }
  /** `query` is the document as text; answers the parsed properties. */
  containerProperties: { input: { key: number; query: string; op: string }; output: unknown }
  /** Answers at the exit. */
  waitContainer: { input: { key: number }; output: undefined }
  /** Local: sends nothing. Idempotent, legal in every state. */
  closeContainer: { input: { key: number }; output: undefined }
  deleteContainerState: { input: { id: string }; output: undefined }
  /** `settings` is the Settings value as JSON text. */
  modifyService: { input: { service: string; settings: string }; output: undefined }

  /** While on, a lost transport leaves the connection waiting for `resume`. Legal in every state. */
  setMigrating: { input: { on: boolean }; output: undefined }
  /** Accepts a new transport for a connection that lost its own, and negotiates on it. */
  resume: { input: Record<string, never>; output: undefined }
  /** Writes the recording of the connection, or of the last one, to a file. */
  saveRecording: { input: { path: string }; output: undefined }
  nextPort: { input: Record<string, never>; output: number }
  /** Raises the port of the next stream; never lowers it. */
  seedNextPort: { input: { port: number }; output: undefined }
  nextId: { input: Record<string, never>; output: bigint }
  /** Raises the id of the next request; never lowers it. */
  seedNextId: { input: { next: bigint }; output: undefined }
  /** Takes over a process that an earlier owner has started: listens on its ports, adopts its wait. */
  openProcess: {
    input: {
      key: number
      pid: number
      containerId: string
      waitId: bigint
      ports: StartedProcess['ports']
      stdin?: MessagePort
      stdout?: MessagePort
      stderr?: MessagePort
    }
    output: StartedProcess
  }
  /** The VM is gone: the connection, listeners and socket files go with it. */
  vmExited: { input: { cause: WireError }; output: undefined }
}

export interface GuestNotices {
  /** The connection ended; absent when it was closed on purpose. */
  disconnected: [error?: WireError]
  /** A lost connection is there again. */
  reconnected: []
  warning: Credited<WireError>
  containerExited: [id: string]
  recording: [path: string]
}

/** What a log actor is started with. */
export type LogInit = Pick<GuestInit, 'vmId' | 'runtimeId' | 'guestOS'>

export interface LogRequests extends CreditedRequests {
  /** First request: opens the listener. */
  arm: { input: Record<string, never>; output: undefined }
  /** The last batch was taken. */
  taken: { input: Record<string, never>; output: undefined }
  /** While on, nothing is listened on; what is connected stays. */
  setMigrating: { input: { on: boolean }; output: undefined }
  /** The VM is gone: answers once its log has ended and was taken. */
  finish: { input: Record<string, never>; output: undefined }
}

export interface LogNotices {
  /** The next batch follows `taken`. */
  logs: [LogBatch]
  warning: Credited<WireError>
}

/**
 * A stdio port. Bytes are transferred Uint8Array messages. The receiver of bytes grants credit (bytes it can take); the sender never has
 * more in flight than it was granted beyond the initial window. `end`: no more bytes (EOF, half-close). `closed`: the stream is over without EOF,
 * and so cut; `unused`: the guest has never connected it, and the process is gone; `unread`: input that nobody takes any more, since the process
 * has closed it or is gone.
 * A credit is of one message unless it says of how many.
 */
export type StdioMessage =
  Uint8Array | { credit: number; messages?: number } | { end: true } | { closed: true; unused?: true; unread?: true }

/** Bytes of one output stream that are read ahead of the caller, and of stdin that are in flight to the actor. */
export const STDIO_WINDOW_BYTES = 256 * 1024

export const NULL_CONTAINER_ID = '00000000-0000-0000-0000-000000000000'
