// The provider module for a compute service that has a thread of this process to itself. computecore.dll and the embedded simulated
// service are both reached so.

import type { MessagePort } from 'node:worker_threads'
import type { HcsProvider } from '../hcs.js'
import { createLinkedProvider } from './client.js'
import { portLink } from './link.js'

/** @param options `{ port }`: a port made by ComputeCoreService.port() or for a client of the embedded service, transferred to this thread */
export default function createRemoteProvider(options: unknown): HcsProvider {
  return createLinkedProvider(portLink((options as { port: MessagePort }).port))
}
