// npm run test:file -- FILE...: builds, then runs these test files alone, as npm test would. A FILE is the source or what is compiled from
// it; whatever begins with - goes to mocha, as --grep=TEXT. (mocha itself would add the files to the `spec` of its configuration.)

import { MisuseError, mochaArguments } from './mocha-arguments.js'
import { run } from './run.js'

try {
  const args = mochaArguments(process.argv.slice(2))
  run('scripts/build.js', [])
  run('scripts/build.js', ['test'])
  run('node_modules/mocha/bin/mocha.js', args)
} catch (error) {
  if (!(error instanceof MisuseError)) throw error
  console.error(`test:file: ${error.message}\nnpm run test:file -- FILE... [--grep=TEXT and other options of mocha]`)
  process.exit(2)
}
