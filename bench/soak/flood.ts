// A guest that says more than anybody wants to hear: another connection to where the log is listened for, and lines as fast as it takes them.

import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { UtilityVM } from '#dist/index.js'
import type { Tally } from './tally.js'

const LOG_SERVICE = 'vsock_109'
const LINES = 200
const BATCHES = 100

export async function flood(life: {
  readonly tally: Tally
  readonly id: string
  readonly vm: UtilityVM
  readonly socketDirectory: string
}): Promise<void> {
  const { tally, id, vm, socketDirectory } = life
  const socket = createConnection(join(socketDirectory, `${vm.runtimeId}.${LOG_SERVICE}`))
  let isOver = false
  socket.on('error', () => (isOver = true))
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isOver = true
      resolve()
    }),
  )
  const batch = `{"level":"info","msg":"${id} floods","field":"${'x'.repeat(100)}"}\n`.repeat(LINES)
  let lines = 0
  for (let count = 0; count < BATCHES && !isOver; count++) {
    lines += LINES
    if (socket.write(batch)) continue
    const drained = new AbortController()
    await Promise.race([once(socket, 'drain', { signal: drained.signal }).catch(() => undefined), closed])
    drained.abort()
  }
  tally.event('lines of floods', lines)
  socket.destroy()
  await closed
}
