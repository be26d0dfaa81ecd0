// The sockets of a process's streams: one to each stream that was asked for, dialled before the process starts.

import type { Duplex } from 'node:stream'
import { vsockServiceId } from '../../../protocol/hvsocket.js'
import { flagOf, integerOf, textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'

export interface Streams {
  stdin?: Duplex | undefined
  stdout?: Duplex | undefined
  stderr?: Duplex | undefined
}

/** Service ids of the streams that were asked for. */
export interface StreamAddresses {
  stdin?: string
  stdout?: string
  stderr?: string
}

const STREAMS = [
  ['stdin', 'CreateStdInPipe', 'StdIn'],
  ['stdout', 'CreateStdOutPipe', 'StdOut'],
  ['stderr', 'CreateStdErrPipe', 'StdErr'],
] as const

/** Where to dial: a Linux guest is told ports, a Windows guest service ids. A stream without one is dialled at port 0, in vain. */
export function streamAddresses(kernel: GuestKernel, parameters: Document, relay: Document): StreamAddresses {
  const addresses: StreamAddresses = {}
  for (const [stream, flag, name] of STREAMS) {
    if (!flagOf(parameters, flag)) continue
    addresses[stream] =
      kernel.os === 'linux'
        ? vsockServiceId(integerOf(relay, name))
        : textOf(relay, name).toLowerCase() || vsockServiceId(0)
  }
  return addresses
}

/** Dials in the order stdin, stdout, stderr; all or nothing. @throws {GuestFault} */
export async function connectStreams(kernel: GuestKernel, addresses: StreamAddresses): Promise<Streams> {
  const streams: Streams = {}
  try {
    for (const [stream] of STREAMS) {
      const address = addresses[stream]
      if (address !== undefined) streams[stream] = await kernel.dial(address)
    }
    return streams
  } catch (error) {
    closeStreams(streams)
    throw new GuestFault(GUEST.failed, `a stdio stream cannot be connected: ${(error as Error).message}`)
  }
}

export function closeStreams(streams: Streams): void {
  for (const socket of [streams.stdin, streams.stdout, streams.stderr]) socket?.destroy()
}
