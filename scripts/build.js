// npm run build [-- test]: compiles src and the packages that stand on it into their dist, or the tests, benchmarks and examples into
// build, as much as has changed. What an earlier build left of a file that is gone is deleted first, so that it is neither run nor
// published. The schema's tables are generated before src is compiled.

import { existsSync } from 'node:fs'
import { prune } from './outputs.js'
import { PACKAGES } from './packages.js'
import { generate } from './proto.js'
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

/** @param {string} name of a folder in packages */
function buildPackage(name) {
  const folder = `packages/${name}`
  if (existsSync(`${folder}/proto`)) generate(folder)
  build({
    project: `${folder}/tsconfig.json`,
    buildInfo: `build/${name}.tsbuildinfo`,
    outputs: { [`${folder}/src`]: `${folder}/dist` },
  })
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
  for (const name of PACKAGES) buildPackage(name)
} else if (name === 'test') build(TARGETS.test)
else {
  console.error(`build: no such target: ${name}; there is test, and without a target all that is published`)
  process.exit(2)
}
