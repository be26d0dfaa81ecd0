// What an image will be made of, found out before anything heavy is done: the packages' versions, the sources, and the key by which an
// image that is there already is known.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { moduleVersion } from './agent.js'
import { contentKey } from './cache.js'
import { findKernel, findPackage, type Package } from './debian.js'
import { GUEST, readSources, type Source } from './guest-sources.js'
import type { CheckedOptions } from './options.js'
import * as recipe from './recipe.js'
import type { Tools } from './tools.js'

export interface Plan {
  key: string
  /** The kernel's package; absent when it was given by path. */
  kernel?: Package
  packages: Package[]
  agentVersion: string
  goMod: string
  init: Source[]
}

/** The packages by name that are needed beside those that were given by path. */
export function packageNames(options: Pick<CheckedOptions, 'busybox' | 'runtime' | 'packages'>): string[] {
  if (!options.packages) return []
  const given = new Set([options.busybox && 'busybox-static', options.runtime && 'runc'])
  return [...recipe.PACKAGES.map(({ name }) => name), ...recipe.LIBRARY_PACKAGES].filter((name) => !given.has(name))
}

/** What stands for a file in the key: where, how large and how old it is. Reading a tree of modules for it would take longer than a build. */
async function fileMark(path: string | undefined): Promise<string> {
  if (path === undefined) return ''
  const { size, mtimeMs } = await stat(path)
  return `${path} ${size} ${mtimeMs}`
}

/** The key of an image. Everything that the image depends on is in it; tools are not: another compiler makes the same program. */
export function imageKey(parts: {
  packages: readonly Pick<Package, 'name' | 'version' | 'sha256'>[]
  sources: readonly Source[]
  marks: readonly string[]
}): string {
  const packages = parts.packages.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`).sort()
  const rules = [
    recipe.AGENT,
    recipe.PACKAGES,
    recipe.BOOT_MODULES,
    recipe.DEMAND_MODULES,
    recipe.TEXTS,
    recipe.DIRECTORIES,
    recipe.SBIN_APPLETS,
    recipe.NO_APPLETS,
    recipe.AGENT_BUILD,
    recipe.INIT_BUILD,
  ]
  return contentKey({
    format: String(recipe.IMAGE_FORMAT),
    rules: JSON.stringify(rules),
    packages: packages.join('\n'),
    marks: parts.marks.join('\n'),
    ...Object.fromEntries(parts.sources.map(({ path, bytes }) => [`source ${path}`, bytes])),
  })
}

/** Finds out what goes into an image. Only the package index is asked, and nothing is fetched. */
export async function planImage(options: CheckedOptions, apt: Tools['apt'], guest = GUEST): Promise<Plan> {
  const { signal } = options
  const [init, agent] = await Promise.all([readSources(join(guest, 'init')), readSources(join(guest, 'agent'))])
  const goMod = (await readFile(join(guest, 'agent', 'go.mod'))).toString('utf8')
  const kernel =
    options.kernel === undefined && apt !== undefined ? await findKernel(apt, recipe.KERNEL_PACKAGE, signal) : undefined
  const packages: Package[] = []
  for (const name of packageNames(options)) {
    const { depends: _, ...found } = await findPackage(apt!, name, signal)
    packages.push(found)
  }
  const given = [
    options.kernel,
    options.modules && join(options.modules, 'modules.builtin'),
    options.busybox,
    options.runtime,
  ]
  const marks = await Promise.all(given.map((path) => fileMark(path).catch(() => String(path))))
  const sources = [
    ...init.map(({ path, bytes }) => ({ path: `init/${path}`, bytes })),
    ...agent.map(({ path, bytes }) => ({ path: `agent/${path}`, bytes })),
  ]
  const key = imageKey({ packages: [...packages, ...(kernel === undefined ? [] : [kernel])], sources, marks })
  const agentVersion = moduleVersion(goMod, recipe.AGENT.module)
  return { key, ...(kernel === undefined ? {} : { kernel }), packages, agentVersion, goMod, init }
}
