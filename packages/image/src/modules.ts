// Kernel modules of an image: which files, in which order, and the two lists that modprobe reads in the guest. They are made from what
// the modules say of themselves, so that no tool and no installed kernel is needed.

import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { ImageError } from 'uvm-actors'
import { moduleInfo } from './elf.js'

export interface KernelModule {
  /** As others name it: with underscores. */
  name: string
  /** Below the modules' directory, such as `kernel/fs/ext4/ext4.ko`. */
  path: string
  bytes: Buffer
  depends: string[]
  /** Weak wishes: loaded before, where they are there. */
  wishes: string[]
  aliases: string[]
}

export interface ModuleTree {
  /** What `uname -r` says in the guest. */
  release: string
  /** Paths of all modules by name. */
  paths: ReadonlyMap<string, string>
  /** Names of those that the kernel has built in. */
  builtin: ReadonlySet<string>
  directory: string
}

export const moduleName = (path: string): string =>
  basename(path)
    .replace(/\.ko(\.(gz|xz|zst))?$/, '')
    .replaceAll('-', '_')

/** Looks through a directory of modules (`…/lib/modules/<release>`). */
export async function readTree(directory: string): Promise<ModuleTree> {
  const paths = new Map<string, string>()
  const places = await readdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw new ImageError({ reason: 'no-image', what: `the modules in ${directory} cannot be read`, cause })
  })
  for (const path of places) if (/\.ko(\.(gz|xz|zst))?$/.test(path)) paths.set(moduleName(path), path)
  const list = await readFile(join(directory, 'modules.builtin'), 'utf8').catch(() => '')
  const builtin = new Set(list.split('\n').filter(Boolean).map(moduleName))
  return { release: basename(directory), paths, builtin, directory }
}

async function load(tree: ModuleTree, name: string): Promise<KernelModule> {
  const path = tree.paths.get(name)
  const wanted = `${name} in ${relative(join(tree.directory, '..'), tree.directory)}`
  if (path === undefined) throw new ImageError({ reason: 'wrong-version', what: `the kernel has no module ${wanted}` })
  if (!path.endsWith('.ko')) {
    const help = 'unpack the modules first (for example with zstd -d or xz -d)'
    throw new ImageError({ reason: 'wrong-version', what: `the module ${path} is compressed`, help })
  }
  const bytes = await readFile(join(tree.directory, path))
  const info = moduleInfo(bytes)
  const list = (field: string): string[] =>
    (info.get(field) ?? []).flatMap((value) => value.split(/[ ,]+/)).filter(Boolean)
  const wishes = (info.get('softdep') ?? []).flatMap(
    (value) => /pre:([^:]*?)(?: post:|$)/.exec(value)?.[1]?.trim().split(/\s+/) ?? [],
  )
  return {
    name,
    path,
    bytes,
    depends: list('depends').map(moduleName),
    wishes: wishes.map(moduleName),
    aliases: info.get('alias') ?? [],
  }
}

/**
 * The modules of these names and all that they need, each after what it needs. What is built in is no file, and a name in `optional`
 * may be missing.
 */
export async function withDependencies(
  tree: ModuleTree,
  names: readonly string[],
  optional: ReadonlySet<string> = new Set(),
): Promise<KernelModule[]> {
  const done = new Map<string, KernelModule>()
  const visit = async (name: string, wished: boolean): Promise<void> => {
    if (done.has(name) || tree.builtin.has(name)) return
    if ((wished || optional.has(name)) && !tree.paths.has(name)) return
    const found = await load(tree, name)
    for (const each of found.depends) await visit(each, false)
    for (const each of found.wishes) await visit(each, true)
    done.set(name, found)
  }
  for (const name of names) await visit(name, false)
  return [...done.values()]
}

/** The two lists of modprobe: what each module needs (nearest last to be loaded), and which names lead to it. */
export function modprobeLists(modules: readonly KernelModule[]): { dep: string; alias: string } {
  const byName = new Map(modules.map((each) => [each.name, each]))
  const needs = (each: KernelModule): string[] => {
    const found = new Set<string>()
    const visit = ({ depends }: KernelModule): void => {
      for (const name of depends) {
        const next = byName.get(name)
        if (next === undefined || found.has(next.path)) continue
        found.add(next.path)
        visit(next)
      }
    }
    visit(each)
    return [...found]
  }
  const dep = modules.map((each) => `${each.path}: ${needs(each).join(' ')}`.trimEnd())
  const alias = modules.flatMap(({ name, aliases }) => aliases.map((each) => `alias ${each} ${name}`))
  return { dep: `${dep.join('\n')}\n`, alias: `${alias.join('\n')}\n` }
}
