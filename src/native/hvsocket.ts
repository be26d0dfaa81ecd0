// The HvSocket seam: listeners for (VM, service) that yield byte streams. Every stream of a UVM is opened by its guest; the
// host only listens. A service id is a GUID; a vsock port P is the GUID of the vsock template with P as its first field.

import type { Duplex } from 'node:stream'

export interface HvSocketEndpoint {
  /** Hyper-V VM GUID, lower case, no braces: the VM's runtime id, not its compute system id. */
  readonly runtimeId: string
  /** Service GUID, lower case, no braces. */
  readonly serviceId: string
}

/** One listening socket. Connections that arrive before `accept` is called wait in the backlog. */
export interface HvSocketListener {
  readonly address: HvSocketEndpoint
  /**
   * Resolves with the next connection, paused, half-open allowed. Rejects when the listener closes (an error whose `code` is
   * 'ERR_SERVER_CLOSED') or fails, and with the signal's reason when that ends the waiting; the listener goes on listening then.
   */
  accept(signal?: AbortSignal): Promise<Duplex>
  /** Idempotent. Pending accepts reject, unaccepted connections are destroyed, the address is free when it resolves. */
  close(): Promise<void>
}

/** The host's side. `listen` rejects with an error whose `code` is 'EADDRINUSE' when somebody listens there already. */
export interface HvSocketTransport {
  listen(address: HvSocketEndpoint): Promise<HvSocketListener>
  /**
   * Of a stream that has come to an end of file and was not ended from here: whether the guest has set that end. False: whoever carried the stream
   * is gone, and what came is not the whole; the stream is broken then. Absent where an end of file cannot be anything else.
   */
  endedWhole?(stream: Duplex): Promise<boolean>
  /** Closes every listener that is still open. */
  close(): Promise<void>
}

/** The guest's side, used by built-in guests and tests. Rejects at once (ENOENT, ECONNREFUSED) when nobody listens. */
export interface HvSocketDialer {
  dial(address: HvSocketEndpoint): Promise<Duplex>
}

/** Default export of a transport module: called once in each actor thread. `options` have crossed by structured clone. */
export type HvSocketTransportFactory = (options: unknown) => HvSocketTransport | Promise<HvSocketTransport>
