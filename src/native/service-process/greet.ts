// One connection of a program to a service process, from connecting to being let in.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { serviceAddress } from './directory.js'
import { FramedSocket } from './framed-socket.js'
import { MAX_FRAME_BYTES, MAX_GREETING_BYTES } from './frames.js'
import { ClientHandshake, HandshakeError, type Entrance } from './handshake.js'
import { MessageError, type ServiceHello } from './messages.js'
import { packageVersion } from './package-version.js'
import { serviceSecret } from './secret.js'

/** Nobody listens there, or whoever did went away before it said a word: the service may be started. */
export class NobodyThere extends Error {}

export interface Entered {
  connection: FramedSocket
  /** The client this connection belongs to. */
  client: string
  hello: ServiceHello
}

/**
 * Waits for as long as `signal` lets it: a service that listens and does not answer is busy, not dead.
 *
 * @throws {NobodyThere}
 * @throws {HandshakeError} it is another kind of service, or refuses
 * @throws what `signal` says
 */
export async function enterService(directory: string, entrance: Entrance, signal: AbortSignal): Promise<Entered> {
  signal.throwIfAborted()
  const secret = await serviceSecret(directory)
  const socket = await reach(serviceAddress(directory), signal)
  const handshake = new ClientHandshake({ version: packageVersion(), entrance, secret })
  const connection = new FramedSocket(socket, MAX_GREETING_BYTES)
  let onAbort = (): void => undefined
  try {
    return await new Promise<Entered>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      connection.open({
        onMessage: (message) => {
          try {
            const step = handshake.receive(message)
            if ('send' in step) return connection.send(step.send)
            connection.limit = MAX_FRAME_BYTES
            // Nothing is read until somebody listens.
            connection.pause()
            resolve({ connection, client: step.client, hello: step.hello })
          } catch (error) {
            if (!(error instanceof MessageError)) return reject(error as Error)
            reject(new HandshakeError(`who answers there is no such service: ${error.message}`))
          }
        },
        onClose: (reason) => {
          // In order, or by its system: it is ending.
          if (reason === undefined || 'code' in reason)
            reject(new NobodyThere('the service went away', { cause: reason }))
          else reject(new HandshakeError(`who answers there is no such service: ${reason.message}`))
        },
      })
      connection.send(handshake.begin())
    })
  } catch (error) {
    connection.close()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** What connecting fails with where nobody listens. A full backlog (EAGAIN) is a service that lives. */
const NOBODY: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']
const RETRY_MS = 50

async function reach(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const socket = connect({ path, allowHalfOpen: true })
    try {
      await once(socket, 'connect', { signal })
      return socket
    } catch (error) {
      socket.on('error', () => undefined)
      socket.destroy()
      signal.throwIfAborted()
      const { code } = error as NodeJS.ErrnoException
      if (NOBODY.includes(code)) throw new NobodyThere(`nobody listens on ${path}`, { cause: error })
      if (code !== 'EAGAIN' && code !== 'EBUSY') throw error
    }
    await pause(RETRY_MS, signal)
  }
}

/** @throws what `signal` says */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}
