// Part of npm run build: makes the messages and services of each package that has a folder proto into its src/generated, when one of them
// has changed. The .proto files are the one statement of what goes over the wire.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.js'

/** @param {string} folder of a package */
export function generate(folder) {
  const proto = join(folder, 'proto')
  const out = join(folder, 'src/generated')
  const stamp = join(out, '.made-from')
  const hash = createHash('sha256').update(readFileSync('node_modules/@bufbuild/protoc-gen-es/package.json'))
  for (const name of /** @type {string[]} */ (readdirSync(proto, { recursive: true })).sort())
    if (name.endsWith('.proto')) hash.update(name).update(readFileSync(join(proto, name)))
  const made = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const plugin = {
    local: ['node', 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es'],
    out,
    opt: ['target=ts', 'import_extension=js'],
  }
  run('node_modules/@bufbuild/buf/bin/buf', [
    'generate',
    proto,
    '--template',
    JSON.stringify({ version: 'v2', plugins: [plugin] }),
  ])
  writeFileSync(stamp, made)
}
