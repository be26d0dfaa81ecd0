// What a program and the service process it starts say to each other before the service listens, over the channel of child_process.

export interface ServiceSetup {
  directory: string
  /** File URL of the module whose default export makes the hosted service. */
  module: string
  /** For that module. */
  options: unknown
  /** How long the service lives on without clients and VMs, milliseconds. */
  graceMs: number
}

export type SetupAnswer =
  | { ready: true }
  /** Another process is the service of this directory, or is about to be. */
  | { busy: true }
  | { failed: string }
