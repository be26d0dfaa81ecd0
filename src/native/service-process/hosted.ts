// What a service process holds: a compute service, seen as calls of clients. Handles, their owners, and events that wait for an owner are
// the process's business, not the service's.

import type { Duplex } from 'node:stream'
import type { HcsEvent } from '../hcs.js'
import type { ServiceCall } from '../remote/wire.js'

/** Taking over a handle is done outside. */
export type HostedCall = Exclude<ServiceCall, { do: 'adopt' }>

export interface HostedService {
  /** What a program asks for: 'simulated' or 'qemu'. */
  readonly provider: string
  /**
   * Creating and opening resolve with the token of the handle, whose events go to `deliver`. Rejections are errors with a numeric
   * `hresult` and, when there is one, `document`.
   */
  carryOut(client: string, call: HostedCall, deliver: (event: HcsEvent) => void): Promise<string>
  /** Closes every handle of a client, at once. May be said again. */
  leave(client: string): void
  /** VMs that exist. */
  count(): number
  /** Runtime ids of VMs that an earlier process left and this one has taken over: their files stay. Asked once, at the start. */
  kept?(): readonly string[]
  /** Ends every VM without telling anybody. */
  stop(): Promise<void>
}

export interface HostedSurroundings {
  /** Where guests dial. */
  readonly directory: string
  /** The stream that a client relays under this number; each can be taken once. */
  takeSocket(socket: bigint): Duplex | undefined
  /** To be called when a VM has ended, before its id can be used again. */
  ended(runtimeId: string): void
}

/** Default export of a module that a service process loads. `options` have crossed between processes by structured clone. */
export type HostedServiceFactory = (
  options: unknown,
  surroundings: HostedSurroundings,
) => HostedService | Promise<HostedService>
