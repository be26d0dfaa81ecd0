// What can be asked of the simulated compute service.

import type { ExitType } from '../../protocol/exit.js'

export type HcsOp =
  | 'create'
  | 'open'
  | 'start'
  | 'shutdown'
  | 'terminate'
  | 'pause'
  | 'resume'
  | 'save'
  | 'modify'
  | 'properties'
  | 'migrate'
  | 'close'

/** The first rule that matches acts. */
export interface FaultRule {
  op: HcsOp
  id?: string
  /** Resource path, for `modify`. */
  path?: string
  /** Acts on the n-th matching call on that VM only, counted from 1. */
  nth?: number
  /** 0..1 */
  probability?: number
  /** HRESULT to fail with. */
  fail?: number
  never?: true
  delayMs?: number
  /** Answer only after the VM is gone. */
  afterExit?: true
  /** Crash events, then the exit. */
  crash?: true
  /** The VM ends so. */
  exit?: ExitType
  /** Event 0x02000000 on the VM's handles. */
  disconnect?: true
  /** The guest drops the bridge. */
  guest?: 'disconnect'
}

export interface ServiceOptions {
  /** Default 'builtin'. 'none' leaves the dialling to whoever wants to be the guest. */
  guest?: 'builtin' | 'none'
  seed?: number
  /** Refuse unknown document fields; default false. */
  strictDocuments?: boolean
  /** Host processors, default 64. */
  processors?: number
  /** Host memory, MiB; default unlimited. */
  memoryMB?: number
  /** Network endpoints that exist; absent: any exists, attachment is not checked. */
  endpoints?: string[]
  /** Milliseconds, fixed or a range. */
  latency?: Partial<Record<HcsOp, number | [min: number, max: number]>>
  faults?: FaultRule[]
}

export interface SimulatedConnectOptions {
  /** Default: `defaultServiceDirectory()`. */
  directory?: string
  /**
   * Default true: when no service process runs in the directory, start one. With options it is given those; one that runs already keeps
   * its own. `graceMs`: how long it lives on without clients and VMs, milliseconds, default 10000.
   */
  start?: boolean | (ServiceOptions & { graceMs?: number })
  /** Milliseconds above 0, or Infinity, for finding, starting and greeting; default 30000. */
  timeoutMs?: number
  signal?: AbortSignal
}
