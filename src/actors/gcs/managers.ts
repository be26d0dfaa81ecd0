// The guest manager: the connection, what runs inside, and the options. Guest implements it; a caller's code that takes it can be given a
// fake. What is mounted and plugged inside is in protocol/guest-resources.

import type { Readable, Writable } from 'node:stream'
import type {
  GcsCapabilities,
  Int64,
  LcowProcessParameters,
  ProcessParameters,
  Properties,
  PropertyType,
  TimeZoneInformation,
} from '../../protocol/schema/index.js'
import type { CallOptions } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'

export interface GuestOptions {
  /**
   * Bridge service GUID; default vsock port 0x40000000 for Linux guests, the Windows GCS service for Windows guests, its sidecar's for
   * confidential ones.
   */
  serviceId?: string
  /**
   * Serve 512 random bytes once on vsock port 1; default: when the kernel command line or the service table asks for it, and for a Linux
   * guest whose command line nobody knows.
   */
  entropy?: boolean
  /** Accept the guest's log stream; default: when the command line or the service table asks for it. */
  log?: boolean
  /** Milliseconds, default 300000. WaitForProcess is exempt. */
  requestTimeoutMs?: number
  /** 'reject' (default): only that call fails. 'close': the connection is given up. */
  onRequestTimeout?: 'reject' | 'close'
  /**
   * UVM-level ModifySettings in flight at once, started in call order; default 4. Up to 64 that their callers gave up no longer count; with 1
   * each counts until it is answered or `requestTimeoutMs` is over.
   */
  modifyConcurrency?: number
  /**
   * What follows a lost transport: the guest is listened for and shaken hands with again, and waits of processes and containers stay. At most
   * `attempts` connections (1 or more, default 10) within `withinMs` milliseconds (default 60000); then they reject. Default: true for Linux
   * guests, which dial again; false for Windows guests.
   */
  reconnect?: boolean | { attempts?: number; withinMs?: number }
  /**
   * The flight recorder: the last `frames` (default 128) within `bytes` (default 32768) of each connection, scrubbed of secrets before they
   * are kept. With a `directory` the recording of a connection that breaks is written there (event 'recording'). False: nothing is recorded.
   */
  recorder?: false | { directory?: string; frames?: number; bytes?: number }
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

export interface CreateContainerOptions {
  /** Sends also a document that a Linux guest's agent is known not to survive; default false. */
  unchecked?: boolean
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

/** What a command has written. */
export interface ExecOutput {
  exitCode: number
  stdout: Buffer
  stderr: Buffer
  /** A stream wrote more than `maxBytes`; the rest was read and dropped. */
  truncated: boolean
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

export interface ProcessExit {
  exitCode: number
  /** False only when the guest had forgotten the process (0x80070490); the exit code is then 0. */
  known: boolean
}

/** One process inside the guest. */
export interface GuestProcessHandle {
  readonly pid: number
  /**
   * Its input. It closes without an error when the process closes it or ends; a write that was under way fails with InvalidStateError then, and
   * with BridgeClosedError, as the stream does, when the connection is lost. Nobody has to listen for 'error'.
   */
  readonly stdin: Writable | null
  /**
   * Its output, to the end. Where that did not come, because the guest, its connection or the thread of its actor was lost, the stream fails with
   * BridgeClosedError: what came is not the whole. Nobody has to listen for 'error'. As stderr.
   */
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  wait(options?: CallOptions): Promise<ProcessExit>
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

/** One container inside the guest. */
export interface ContainerHandle {
  readonly id: string
  start(options?: CallOptions): Promise<void>
  shutdown(options?: CallOptions): Promise<void>
  terminate(options?: CallOptions): Promise<void>
  modify(request: unknown, options?: CallOptions): Promise<void>
  update(resources: unknown, options?: CallOptions): Promise<void>
  propertiesV1(query: { PropertyTypes?: string[] }, options?: CallOptions): Promise<unknown>
  propertiesV2(types: PropertyType[], options?: CallOptions): Promise<Properties>
  createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcessHandle>
  wait(options?: CallOptions): Promise<void>
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
  /**
   * Creates a container from a document that is sent unchanged: SchemaVersion, OciBundlePath, OciSpecification and ScratchDirPath for a
   * Linux guest (`lcowContainer` makes it of a `schema.OciSpec`), a HostedSystem for a Windows one. It is not started.
   */
  createContainer(id: string, config: unknown, options?: CreateContainerOptions & CallOptions): Promise<ContainerHandle>
  /** A handle on a container that runs already; sends nothing. */
  openContainer(id: string, options?: CallOptions): Promise<ContainerHandle>
  /** Removes what the guest keeps of a container that has ended. */
  deleteContainerState(id: string, options?: CallOptions): Promise<void>
  /** A process in the UVM itself. */
  createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcessHandle>
  /**
   * Runs, relays stdio, resolves with the exit code. Given up (by signal or time, or when a stream of the caller fails) the program is
   * killed where the guest allows it; a Linux guest does not, and the program goes on: the error and a 'warning' event say so.
   *
   * @throws {BridgeClosedError} the output was cut with its connection or an actor thread, also when the exit code had been told by then
   */
  execInUVM(request: ExecRequest, options?: CallOptions): Promise<number>
  /** The same with what it wrote: up to `maxBytes` a stream, default 1048576. Streams of the request get their copy. */
  exec(request: ExecRequest & { maxBytes?: number }, options?: CallOptions): Promise<ExecOutput>
  dumpStacks(options?: CallOptions): Promise<string>
  /**
   * Changes a service of a Windows guest, `LogForwardService`: `{ RPCType, Settings? }`. Inner Settings that are an object go as base64 of
   * their JSON; text that is base64 already goes as given.
   */
  modifyServiceSettings(service: string, settings: unknown, options?: CallOptions): Promise<void>
  isConnected(): Promise<boolean>
  /** While on, a lost transport leaves the connection waiting for `resumeConnection`. Switched off while it waits, the connection ends. */
  setMigrating(on: boolean): Promise<void>
  /** Accepts a new transport and negotiates on it; what was outstanding goes on. @throws {InvalidStateError} not migrating */
  resumeConnection(options?: CallOptions): Promise<void>
  /** A process that an earlier owner has saved. */
  openProcess(saved: SavedProcess, options?: CallOptions): Promise<GuestProcessHandle>
  /** The vsock port that the next stream will have. */
  nextPort(): Promise<number>
  /** Raises it; never lowers it. */
  setNextPort(port: number): Promise<void>
  /** The id that the next request will have. */
  bridgeNextId(): Promise<bigint>
  /** Raises it; never lowers it. */
  seedBridgeNextId(next: Int64): Promise<void>
  /** Closes connection and listeners and ends the guest actor. */
  close(): Promise<void>
}
