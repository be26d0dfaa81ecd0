// npm run build [-- test]: compiles src and the packages that stand on it into their dist, or the tests, benchmarks and examples into
// build, as much as has changed. What an earlier build left of a file that is gone is deleted first, so that it is neither run nor
// published. The schema's tables are generated before src is compiled.

import { prune } from './outputs.js'
import { run } from './run.js'

/**
 * @typedef {object} Target
 * @property {string} project the tsconfig.json
 * @property {string} buildInfo what the compiler remembers of its last run
 * @property {Record<string, string>} outputs folder of sources -> folder of what is compiled from them
 */

/** @type {Record<'src' | 'cli' | 'test', Target>} */
const TARGETS = {
  src: { project: 'tsconfig.json', buildInfo: 'build/src.tsbuildinfo', outputs: { src: 'dist' } },
  cli: {
    project: 'packages/cli/tsconfig.json',
    buildInfo: 'build/cli.tsbuildinfo',
    outputs: { 'packages/cli/src': 'packages/cli/dist' },
  },
  test: {
    project: 'test/tsconfig.json',
    buildInfo: 'build/test.tsbuildinfo',
    outputs: { test: 'build/test', bench: 'build/bench', examples: 'build/examples' },
  },
}

/** @param {Target} target */
function build({ project, buildInfo, outputs }) {
  for (const [sources, output] of Object.entries(outputs)) prune(sources, output, buildInfo)
  run('node_modules/typescript/bin/tsc', ['-p', project])
}

const name = process.argv[2]
if (name === undefined) {
  run('scripts/schema/main.js', [])
  build(TARGETS.src)
  build(TARGETS.cli)
} else if (name === 'test') build(TARGETS.test)
else {
  console.error(`build: no such target: ${name}; there is test, and without a target all that is published`)
  process.exit(2)
}
