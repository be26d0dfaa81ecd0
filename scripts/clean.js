// npm run clean: deletes all that builds have written; what tests have fetched or built below build stays.

import { rmSync } from 'node:fs'
import { PACKAGES } from './packages.js'

for (const path of [
  'dist',
  'src/protocol/schema/generated',
  ...PACKAGES.flatMap((name) => [
    `packages/${name}/dist`,
    `packages/${name}/src/generated`,
    `build/${name}.tsbuildinfo`,
  ]),
  'build/test',
  'build/bench',
  'build/examples',
  'build/src.tsbuildinfo',
  'build/test.tsbuildinfo',
])
  rmSync(path, { recursive: true, force: true })
