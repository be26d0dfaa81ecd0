// What the parts of a Host share.

import type { HostSettings } from './check-host-options.js'
import type { HostEnvironment } from './host-environment.js'
import type { HostJournal } from './host-journal.js'
import type { ProviderSource } from './provider-spec.js'
import type { SocketDirectory } from './socket-directory.js'
import type { TransportSource } from './transport-source.js'

export interface HostParts {
  readonly environment: HostEnvironment
  readonly settings: HostSettings
  readonly directory: SocketDirectory
  readonly source: ProviderSource
  readonly transport: TransportSource
  /** What the next program needs; absent when nobody wants it written down. */
  readonly journal?: HostJournal | undefined
  /** @throws {InvalidStateError} the Host is closed, or about to be */
  assertOpen(op: string, id?: string): void
}
