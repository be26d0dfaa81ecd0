// Hyper-V sockets as a transport module for actor threads.

import { systemClock } from '../clock.js'
import type { HvSocketTransportFactory } from '../hvsocket.js'
import type { AcceptorLink } from './acceptor.js'
import { HYPERV } from './addressing.js'
import { HyperVSocketTransport } from './transport.js'

export interface SocketSetup {
  link: AcceptorLink
}

const open: HvSocketTransportFactory = (options) =>
  HyperVSocketTransport.open((options as SocketSetup).link, HYPERV, systemClock)

export default open
