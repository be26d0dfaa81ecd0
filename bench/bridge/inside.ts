// Ours without the hop: the guest connection of an actor on a socket of this thread.

import type { Socket } from 'node:net'
import { GuestConnection } from '#dist/actors/gcs/connection/connection.js'
import { FlightRecorder } from '#dist/actors/gcs/connection/recorder.js'
import { systemClock } from '#dist/native/clock.js'
import { modifyBody } from './barest.js'

const VM_ID = 'bench'
const REQUEST_TIMEOUT_MS = 300_000
/** The defaults of createGuest. */
const RECORDED = { frames: 128, bytes: 32 * 1024 }

/** A call on a connection that speaks on `socket`, with the recorder as by default. */
export function insideCall(socket: Socket): (request: unknown) => Promise<unknown> {
  const init = {
    vmId: VM_ID,
    runtimeId: '00000000-0000-0000-0000-000000000001',
    guestOS: 'linux',
    serviceId: '00000000-0000-0000-0000-000000000002',
    entropy: false,
    log: false,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    onRequestTimeout: 'reject',
    modifyConcurrency: Infinity,
  } as const
  const connection = new GuestConnection(socket, {
    clock: systemClock,
    vmId: VM_ID,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    onRequestTimeout: 'reject',
    recorder: new FlightRecorder(init, RECORDED, systemClock),
    onNotice: () => undefined,
    onPark: () => undefined,
    onClose: () => undefined,
  })
  return (request) => connection.request('ModifySettings', modifyBody(request), { op: 'bench' })
}
