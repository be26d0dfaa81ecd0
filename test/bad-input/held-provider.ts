// A provider module whose calls wait while they are held, and are counted. Everything else it does at once.

import { threadId } from 'node:worker_threads'
import { HCS_EVENT, type HcsEvent, type HcsProvider, type HcsSystem } from '#dist/native/hcs.js'

/** Cells of the shared memory: 1 while calls are held, and how many calls there were. */
export const HELD = 0
export const CALLS = 1

let systems = 0

function runtimeId(): string {
  return `00000000-0000-4000-8000-${(threadId * 100_000 + ++systems).toString(16).padStart(12, '0')}`
}

export default function heldProvider(options: unknown): HcsProvider {
  const cells = new Int32Array((options as { cells: SharedArrayBuffer }).cells)
  const answer = async (text = ''): Promise<string> => {
    Atomics.add(cells, CALLS, 1)
    const held = Atomics.waitAsync(cells, HELD, 1)
    if (held.async) await held.value
    return text
  }
  const open = async (id: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> => {
    await answer()
    const properties = JSON.stringify({ Id: id, RuntimeId: runtimeId(), State: 'Running', RuntimeOsType: 'Linux' })
    return {
      token: id,
      start: () => answer(),
      shutdown: () => answer(),
      pause: () => answer(),
      resume: () => answer(),
      save: () => answer(),
      modify: () => answer(),
      migrate: () => answer(),
      properties: () => answer(properties),
      terminate: async () => {
        await answer()
        onEvent({ type: HCS_EVENT.systemExited, data: '{"Status":0,"ExitType":"ForcedExit"}' })
        return ''
      },
      close: () => Promise.resolve(),
    }
  }
  return {
    createSystem: (id, _document, onEvent) => open(id, onEvent),
    openSystem: open,
    adoptSystem: () => Promise.reject(new Error('nothing is adopted here')),
    enumerate: () => answer('[]'),
    serviceProperties: () => answer('{}'),
    modifyService: () => answer(),
    grantAccess: async () => void (await answer()),
    revokeAccess: async () => void (await answer()),
    file: () => answer(),
    workingSet: () => answer('1'),
    close: () => Promise.resolve(),
  }
}
