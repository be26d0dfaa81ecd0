// The provider module for a service that has a process to itself: one connection for each actor thread.

import { ProviderUnavailableError } from '../../errors.js'
import { HRESULT } from '../../protocol/hresult.js'
import type { HcsProvider } from '../hcs.js'
import { createLinkedProvider } from '../remote/client.js'
import type { ServiceLink } from '../remote/link.js'
import type { FromService } from '../remote/wire.js'
import type { FramedSocket } from './framed-socket.js'
import { FrameError } from './frames.js'
import { enterService } from './greet.js'

/** How long a service may take to let a thread in, milliseconds. */
const ENTER_MS = 30_000

export interface ServiceProviderOptions {
  directory: string
  /** As the lifeline of the Host was told. */
  client: string
}

function socketLink(connection: FramedSocket): ServiceLink {
  return {
    send: (message) => {
      try {
        connection.send(message)
      } catch (error) {
        throw error instanceof FrameError ? Object.assign(error, { hresult: HRESULT.E_INVALIDARG }) : error
      }
    },
    open: (onMessage, onEnd) => {
      connection.open({ onMessage: (message) => onMessage(message as FromService), onClose: onEnd })
      connection.socket.unref()
      connection.resume()
    },
    close: () => connection.close(),
  }
}

/** @throws {ProviderUnavailableError} the service is gone, or the client has left */
export default async function createServiceProvider(options: unknown): Promise<HcsProvider> {
  const { directory, client } = options as ServiceProviderOptions
  try {
    const { connection } = await enterService(directory, { as: 'thread', client }, AbortSignal.timeout(ENTER_MS))
    return createLinkedProvider(socketLink(connection))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderUnavailableError({
      reason: `the service process of ${directory} cannot be reached: ${why}`,
      cause,
    })
  }
}
