// Whether this host has Hyper-V sockets, and if not, what is missing.

import { ProviderUnavailableError } from '../../errors.js'
import { AF_HYPERV, HV_PROTOCOL_RAW } from '../../protocol/hvsocket.js'
import { loadSocketCalls } from './load-calls.js'
import { SocketError } from './errors.js'

const OP = 'host.open'

/** @throws {ProviderUnavailableError} no Windows, no koffi, no Winsock, or a Winsock without Hyper-V sockets */
export async function assertHyperVSockets(): Promise<void> {
  if (process.platform !== 'win32') {
    const reason = `Hyper-V sockets need a Windows host; this host runs ${process.platform}`
    throw new ProviderUnavailableError({ op: OP, reason })
  }
  try {
    const calls = await loadSocketCalls('winsock')
    calls.close(calls.socket(AF_HYPERV, HV_PROTOCOL_RAW))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const reason =
      cause instanceof SocketError
        ? `this host has no Hyper-V sockets (${why}); they come with the Windows features Hyper-V and Virtual Machine Platform`
        : `Winsock cannot be loaded: ${why}`
    throw new ProviderUnavailableError({ op: OP, reason, cause })
  }
}
