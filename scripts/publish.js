// npm run release:publish: publishes what the registry does not have yet, the library before what stands on it, one after the other: packing one
// package builds all of them anew. Then tags, which the workflow makes releases of.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGES } from './packages.js'
import { run } from './run.js'
import { slim } from './slim.js'

/**
 * @typedef {object} Publisher
 * @property {(name: string, version: string) => boolean} isPublished
 * @property {(folder: string) => void} publish throws when it fails
 */

/**
 * @param {string[]} folders of packages, in order
 * @param {Publisher} publisher
 * @returns {string[]} what was published, as name@version
 */
export function publishNew(folders, { isPublished, publish }) {
  const published = []
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (isPublished(name, version)) continue
    publish(folder)
    published.push(`${name}@${version}`)
  }
  return published
}

/** In the order in which they stand on each other. */
export const FOLDERS = ['.', ...PACKAGES.map((name) => `packages/${name}`)]

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 */
function must(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  run('scripts/clean.js', [])
  run('scripts/build.js', [])
  for (const folder of FOLDERS) if (existsSync(join(folder, 'dist'))) slim(join(folder, 'dist'))
  const published = publishNew(FOLDERS, {
    isPublished: (name, version) => {
      const asked = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8' })
      if (asked.status !== 0 && !asked.stderr.includes('E404')) throw new Error(`npm view ${name}: ${asked.stderr}`)
      // Of a package that is known without this version npm says nothing, and succeeds.
      return asked.status === 0 && asked.stdout.trim() !== ''
    },
    publish: (folder) => must('npm', ['publish', '--ignore-scripts'], folder),
  })
  console.log(published.length === 0 ? 'nothing is new' : published.join('\n'))
  if (published.length > 0) must('npx', ['--yes', '@changesets/cli@2.29.7', 'tag'])
}
