// The thread of the bare hop: passes what it is asked to the barest client.

import { parentPort, workerData } from 'node:worker_threads'
import { BarestClient, MODIFY, modifyBody } from './barest.js'
import { acceptPeer } from './listen.js'

const port = parentPort
if (port === null) throw new Error('this file is the entry of a thread')
const peer = await acceptPeer(workerData as string)
const client = new BarestClient(peer.socket)
port.on('message', (message: { id: number; request: unknown } | 'close') => {
  if (message === 'close') {
    void peer.close().then(() => port.close())
    return
  }
  const { id, request } = message
  void client.call(MODIFY, modifyBody(request)).then(() => port.postMessage({ id, value: undefined }))
})
port.postMessage('ready')
