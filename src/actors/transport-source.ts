// Which transport module the actor threads load, what it is given, and the acceptor thread that some need.

import type { MessagePort } from 'node:worker_threads'
import type { Acceptor } from '../native/hyperv-socket/acceptor.js'
import { assertHyperVSockets } from '../native/hyperv-socket/available.js'
import type { SocketLibrary } from '../native/hyperv-socket/errors.js'
import { ownModule, type OwnPlace } from '../native/own-file.js'
import type { ModuleSpec } from './threads/contract.js'

const place = (file: string): OwnPlace => ({ from: 'actors/transport-source.js', base: import.meta.url, file })
const unixModule = (): string => ownModule('unix-transport', place('../native/unix-socket/open.js'))
const hypervModule = (): string => ownModule('hyperv-transport', place('../native/hyperv-socket/open.js'))

/** A transport over the acceptor thread: its module is given `{ link }` and the options. */
export interface SocketTransport {
  library: SocketLibrary
  module: string
  options?: Record<string, unknown>
}

/** What a Host's settings say; 'unix-kept': Unix sockets whose carrier keeps ends of file apart from its own end. */
export type TransportChoice = 'unix' | 'unix-kept' | 'hyperv' | SocketTransport

export interface TransportSource {
  /** Threads of its own that run. */
  readonly acceptorThreads: number
  /** For one more actor thread, with what must be transferred to it. */
  next(): { transport: ModuleSpec; transfer: MessagePort[] }
  /** Once no actor thread runs any more. Idempotent. */
  close(): Promise<void>
}

/** @throws {ProviderUnavailableError} this host has no Hyper-V sockets */
export async function openTransportSource(choice: TransportChoice, directory: string): Promise<TransportSource> {
  if (choice === 'unix' || choice === 'unix-kept') {
    const transport = { module: unixModule(), options: { directory, keepsEnds: choice === 'unix-kept' } }
    return { acceptorThreads: 0, next: () => ({ transport, transfer: [] }), close: () => Promise.resolve() }
  }
  if (choice === 'hyperv') {
    await assertHyperVSockets()
    return overAcceptor({ library: 'winsock', module: hypervModule() })
  }
  return overAcceptor(choice)
}

async function overAcceptor({ library, module, options }: SocketTransport): Promise<TransportSource> {
  // Only who asks for it loads the FFI.
  const { Acceptor } = await import('../native/hyperv-socket/acceptor.js')
  const acceptor: Acceptor = await Acceptor.open(library)
  return {
    get acceptorThreads() {
      return acceptor.threads
    },
    next: () => {
      const link = acceptor.link()
      return { transport: { module, options: { ...options, link } }, transfer: [link.port, link.life] }
    },
    close: () => acceptor.close(),
  }
}
