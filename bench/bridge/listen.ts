// One connection of an answering guest that dials a socket of ours.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { startPeer } from '../peer/start.js'

export interface PeerSocket {
  socket: Socket
  close(): Promise<void>
}

export async function acceptPeer(path: string): Promise<PeerSocket> {
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  const peer = startPeer(path)
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  return {
    socket,
    close: async () => {
      socket.destroy()
      await peer.stop()
    },
  }
}
