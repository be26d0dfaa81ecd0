// Which calls wait for an answer, in words: what a simulation that is stuck is stuck in.

import type { ThreadTask } from '../actors/threads/contract.js'
import { NOTICE } from '../actors/mailbox/wire.js'
import type { SimulatedPort } from './ports.js'

interface Watched {
  label: string
  readonly calls: Map<number, string>
}

export class WaitingCalls {
  readonly #watched = new Map<SimulatedPort, Watched>()

  /** @param port the actor's end of its mailbox */
  watch(task: ThreadTask, port: SimulatedPort): void {
    const watched: Watched = { label: labelOf(task), calls: new Map() }
    this.#watched.set(port, watched)
    const { peer } = port
    if (peer === undefined) return
    peer.onPost = (message) => noteCalls(watched, message)
    port.onPost = (message) => noteAnswers(watched, message)
  }

  /** Such as `vm "a": start`. */
  list(): string[] {
    const lines: string[] = []
    for (const [port, { label, calls }] of this.#watched) {
      if (port.isClosed) this.#watched.delete(port)
      else for (const method of calls.values()) lines.push(`${label}: ${method}`)
    }
    return lines
  }
}

function labelOf(task: ThreadTask): string {
  return task.kind === 'guest' ? `guest ${JSON.stringify(task.init.vmId)}` : task.kind
}

function noteCalls(watched: Watched, message: unknown): void {
  if (!Array.isArray(message)) return
  for (let at = 0; at < message.length; at += 4) {
    const [id, method, input] = message.slice(at, at + 3) as [number, string, unknown]
    if (method === 'cancel') watched.calls.delete(input as number)
    else watched.calls.set(id, method)
    if (method === 'create' || method === 'open') watched.label = `vm ${JSON.stringify((input as { id: string }).id)}`
  }
}

function noteAnswers({ calls }: Watched, message: unknown): void {
  if (!Array.isArray(message)) return
  for (let at = 0; at < message.length; at += 2) {
    const id = message[at] as number
    if (id !== NOTICE) calls.delete(Math.abs(id))
  }
}
