// The guest manager: the connection, what runs inside, and the options. Guest implements it; a caller's code that takes it can be given a
// fake. What is mounted and plugged inside is in resource-managers.ts.

import type { Readable, Writable } from 'node:stream'
import type {
  GcsCapabilities,
  LcowProcessParameters,
  ProcessParameters,
  TimeZoneInformation,
} from '../../protocol/schema/index.js'
import type { CallOptions } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'

export interface GuestOptions {
  /** Bridge service GUID; default vsock port 0x40000000 for Linux guests, the Windows GCS service for Windows guests. */
  serviceId?: string
  /** Serve 512 random bytes once on vsock port 1; default: when the document's KernelCmdLine asks for it. */
  entropy?: boolean
  /** Accept the guest's log stream; default: when the document asks for it. */
  log?: boolean
  /** Milliseconds, default 300000. WaitForProcess is exempt. */
  requestTimeoutMs?: number
  /** 'reject' (default): only that call fails. 'close': the connection is given up. */
  onRequestTimeout?: 'reject' | 'close'
  /** UVM-level ModifySettings in flight at once, started in call order; default 4. */
  modifyConcurrency?: number
}

/** What the guest said in the handshake; missing members filled with false. */
export type GuestCapabilities = Omit<GcsCapabilities, 'GuestDefinedCapabilities'> & {
  guestOS: GuestOS
  GuestDefinedCapabilities: Record<string, boolean>
}

export interface ConnectOptions {
  /** Default true for the first connection, false after a disconnect. */
  coldStart?: boolean
  initialState?: { timezone?: TimeZoneInformation }
}

export interface ExecRequest {
  args?: string[]
  commandLine?: string
  workingDirectory?: string
  env?: Record<string, string>
  /** Windows guests. */
  user?: string
  terminal?: boolean
  stdin?: Readable | string | Uint8Array
  stdout?: Writable
  stderr?: Writable
}

export interface SavedProcess {
  pid: number
  containerId?: string
  waitId: bigint
  ports: { stdin?: number; stdout?: number; stderr?: number }
}

export interface LogRecord {
  level: string
  time?: Date
  message: string
  fields: Record<string, unknown>
}

/** One process inside the guest. */
export interface GuestProcessHandle {
  readonly pid: number
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** `known` is false only when the guest had forgotten the process (0x80070490); the exit code is then 0. */
  wait(options?: CallOptions): Promise<{ exitCode: number; known: boolean }>
  /** @throws {InvalidStateError} it has not exited. */
  exitCode(): Promise<number>
  save(): SavedProcess
  /** False: the process was gone already. */
  signal(options?: { Signal: number | string }, callOptions?: CallOptions): Promise<boolean>
  kill(options?: CallOptions): Promise<boolean>
  resizeConsole(width: number, height: number, options?: CallOptions): Promise<void>
  closeStdin(options?: CallOptions): Promise<void>
  close(options?: CallOptions): Promise<void>
}

export interface GuestManager {
  /** Listens. Idempotent for one service id. @throws {InvalidStateError} prepared for another one. */
  prepareConnection(serviceId?: string, options?: CallOptions): Promise<void>
  /** Accepts the bridge and shakes hands. Idempotent. */
  createConnection(options?: ConnectOptions & CallOptions): Promise<void>
  /** Ends the connection on purpose; the Guest stays and may connect again. */
  closeConnection(options?: CallOptions): Promise<void>
  /** Undefined when not connected. */
  capabilities(): Promise<GuestCapabilities | undefined>
  /** A process in the UVM itself. */
  createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcessHandle>
  /** Runs, relays stdio, resolves with the exit code. */
  execInUVM(request: ExecRequest, options?: CallOptions): Promise<number>
  dumpStacks(options?: CallOptions): Promise<string>
  isConnected(): Promise<boolean>
  /** Closes connection and listeners and ends the guest actor. */
  close(): Promise<void>
}
