// What of the image is ours and lies in this package as text: init in C, the agent's module file, the daemon in Rust.

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ImageError } from 'uvm-actors'

export interface Source {
  /** Below the directory that was read. */
  path: string
  bytes: Buffer
}

/** The package's directory of guest sources: this file is one folder below the package, compiled or not. */
export const GUEST = join(dirname(fileURLToPath(import.meta.url)), '..', 'guest')

/** All files of a directory, in the order of their paths. Compiled things (`target`) are left out. */
export async function readSources(directory: string): Promise<Source[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new ImageError({ reason: 'no-image', what: `the package's sources are not in ${directory}`, cause })
  })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
  const wanted = files.filter((path) => !path.split('/').includes('target')).sort()
  return Promise.all(wanted.map(async (path) => ({ path, bytes: await readFile(join(directory, path)) })))
}
