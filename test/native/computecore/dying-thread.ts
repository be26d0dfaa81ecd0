// An actor thread's part, without the actors: creates systems, starts a modification on each, and dies as it is told.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import createProvider from '#dist/native/remote/provider.js'
import { minimal } from '../../support/documents.js'

export interface DyingThreadData {
  port: MessagePort
  count: number
}

const { port, count } = workerData as DyingThreadData
const provider = createProvider({ port })
const tokens: string[] = []
const change = JSON.stringify({ ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: 512 })

// Also keeps the thread alive: the provider's port does not.
parentPort?.on('message', (how: 'throw' | 'exit') => {
  if (how === 'exit') process.exit(3)
  throw new Error('thrown in the thread')
})

for (let n = 0; n < count; n++) {
  const system = await provider.createSystem(`dying-${n}`, JSON.stringify(minimal()), () => undefined)
  await system.start('')
  tokens.push(system.token)
  system.modify(change).catch(() => undefined)
}

parentPort?.postMessage(tokens)
