// Who holds the guest connection of each VM. The service decides, one claim after the other, and writes it down beside the guest's sockets
// as `<runtimeId>.owner`, for people and for programs that want to ask the holder.

import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { isRecord } from '../../protocol/json.js'
import { ownerFile } from './guest-files.js'
import type { Holder } from './messages.js'
import { isRunning } from './process-identity.js'

export class Holders {
  readonly #directory: string
  readonly #held = new Map<string, { client: string; holder: Holder }>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Undefined when the claim was granted, else who holds it. A holder that is dead holds nothing. @throws {Error} it cannot be written */
  claim(client: string, runtimeId: string, holder: Holder): Holder | undefined {
    const known = this.#held.get(runtimeId)
    if (known !== undefined && known.client !== client && isRunning(known.holder)) return known.holder
    const written = known === undefined ? readHolder(this.#directory, runtimeId) : undefined
    if (written !== undefined) return written
    const path = ownerFile(this.#directory, runtimeId)
    const draft = `${path}.new`
    writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
    renameSync(draft, path)
    this.#held.set(runtimeId, { client, holder })
    return undefined
  }

  /** Nothing happens when somebody else holds it. */
  release(client: string, runtimeId: string): void {
    if (this.#held.get(runtimeId)?.client === client) this.#forget(runtimeId)
  }

  /** The client is gone. */
  leave(client: string): void {
    for (const [runtimeId, entry] of this.#held) if (entry.client === client) this.#forget(runtimeId)
  }

  /** The VM is gone, and its files with it. */
  ended(runtimeId: string): void {
    this.#held.delete(runtimeId)
  }

  #forget(runtimeId: string): void {
    this.#held.delete(runtimeId)
    try {
      unlinkSync(ownerFile(this.#directory, runtimeId))
    } catch {
      // Whoever removed it wanted what we want.
    }
  }
}

/** Who is written down as the holder of a guest connection; undefined where nobody is, or one that no longer runs. */
export function readHolder(directory: string, runtimeId: string): Holder | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(ownerFile(directory, runtimeId), 'utf8'))
    if (!isRecord(found)) return undefined
    const { pid, startTime, control } = found
    if (!Number.isSafeInteger(pid) || typeof startTime !== 'string') return undefined
    const holder = { pid: pid as number, startTime, control: typeof control === 'string' ? control : '' }
    return isRunning(holder) ? holder : undefined
  } catch {
    return undefined
  }
}
