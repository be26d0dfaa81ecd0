// The daemon for the host's side of vsock, for machines without /dev/vhost-vsock: built from the package's own sources by the ordinary
// Cargo client, kept in the cache by their content.

import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { forget, kept, contentKey } from './cache.js'
import { run } from './commands.js'
import { GUEST, readSources } from './guest-sources.js'
import { checkMachine, checkOptions, type ImageOptions } from './options.js'
import { checkVersion, findTools } from './tools.js'

/** The name of the program. */
export const DAEMON = 'uvm-vsock'

/** Cargo from here on knows what Cargo.lock says. */
const LEAST_CARGO = [1, 78] as const

export type DaemonOptions = Pick<ImageOptions, 'cacheDirectory' | 'rebuild' | 'signal' | 'onProgress'>

/**
 * Builds the daemon, unless the cache has it, and gives its path.
 *
 * @throws ImageError Cargo or the C compiler is missing, the registry cannot be reached, the disk is full
 * @throws AbortError the signal was aborted
 */
export async function buildDaemon(options: DaemonOptions = {}): Promise<string> {
  const { cacheDirectory, rebuild, signal, onProgress } = await checkOptions(options)
  checkMachine()
  const sources = join(GUEST, 'vsock')
  const key = contentKey(Object.fromEntries((await readSources(sources)).map(({ path, bytes }) => [path, bytes])))
  const root = join(cacheDirectory, 'vsock')
  if (rebuild === true) await forget(join(root, key))
  const { directory } = await kept(root, key, async (work) => {
    const { cargo } = await findTools({ packages: false, agent: false, compiler: true, daemon: true })
    checkVersion('cargo', await run(cargo!, ['--version'], { signal }), LEAST_CARGO)
    onProgress?.(`building ${DAEMON}`)
    const target = join(work, 'target')
    await mkdir(target)
    const args = [
      'build',
      '--release',
      '--locked',
      '--manifest-path',
      join(sources, 'Cargo.toml'),
      '--target-dir',
      target,
    ]
    await run(cargo!, args, { signal, env: { CARGO_TERM_COLOR: 'never' } })
    await copyFile(join(target, 'release', DAEMON), join(work, DAEMON))
    await rm(target, { recursive: true, force: true })
  })
  return join(directory, DAEMON)
}
