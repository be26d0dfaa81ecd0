// What an actor thread gives its actors of this system: time, chance, files, modules.

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../native/clock.js'
import { loadDefault } from '../../native/own-file.js'
import { writePrivateFile } from '../../native/private-file.js'
import type { ThreadSystem } from './actor-thread.js'

export const SYSTEM: ThreadSystem = {
  clock: systemClock,
  randomBytes,
  files: {
    async pathIn(directory, file) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      return join(directory, file)
    },
    write: writePrivateFile,
  },
  load: loadDefault,
}
