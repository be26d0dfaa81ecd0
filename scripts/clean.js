// npm run clean: deletes all that builds have written; what tests have fetched or built below build stays.

import { rmSync } from 'node:fs'

for (const path of [
  'dist',
  'packages/cli/dist',
  'src/protocol/schema/generated',
  'build/test',
  'build/bench',
  'build/examples',
  'build/src.tsbuildinfo',
  'build/cli.tsbuildinfo',
  'build/test.tsbuildinfo',
])
  rmSync(path, { recursive: true, force: true })
