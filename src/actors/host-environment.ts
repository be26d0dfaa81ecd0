// What a Host has from outside. A simulation in one thread puts its own in place of each; `systemEnvironment` is the real one.

import { systemClock, type Clock } from '../native/clock.js'
import { openJournalFile } from './journal-directory.js'
import { KeepAlive } from './keep-alive.js'
import { newChannel, type OpenChannel } from './mailbox/channel.js'
import { holdService, openProviderSource } from './provider-spec.js'
import { openSocketDirectory } from './socket-directory.js'
import { ActorThreads, type ThreadsOptions } from './threads/threads.js'
import { openTransportSource } from './transport-source.js'

/** The threads that a Host's actors run in. */
export type Threads = Pick<ActorThreads, keyof ActorThreads>

export interface HostEnvironment {
  readonly clock: Clock
  readonly openChannel: OpenChannel
  readonly openThreads: (options: ThreadsOptions) => Promise<Threads>
  /** Absent where no service is to be started or found. */
  readonly holdService?: typeof holdService
  readonly openProviderSource: typeof openProviderSource
  readonly openTransportSource: typeof openTransportSource
  /** Where guests dial in, for transports that have files. */
  readonly openSocketDirectory: typeof openSocketDirectory
  /** The journal of a Host that has one. */
  readonly openJournalFile: typeof openJournalFile
  /** Keeps the process alive while the Host is open. */
  readonly keepAlive: () => Pick<KeepAlive, keyof KeepAlive>
}

export const systemEnvironment: HostEnvironment = {
  clock: systemClock,
  openChannel: newChannel,
  openThreads: (options) => ActorThreads.open(options),
  holdService,
  openProviderSource,
  openTransportSource,
  openSocketDirectory,
  openJournalFile,
  keepAlive: () => new KeepAlive(),
}
