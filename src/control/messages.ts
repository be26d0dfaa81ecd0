// What control server and client say to each other: bodies of requests and answers, and the messages of a command.

import type { ComputeSystemSummary, HostStats } from '../actors/host-options.js'
import type { GuestCapabilities, LogRecord } from '../actors/gcs/managers.js'
import type { ExitStatus } from '../actors/vm/managers/index.js'
import type { GuestOS } from '../protocol/guest-os.js'
import type { ComputeSystem, Properties, SaveOptions } from '../protocol/schema/index.js'

/** Another one is refused by the server, and its client told which there is. */
export const CONTROL_VERSION = 1

/** GET /v1/info */
export interface ControlInfo {
  control: number
  /** Of the package. */
  version: string
  pid: number
  /** When it began to listen, ISO 8601. */
  since: string
}

/** An entry of GET /v1/vms. */
export interface ControlVm extends ComputeSystemSummary {
  /** This process has a handle on it. */
  held: boolean
  /** Its guest connection is here, and up. */
  connected: boolean
  /** Where this process knows. */
  guestOS?: GuestOS
}

/** POST /v1/vms */
export interface CreateVmRequest {
  id: string
  document: ComputeSystem
  guestOS?: GuestOS
  /** Default true. */
  start?: boolean
  /** Default: as `start`. Waits for the guest and shakes hands with it. */
  connect?: boolean
  timeoutMs?: number
}

/** GET /v1/vms/ID */
export interface ControlVmDetails extends ControlVm {
  startedTime?: string
  exit?: ExitStatus
  capabilities?: GuestCapabilities
}

/** POST /v1/vms/ID/ACTION */
export interface VmActionRequest {
  timeoutMs?: number
  /** 'save' alone. */
  save?: SaveOptions
}

/** POST /v1/vms/ID/call: a change of the VM or inside its guest, by the name of the method that `UtilityVM` or `Guest` has for it. */
export interface ControlCallRequest {
  on: 'host' | 'guest'
  method: string
  /** Its arguments, options aside. */
  args?: unknown[]
  timeoutMs?: number
}

export const VM_ACTIONS = ['open', 'start', 'connect', 'pause', 'resume', 'save', 'stop', 'kill'] as const
export type VmAction = (typeof VM_ACTIONS)[number]

/** GET /v1/stats */
export interface ControlStats {
  host: HostStats
}

/** GET /v1/vms/ID/stats */
export type ControlVmStats = Pick<Properties, 'Memory' | 'Statistics'> & { id: string }

/** A line of GET /v1/events: the arguments of an event of the Host. */
export interface ControlEvent {
  event: string
  /** ISO 8601. */
  time: string
  args: unknown[]
}

/** A line of GET /v1/vms/ID/logs. */
export type ControlLogLine = LogRecord

/** The first message of a command, on the control channel. */
export interface ExecStart {
  args?: string[]
  commandLine?: string
  workingDirectory?: string
  env?: Record<string, string>
  /** Windows guests. */
  user?: string
  /** A container that runs; absent: in the VM itself. */
  container?: string
  /** A terminal, of this many columns and rows. It has no stderr of its own. */
  terminal?: { width: number; height: number }
  /** Default true. */
  stdin?: boolean
}

/** What the client says on the control channel later. */
export type ExecControl = { resize: { width: number; height: number } } | { signal: number | string }

/** What the server says first, on the control channel. */
export interface ExecStarted {
  pid: number
}
