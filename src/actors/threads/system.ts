// What an actor thread gives its actors of this system: time, chance, files.

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../native/clock.js'
import type { ActorEnvironment } from '../environment.js'

export const SYSTEM: Pick<ActorEnvironment, 'clock' | 'randomBytes' | 'files'> = {
  clock: systemClock,
  randomBytes,
  files: {
    async pathIn(directory, file) {
      await mkdir(directory, { recursive: true })
      return join(directory, file)
    },
    write: (path, content) => writeFile(path, content, { mode: 0o600 }),
  },
}
