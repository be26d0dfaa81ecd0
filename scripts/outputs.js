// What a build has written: deleted when its source is gone, written anew when it is missing.

import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

const COMPILED = /\.(?:d\.ts|js)(?:\.map)?$/

/**
 * Deletes everything below `output` that no source explains. Where something compiled is missing the compiler forgets its last run, for
 * it would hold what it has written once to be there still.
 *
 * @param {string} sources folder of the sources
 * @param {string} output folder of what is compiled from them
 * @param {string} buildInfo what the compiler remembers of its last run
 */
export function prune(sources, output, buildInfo) {
  for (const file of files(output)) {
    const source = file.replace(COMPILED, '.ts')
    if (source === file || !existsSync(join(sources, source))) rmSync(join(output, file))
  }
  removeEmpty(output)
  const isComplete = files(sources).every(
    (file) => !file.endsWith('.ts') || file.endsWith('.d.ts') || existsSync(join(output, file.replace(/ts$/, 'js'))),
  )
  if (!isComplete) rmSync(buildInfo, { force: true })
}

/**
 * @param {string} folder need not be there
 * @returns {string[]} paths relative to it
 */
function files(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** @param {string} folder */
function removeEmpty(folder) {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name))
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}
