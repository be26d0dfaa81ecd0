// The guest's part in a process: it takes the request, dials the streams, answers, and takes the wait that follows.

import type { Socket } from 'node:net'
import { TYPE, type Peer, type PeerFrame } from './peer.js'

export interface ServedProcess {
  readonly execute: PeerFrame
  readonly wait: PeerFrame
  /** Streams by name, as far as they were requested and dialled. */
  readonly stdin?: Socket
  readonly stdout?: Socket
  readonly stderr?: Socket
}

export interface ServeOptions {
  pid?: number
  /** Dial the requested streams before answering, as a Linux guest does; default true. */
  dials?: boolean
}

/** Ports of the requested streams, in the order of the request. */
export function relayPorts(execute: PeerFrame): Record<string, number> {
  const settings = execute.body['Settings'] as Record<string, Record<string, number | string>>
  const relay = settings['VsockStdioRelaySettings'] ?? settings['StdioRelaySettings'] ?? {}
  return Object.fromEntries(
    Object.entries(relay).map(([name, where]) => [
      name,
      typeof where === 'number' ? where : Number.parseInt(where.slice(0, 8), 16),
    ]),
  )
}

/** Dials the streams of a request. */
export async function dialStreams(
  peer: Peer,
  execute: PeerFrame,
  path: (service: string) => string,
): Promise<Pick<ServedProcess, 'stdin' | 'stdout' | 'stderr'>> {
  const streams: Record<string, Socket> = {}
  for (const [name, port] of Object.entries(relayPorts(execute))) {
    streams[name.toLowerCase()] = await peer.dialStream(path(`vsock_${port}`))
  }
  return streams
}

/** Serves one ExecuteProcess from the request to the wait. */
export async function serveProcess(
  peer: Peer,
  path: (service: string) => string,
  { pid = 7, dials = true }: ServeOptions = {},
): Promise<ServedProcess> {
  const execute = await peer.next(TYPE.execute)
  const streams = dials ? await dialStreams(peer, execute, path) : {}
  peer.answer(execute, { ProcessId: pid })
  return { execute, wait: await peer.next(TYPE.wait), ...streams }
}

/** Everything a socket sends until its end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
