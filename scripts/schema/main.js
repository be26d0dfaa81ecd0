// The generator of the schema as a command; `npm run build` runs it before the compiler.
//
// Usage: node scripts/schema/main.js [ROOT]

import path from 'node:path'
import process from 'node:process'
import { generate } from './generate.js'

const [root] = process.argv.slice(2)
const { problems, wrote } = await generate(root === undefined ? undefined : path.resolve(root))
if (wrote !== undefined) console.log(`schema: ${wrote}`)
if (problems.length > 0) {
  console.error(`The schema cannot be generated:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
  process.exitCode = 1
}
