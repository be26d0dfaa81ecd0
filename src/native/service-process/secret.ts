// The secret of a service directory on Windows, where whoever is first may listen on a pipe's name: both ends read it from the user's
// profile, which is private to the user, and prove that they know it. Elsewhere the directory's mode does.

import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { SERVICE_FILES } from './directory.js'
import type { Secret } from './handshake.js'

const SECRET_BYTES = 32

/** @throws {Error} it cannot be read or made */
export async function serviceSecret(directory: string, platform: NodeJS.Platform = process.platform): Promise<Secret> {
  if (platform !== 'win32') return undefined
  const path = join(directory, SERVICE_FILES.secret)
  await writeFile(path, randomBytes(SECRET_BYTES), { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
  // Somebody else may be writing it at this moment.
  for (let attempt = 0; ; attempt++) {
    const secret = await readFile(path)
    if (secret.byteLength === SECRET_BYTES) return secret
    if (attempt === 100) throw new Error(`${path} is no secret of ${SECRET_BYTES} bytes; remove it`)
    await setTimeout(10)
  }
}
