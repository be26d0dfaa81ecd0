// Where what was built is kept: below the user's cache, in a directory whose name is the hash of all that went into it. A directory is
// there whole or not at all; two builds of the same thing at a time both succeed, and the later one's work is thrown away.

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { fileFailure } from './commands.js'

/** The package's part of the user's cache. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const set = env['XDG_CACHE_HOME']
  // As the XDG rules say: a relative path is as good as none.
  const base = set !== undefined && isAbsolute(set) ? set : join(env['HOME'] ?? homedir(), '.cache')
  return join(base, 'uvm-actors')
}

/** The hash of named parts, whatever their order. */
export function contentKey(parts: Readonly<Record<string, string | Buffer>>): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(parts).sort()) {
    const value = Buffer.from(parts[name]!)
    // The lengths keep apart what would read the same when run together.
    hash.update(`${name}\0${value.length}\0`).update(value)
  }
  return hash.digest('hex').slice(0, 32)
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** The directory of a key, made by `make` in a directory of its own unless it is there already. Nothing is left of a failure. */
export async function kept(
  root: string,
  key: string,
  make: (directory: string) => Promise<void>,
): Promise<{ directory: string; fresh: boolean }> {
  const directory = join(root, key)
  if (await isDirectory(directory)) return { directory, fresh: false }
  let work: string | undefined
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    work = await mkdtemp(join(root, `.${key.slice(0, 8)}-`))
    await make(work)
    await rename(work, directory)
    return { directory, fresh: true }
  } catch (error) {
    if (work !== undefined) await rm(work, { recursive: true, force: true })
    const { code } = error as NodeJS.ErrnoException
    if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (await isDirectory(directory)))
      return { directory, fresh: false }
    if (typeof code === 'string' && !code.startsWith('UVM_') && code !== 'ABORT_ERR')
      throw fileFailure(`the cache ${root}`, error)
    throw error
  }
}

/** Takes a directory out of the cache, so that the next build makes it again. */
export async function forget(directory: string): Promise<void> {
  if (!(await isDirectory(directory))) return
  // Renamed first: another build never finds half of it.
  const gone = await mkdtemp(join(dirname(directory), '.gone-'))
  await rename(directory, join(gone, 'old'))
  await rm(gone, { recursive: true, force: true })
}
