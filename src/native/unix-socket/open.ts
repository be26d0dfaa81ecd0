// The Unix-socket transport as a module for actor threads.

import type { HvSocketTransportFactory } from '../hvsocket.js'
import { UnixSocketTransport } from './transport.js'

export interface UnixSocketSetup {
  directory: string
}

const open: HvSocketTransportFactory = (options) => new UnixSocketTransport((options as UnixSocketSetup).directory)

export default open
