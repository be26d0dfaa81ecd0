// A process of the answering guest through ours, whose one stream carries so many bytes, to its exit.

import { once } from 'node:events'
import type { Guest } from '#dist/index.js'
import type { Direction } from './bare.js'
import { chunks } from './ends.js'

export async function runOurs(guest: Guest, direction: Direction, bytes: number): Promise<void> {
  const isOut = direction === 'stdout'
  const running = await guest.createProcess({
    CommandArgs: ['run', `bytes=${bytes}`],
    CreateStdInPipe: !isOut,
    CreateStdOutPipe: isOut,
  })
  if (running.stdout !== null) {
    const ended = once(running.stdout, 'end')
    running.stdout.resume()
    await ended
  }
  if (running.stdin !== null) {
    for (const chunk of chunks(bytes)) if (!running.stdin.write(chunk)) await once(running.stdin, 'drain')
    running.stdin.end()
  }
  await running.wait()
  await running.close()
}
