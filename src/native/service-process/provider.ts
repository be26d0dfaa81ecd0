// The provider module for a service that has a process to itself: one connection for each actor thread.

import { ProviderUnavailableError } from '../../errors.js'
import type { HcsProvider } from '../hcs.js'
import { createLinkedProvider } from '../remote/client.js'
import { enterService } from './greet.js'
import { socketLink } from './socket-link.js'

/** How long a service may take to let a thread in, milliseconds. */
const ENTER_MS = 30_000

export interface ServiceProviderOptions {
  directory: string
  /** As the lifeline of the Host was told. */
  client: string
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
