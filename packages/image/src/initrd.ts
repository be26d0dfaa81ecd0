// The first file system of the guest, put together from the parts that were built and unpacked.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './commands.js'
import { archive, type ArchiveEntry } from './cpio.js'
import { modprobeLists, withDependencies, type ModuleTree } from './modules.js'
import { librariesOf } from './programs.js'
import * as recipe from './recipe.js'

export interface InitrdParts {
  init: string
  agent: string
  busybox: string
  /** Programs by their path in the guest. */
  programs: ReadonlyMap<string, string>
  /** Directories of unpacked packages, in which libraries are looked for. */
  roots: readonly string[]
  modules: ModuleTree
  signal?: AbortSignal | undefined
}

const PROGRAM = 0o755

async function file(path: string, from: string, mode?: number): Promise<ArchiveEntry> {
  return { path, kind: 'file', bytes: await readFile(from), ...(mode === undefined ? {} : { mode }) }
}

/** The modules, the list of those that init loads, and the lists of modprobe. */
async function moduleEntries(tree: ModuleTree): Promise<ArchiveEntry[]> {
  const boot = await withDependencies(tree, recipe.BOOT_MODULES)
  const all = await withDependencies(tree, [...recipe.BOOT_MODULES, ...recipe.DEMAND_MODULES])
  const base = `/lib/modules/${tree.release}`
  const { dep, alias } = modprobeLists(all)
  const text = (path: string, content: string): ArchiveEntry => ({ path, kind: 'file', bytes: Buffer.from(content) })
  return [
    ...all.map(({ path, bytes }): ArchiveEntry => ({ path: `${base}/${path}`, kind: 'file', bytes })),
    text('/lib/modules/boot', boot.map(({ path }) => `${base}/${path}\n`).join('')),
    text(`${base}/modules.dep`, dep),
    text(`${base}/modules.alias`, alias),
    text(`${base}/modules.builtin`, `${[...tree.builtin].map((name) => `kernel/${name}.ko`).join('\n')}\n`),
  ]
}

async function appletEntries(busybox: string, signal?: AbortSignal): Promise<ArchiveEntry[]> {
  const names = (await run(busybox, ['--list'], { signal })).split('\n').filter(Boolean)
  return names
    .filter((name) => !recipe.NO_APPLETS.includes(name))
    .map((name) => ({
      path: `/${recipe.SBIN_APPLETS.includes(name) ? 'sbin' : 'bin'}/${name}`,
      kind: 'link',
      target: '/bin/busybox',
    }))
}

/** Everything that is in the first file system. */
export async function initrdEntries(parts: InitrdParts): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = recipe.DIRECTORIES.map((path) => ({ path, kind: 'directory' }))
  entries.push(...(await appletEntries(parts.busybox, parts.signal)))
  entries.push(await file('/init', parts.init, PROGRAM), await file(recipe.AGENT.path, parts.agent, PROGRAM))
  entries.push(await file('/bin/busybox', parts.busybox, PROGRAM))
  for (const [path, from] of parts.programs) {
    const isText = path.startsWith('/etc/')
    entries.push(await file(path, from, isText ? undefined : PROGRAM))
    if (isText) continue
    for (const [library, bytes] of await librariesOf(from, parts.roots))
      entries.push({ path: library, kind: 'file', bytes, mode: PROGRAM })
  }
  for (const [path, content] of Object.entries(recipe.TEXTS)) {
    entries.push({ path, kind: 'file', bytes: Buffer.from(content), mode: content.startsWith('#!') ? PROGRAM : 0o644 })
  }
  entries.push(...(await moduleEntries(parts.modules)))
  return entries
}

/** Writes the archive, uncompressed: unpacking it would cost a booting guest more than reading it. */
export async function writeInitrd(path: string, parts: InitrdParts): Promise<void> {
  await writeFile(path, Buffer.concat([...archive(await initrdEntries(parts))]))
}

/** Where a kernel's package has the kernel and its modules. */
export const kernelPaths = (root: string, release: string): { kernel: string; modules: string } => ({
  kernel: join(root, 'boot', `vmlinuz-${release}`),
  modules: join(root, 'lib', 'modules', release),
})
