// Hyper-V sockets over another family, as a transport module for actor threads.

import { systemClock } from '#dist/native/clock.js'
import type { HvSocketTransportFactory } from '#dist/native/hvsocket.js'
import type { AcceptorLink } from '#dist/native/hyperv-socket/acceptor.js'
import { HyperVSocketTransport } from '#dist/native/hyperv-socket/transport.js'
import { addressingOf, type FamilySpec } from './rig.js'

export interface FamilySetup {
  link: AcceptorLink
  family: FamilySpec
}

const open: HvSocketTransportFactory = (options) => {
  const { link, family } = options as FamilySetup
  return HyperVSocketTransport.open(link, addressingOf(family), systemClock)
}

export default open
