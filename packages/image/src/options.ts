// What a build of a guest image is asked.

import { stat } from 'node:fs/promises'
import { ImageError, InvalidConfigError } from 'uvm-actors'
import { cacheRoot } from './cache.js'

export interface ImageOptions {
  /** A kernel (bzImage) of another distribution, with `modules`. Default: the newest of this machine's Debian packages. */
  kernel?: string
  /** The directory of that kernel's modules, `…/lib/modules/<release>`. */
  modules?: string
  /** A static busybox, where this machine is no Debian. */
  busybox?: string
  /** A static runc or crun, where this machine is no Debian. */
  runtime?: string
  /** Where images are kept. Default: `uvm-actors` in the user's cache (`$XDG_CACHE_HOME`, else `~/.cache`). */
  cacheDirectory?: string
  /** Builds again what is there already. Default: false. */
  rebuild?: boolean
  /** Ends the build: AbortError, and nothing is left of it. */
  signal?: AbortSignal
  /** Told what is being done, one line each. */
  onProgress?: (line: string) => void
}

const PATHS = ['kernel', 'modules', 'busybox', 'runtime', 'cacheDirectory'] as const

export interface CheckedOptions extends ImageOptions {
  cacheDirectory: string
  /** Whether anything comes from Debian packages. */
  packages: boolean
}

/** Checks options before anything is done: InvalidConfigError. */
export async function checkOptions(options: ImageOptions): Promise<CheckedOptions> {
  const refuse = (path: string, reason: string): InvalidConfigError =>
    new InvalidConfigError({ op: 'image.build', path, reason })
  for (const name of PATHS) {
    const value: unknown = options[name]
    if (value === undefined) continue
    if (typeof value !== 'string' || !value.startsWith('/') || value.includes('\0'))
      throw refuse(name, 'expected an absolute path')
    if (name === 'cacheDirectory') continue
    const found = await stat(value).catch(() => undefined)
    if (found === undefined) throw refuse(name, `there is no ${value}`)
    if (found.isDirectory() !== (name === 'modules'))
      throw refuse(name, `${value} is ${name === 'modules' ? 'no' : 'a'} directory`)
  }
  if ((options.kernel === undefined) !== (options.modules === undefined)) {
    throw refuse(options.kernel === undefined ? 'kernel' : 'modules', 'a kernel and its modules are given together')
  }
  const packages = [options.kernel, options.busybox, options.runtime].some((path) => path === undefined)
  return { ...options, cacheDirectory: options.cacheDirectory ?? cacheRoot(), packages }
}

/** The only machine that images are built on and for. */
export function checkMachine(platform: string = process.platform, arch: string = process.arch): void {
  if (platform === 'linux' && arch === 'x64') return
  const what = `guest images are built on Linux on x86-64, and this is ${platform} on ${arch}`
  throw new ImageError({ reason: 'wrong-version', what })
}
