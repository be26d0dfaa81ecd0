// Streams of a guest without ours: through the bare worker, or read and written by this thread itself.

import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { BarestClient } from '../bridge/barest.js'
import { acceptPeer } from '../bridge/listen.js'
import type { FromThread, ToThread } from './bare-thread.js'
import { chunks, listenOnce } from './ends.js'

const EXECUTE = 0x1010_0501
const WAIT = 0x1010_0601
const BASE = '"ContainerId":"00000000-0000-0000-0000-000000000000","ActivityId":"00000000-0000-0000-0000-000000000000"'
/** Chunks on their way to the worker at once. */
const WINDOW = 16

export type Direction = 'stdin' | 'stdout'

export interface BareStreams {
  /** Runs a process of the guest whose one stream carries so many bytes, to its exit. */
  worker(direction: Direction, bytes: number): Promise<void>
  direct(direction: Direction, bytes: number): Promise<void>
  close(): Promise<void>
}

/** A guest of its own dials into `directory`. */
export async function openBareStreams(directory: string): Promise<BareStreams> {
  const peer = await acceptPeer(join(directory, 'bare_0'))
  const client = new BarestClient(peer.socket)
  const worker = new Worker(new URL('./bare-thread.js', import.meta.url))
  const listeners = new Map<number, (message: FromThread) => void>()
  worker.on('message', (message: FromThread) => listeners.get(message.key)?.(message))
  const post = (message: ToThread, transfer: ArrayBuffer[] = []): void => worker.postMessage(message, transfer)
  let nextPort = 1

  async function run(direction: Direction, bytes: number, port: number): Promise<void> {
    const relay = `"VsockStdioRelaySettings":{"${direction === 'stdin' ? 'StdIn' : 'StdOut'}":${port}}`
    const parameters = JSON.stringify(JSON.stringify({ CommandArgs: ['run', `bytes=${bytes}`] }))
    const body = `{${BASE},"Settings":{"ProcessParameters":${parameters},${relay}}}`
    const { ProcessId } = (await client.call(EXECUTE, body)) as { ProcessId: number }
    await client.call(WAIT, `{${BASE},"ProcessId":${ProcessId},"TimeoutInMs":4294967295}`)
  }

  async function throughWorker(direction: Direction, bytes: number): Promise<void> {
    const key = nextPort++
    const toSend = chunks(direction === 'stdin' ? bytes : 0)
    const send = (): void => {
      const { value, done } = toSend.next()
      if (done === true) post({ key, chunk: undefined })
      else post({ key, chunk: value }, [value.buffer])
    }
    let listening: () => void = () => undefined
    const listens = new Promise<void>((resolve) => (listening = resolve))
    const ended = new Promise<void>((resolve) => {
      listeners.set(key, (message) => {
        if ('chunk' in message) return
        if (message.what === 'listening') listening()
        else if (message.what === 'taken') send()
        else resolve()
      })
    })
    post({ key, listen: join(directory, `bare_${key}`), direction })
    await listens
    const exited = run(direction, bytes, key)
    if (direction === 'stdin') for (let sent = 0; sent < WINDOW; sent++) send()
    else await ended
    await exited
    listeners.delete(key)
  }

  async function direct(direction: Direction, bytes: number): Promise<void> {
    const port = nextPort++
    let ended: () => void = () => undefined
    const end = new Promise<void>((resolve) => (ended = resolve))
    await listenOnce(join(directory, `bare_${port}`), (socket) => {
      socket.resume()
      if (direction === 'stdin') {
        void (async () => {
          for (const chunk of chunks(bytes)) if (!socket.write(chunk)) await once(socket, 'drain')
          socket.end(ended)
        })()
      } else {
        socket.once('end', () => {
          socket.destroy()
          ended()
        })
      }
    })
    await Promise.all([run(direction, bytes, port), end])
  }

  return {
    worker: throughWorker,
    direct,
    close: async () => {
      await worker.terminate()
      await peer.close()
    },
  }
}
