// A provider module whose thread hangs when a change tells it to: 1 for ever in a loop, 3 until the shared memory says so, 4 in a native
// call, until somebody writes to a pipe.

import { readFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import type { HcsProvider, HcsSystem } from '#dist/index.js'

let systems = 0

export default function stuckProvider(given: unknown): HcsProvider {
  const { memory, pipe } = given as { memory: SharedArrayBuffer; pipe: string }
  const cells = new Int32Array(memory)
  const obey = async (request: string): Promise<string> => {
    const { Settings } = JSON.parse(request) as { Settings: number }
    if (Settings === 1) for (;;);
    if (Settings === 3) Atomics.wait(cells, 0, 0)
    if (Settings === 4) readFileSync(pipe)
    return ''
  }
  const open = async (): Promise<HcsSystem> => {
    const digits = (threadId * 100_000 + ++systems).toString(16).padStart(12, '0')
    const RuntimeId = `00000000-0000-4000-8000-${digits}`
    const nothing = async (): Promise<string> => ''
    return {
      token: `${threadId}-${systems}`,
      start: nothing,
      shutdown: nothing,
      terminate: nothing,
      pause: nothing,
      resume: nothing,
      save: nothing,
      modify: obey,
      properties: async () => JSON.stringify({ Id: 'x', SystemType: 'VirtualMachine', RuntimeId }),
      migrate: nothing,
      close: () => Promise.resolve(),
    }
  }
  return {
    createSystem: () => open(),
    openSystem: () => open(),
    adoptSystem: () => Promise.reject(new Error('it died with its thread')),
    enumerate: async () => '[]',
    serviceProperties: async () => '{}',
    modifyService: async () => '',
    close: () => Promise.resolve(),
  }
}
