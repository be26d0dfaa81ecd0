// What an actor thread gives its actors of this system: time, chance, files, modules.

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../native/clock.js'
import type { ThreadSystem } from './actor-thread.js'

export const SYSTEM: ThreadSystem = {
  clock: systemClock,
  randomBytes,
  files: {
    async pathIn(directory, file) {
      await mkdir(directory, { recursive: true })
      return join(directory, file)
    },
    write: (path, content) => writeFile(path, content, { mode: 0o600 }),
  },
  load: async (module) => ((await import(module)) as { default?: unknown }).default,
}
