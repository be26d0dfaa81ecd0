// What the main thread and the entry of an actor thread say to each other.
//
// Every thread runs one controller, its first task, which makes the environment of all the actors that follow; each actor is one
// long-lived task that settles when the actor stops.

import type { MessagePort } from 'node:worker_threads'
import type { HcsFileCall } from '../../native/hcs.js'
import type { Gauges } from '../environment.js'
import type { GuestInit, LogInit } from '../gcs/contract.js'
import type { SlotLease } from '../slots.js'

/** A module that the thread loads, a provider or a transport. */
export interface ModuleSpec {
  /** File URL or package name. */
  module: string
  /** Structured-cloneable; ports in it are transferred. */
  options: unknown
}

export interface ThreadSetup {
  /** Absent on the side thread: none of its actors needs one. */
  provider?: ModuleSpec | undefined
  transport: ModuleSpec
  /** Where guests dial over Unix sockets: a provider with guests of its own is told. */
  socketDirectory: string
  operations: SlotLease | undefined
  boots: SlotLease | undefined
}

export type ThreadTask =
  | { kind: 'controller'; port: MessagePort; setup: ThreadSetup }
  | { kind: 'vm'; port: MessagePort }
  | { kind: 'guest'; port: MessagePort; init: GuestInit }
  | { kind: 'log'; port: MessagePort; init: LogInit }
  | { kind: 'service'; port: MessagePort }

export interface ControllerRequests {
  /** Answers once the provider is loaded; rejects with why it could not be. */
  ready: { input: Record<string, never>; output: undefined }
  gauges: { input: Record<string, never>; output: Gauges }
}

/** Requests of the actor for what concerns the service rather than one VM. */
export interface ServiceRequests {
  enumerate: { input: { query: string }; output: string }
  serviceProperties: { input: { query: string }; output: string }
  modifyService: { input: { settings: string }; output: string }
  grantAccess: { input: { vmId: string; path: string }; output: undefined }
  revokeAccess: { input: { vmId: string; path: string }; output: undefined }
  file: { input: { what: HcsFileCall; path: string; op: string }; output: string }
  workingSet: { input: { runtimeId: string }; output: string }
}
