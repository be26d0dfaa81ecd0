// npm run lint:imports: the layers hold, and no import leads back to where it came from.

import { badImports } from './imports.js'

const bad = await badImports()
for (const line of bad) console.error(line)
process.exitCode = bad.length === 0 ? 0 : 1
