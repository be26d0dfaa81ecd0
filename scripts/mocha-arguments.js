// How mocha runs some test files alone: as its configuration says, except for which files.

import { existsSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'

export class MisuseError extends Error {}

/**
 * @param {string[]} args files, and options for mocha
 * @returns {string[]} what mocha is called with
 * @throws {MisuseError} on what is no test file
 */
export function mochaArguments(args) {
  const options = args.filter((arg) => arg.startsWith('-'))
  const files = args.filter((arg) => !arg.startsWith('-')).map(compiled)
  if (files.length === 0) throw new MisuseError('which file?')
  return ['--no-config', ...configuration(), ...options, ...files]
}

/**
 * @param {string} file test/a/b.test.ts, build/test/a/b.test.js, or the same with an absolute path or the system's separators
 * @returns {string} what mocha is to run
 */
function compiled(file) {
  const path = relative('.', resolve(file)).replaceAll('\\', '/')
  const source = path.replace(/^build\//, '').replace(/\.js$/, '.ts')
  if (!/^test\/.*\.test\.ts$/.test(source)) throw new MisuseError(`not a test file: ${file}`)
  if (!existsSync(source)) throw new MisuseError(`no such file: ${source}`)
  return `build/${source.replace(/ts$/, 'js')}`
}

/** @returns {string[]} the configuration as options, without what says which files to run; its report goes to a file of its own */
function configuration() {
  const config = JSON.parse(readFileSync('.mocharc.json', 'utf8'))
  const options = { ...config, spec: [], ignore: [], 'reporter-option': 'report=mocha-file-report.json' }
  return Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [value].flat().map((item) => `--${name}=${item}`),
  )
}
