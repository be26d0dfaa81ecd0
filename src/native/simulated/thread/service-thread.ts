// The thread of the simulated service. Its parent introduces clients (Hosts), each with its own ports and socket directory.

import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { systemClock } from '../../clock.js'
import { ComputeService } from '../service/compute-service.js'
import { startBuiltinGuest } from '../service/guest-host.js'
import { servePort } from '../service/serve-port.js'
import type { ServiceOptions } from '../options.js'
import { PortDuplex } from './socket-port.js'

/** From the parent. */
export type ParentMessage =
  | { do: 'join'; client: string; socketDirectory: string; link: number; port: MessagePort }
  /** The thread of a link is gone. */
  | { do: 'reap'; client: string; link: number; keep: readonly string[] }
  | { do: 'leave'; client: string; number: number }
  | { do: 'close' }

/** To the parent. */
export interface ParentAnswer {
  left: number
}

/** What the thread is started with. */
export interface ServiceThreadData {
  role: 'simulated'
  options: ServiceOptions
  /** Brings the relayed sockets. Nobody listens on it: it is read when a call names a socket, which was posted before the call. */
  sockets: MessagePort
}

/** A stream of the main thread that can be taken under its number. */
export interface RelayedPort {
  socket: bigint
  port: MessagePort
}

const { options, sockets } = workerData as ServiceThreadData
const directories = new Map<string, string>()
const ports = new Map<MessagePort, { client: string; gone: () => void }>()
/** By number of the link: forgets the thread, whether or not its port has closed yet. */
const links = new Map<number, () => void>()
const relayed = new Map<bigint, MessagePort>()

const service = new ComputeService(options, {
  clock: systemClock,
  takeSocket,
  ...(options.guest === 'none'
    ? {}
    : {
        startGuest: (host) =>
          startBuiltinGuest(host, systemClock, options.seed ?? 1, (client) => directories.get(client)),
      }),
})

function takeSocket(socket: bigint): PortDuplex | undefined {
  for (let received = receiveMessageOnPort(sockets); received; received = receiveMessageOnPort(sockets)) {
    const { socket: number, port } = received.message as RelayedPort
    relayed.set(number, port)
    // Given up before it was taken.
    port.once('close', () => relayed.delete(number))
  }
  const port = relayed.get(socket)
  relayed.delete(socket)
  return port === undefined ? undefined : new PortDuplex(port).claim()
}

function serve(client: string, link: number, port: MessagePort): void {
  const gone = servePort(service, client, port)
  ports.set(port, { client, gone })
  links.set(link, gone)
  port.once('close', () => {
    ports.delete(port)
    links.delete(link)
  })
}

parentPort?.on('message', (message: ParentMessage) => {
  switch (message.do) {
    case 'join':
      directories.set(message.client, message.socketDirectory)
      serve(message.client, message.link, message.port)
      return
    case 'reap':
      links.get(message.link)?.()
      service.reap(message.client, new Set(message.keep))
      return
    case 'leave':
      service.leave(message.client)
      directories.delete(message.client)
      for (const [port, { client, gone }] of ports) {
        if (client !== message.client) continue
        gone()
        port.close()
      }
      parentPort?.postMessage({ left: message.number } satisfies ParentAnswer)
      return
    case 'close':
      void service.stop().then(() => {
        for (const port of ports.keys()) port.close()
        parentPort?.close()
      })
  }
})
