// Shaking hands on a stream: on a new connection, or on a new transport of one that lost its own.

import type { Duplex } from 'node:stream'
import { BridgeClosedError, UVMError } from '../../../errors.js'
import type { TraceContext } from '../../mailbox/trace-context.js'
import type { GuestInit, GuestRequests, NegotiatedGuest } from '../contract.js'
import type { GuestConnection } from './connection.js'
import { shakeHands } from './handshake.js'

export const CONNECT = 'guest.createConnection'

type ConnectInput = GuestRequests['connect']['input']

export async function handshakeOn(
  connection: GuestConnection,
  init: GuestInit,
  input: ConnectInput,
  signal: AbortSignal,
  trace?: TraceContext,
): Promise<NegotiatedGuest> {
  const giveUp = (): void => {
    const reason = signal.reason instanceof UVMError ? signal.reason : undefined
    // A resume that is given up can be tried again.
    if (connection.transport.kind === 'resuming')
      connection.drop(reason ?? new BridgeClosedError({ reason: 'given up' }))
    else connection.close(reason)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    const { guestOS, runtimeId } = init
    const options = { guestOS, runtimeId, coldStart: input.coldStart, timeZone: input.timeZone }
    const guest = await shakeHands(
      (rpc, body) => connection.request(rpc, body, { op: CONNECT, handshake: true, trace }),
      options,
    )
    if (connection.closed) throw new BridgeClosedError({ op: CONNECT, id: init.vmId })
    return guest
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

export async function shakeAgain(
  connection: GuestConnection,
  init: GuestInit,
  stream: Duplex,
  signal: AbortSignal,
): Promise<NegotiatedGuest> {
  try {
    connection.resume(stream)
  } catch (error) {
    stream.destroy()
    throw error
  }
  const guest = await handshakeOn(connection, init, { coldStart: false, timeZone: '' }, signal).catch(
    (error: unknown) => {
      // A guest that answers wrongly is no guest to go on with; one that was lost again may come back.
      if (connection.transport.kind === 'resuming') connection.close(error instanceof UVMError ? error : undefined)
      throw error
    },
  )
  connection.resumed()
  return guest
}
