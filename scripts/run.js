// Runs a JavaScript program of this repository; one that fails ends this program too, with its exit code.

import { spawnSync } from 'node:child_process'

/**
 * @param {string} program path of its file
 * @param {string[]} args
 * @param {string[]} [nodeOptions] those of Node.js itself
 */
export function run(program, args, nodeOptions = []) {
  const { status, signal, error } = spawnSync(process.execPath, [...nodeOptions, program, ...args], {
    stdio: 'inherit',
  })
  if (status === 0) return
  if (status === null) console.error(`${program}: ${error?.message ?? `ended by ${signal}`}`)
  process.exit(status ?? 1)
}
