// The Unix-socket transport as a module for actor threads.

import type { HvSocketTransportFactory } from '../hvsocket.js'
import { UnixSocketTransport, type UnixSocketOptions } from './transport.js'

export interface UnixSocketSetup extends UnixSocketOptions {
  directory: string
}

const open: HvSocketTransportFactory = (options) => {
  const { directory, ...own } = options as UnixSocketSetup
  return new UnixSocketTransport(directory, own)
}

export default open
