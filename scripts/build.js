// npm run build [-- test]: compiles src into dist, or the tests, benchmarks and examples into build, as much as has changed. What an
// earlier build left of a file that is gone is deleted first, so that it is neither run nor published. The schema's tables are generated
// before src is compiled.

import { prune } from './outputs.js'
import { run } from './run.js'

/**
 * @typedef {object} Target
 * @property {string} project the tsconfig.json
 * @property {string} buildInfo what the compiler remembers of its last run
 * @property {Record<string, string>} outputs folder of sources -> folder of what is compiled from them
 */

/** @type {Record<'src' | 'test', Target>} */
const TARGETS = {
  src: { project: 'tsconfig.json', buildInfo: 'build/src.tsbuildinfo', outputs: { src: 'dist' } },
  test: {
    project: 'test/tsconfig.json',
    buildInfo: 'build/test.tsbuildinfo',
    outputs: { test: 'build/test', bench: 'build/bench', examples: 'build/examples' },
  },
}

const name = process.argv[2] ?? 'src'
if (name !== 'src' && name !== 'test') {
  console.error(`build: no such target: ${name}; there are ${Object.keys(TARGETS).join(' and ')}`)
  process.exit(2)
}
const { project, buildInfo, outputs } = TARGETS[name]
if (name === 'src') run('scripts/schema/main.js', [])
for (const [sources, output] of Object.entries(outputs)) prune(sources, output, buildInfo)
run('node_modules/typescript/bin/tsc', ['-p', project])
