// What belongs to one VM in a service directory: the sockets its host listens on, and who holds its guest connection.

import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const OF_A_VM = new RegExp(`^(${GUID})\\.(?:vsock(?:_\\d+)?|hvsock_${GUID}|owner)$`)

export function ownerFile(directory: string, runtimeId: string): string {
  return join(directory, `${runtimeId}.owner`)
}

/** Removes what is left of a VM that has ended, or of every VM but those named. */
export function removeGuestFiles(directory: string, runtimeId?: string, kept: readonly string[] = []): void {
  // Pipes of Windows leave nothing behind but the owner's file.
  for (const name of namesIn(directory)) {
    const found = OF_A_VM.exec(name)
    const of = found?.[1]
    if (of === undefined || (runtimeId !== undefined && of !== runtimeId) || kept.includes(of)) continue
    try {
      unlinkSync(join(directory, name))
    } catch {
      // Its listener was quicker.
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
