// Programs with the libraries that they need, from directories of unpacked packages.

import { readFile, readdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ImageError } from 'uvm-actors'
import { neededLibraries } from './elf.js'

/** Where packages have their libraries. */
const PLACES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib64', 'usr/lib64', 'lib', 'usr/lib'] as const

async function findLibrary(name: string, roots: readonly string[]): Promise<string | undefined> {
  for (const root of roots) {
    for (const place of PLACES) {
      const found = await realpath(join(root, place, name)).catch(() => undefined)
      if (found !== undefined) return found
    }
  }
  return undefined
}

/**
 * The libraries that a program needs and those that they need, by their path in the guest. `roots`: the directories of the unpacked
 * packages.
 */
export async function librariesOf(program: string, roots: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const visit = async (path: string): Promise<void> => {
    for (const needed of neededLibraries(await readFile(path))) {
      const inGuest = needed.startsWith('/') ? needed : `/lib/x86_64-linux-gnu/${needed}`
      // The interpreter is named once by its path and once as a library.
      if (found.has(inGuest)) continue
      const library = await findLibrary(basename(needed), roots)
      if (library === undefined) {
        throw new ImageError({
          reason: 'wrong-version',
          what: `${basename(program)} needs ${needed}, and none of the packages has it`,
        })
      }
      found.set(inGuest, await readFile(library))
      await visit(library)
    }
  }
  await visit(program)
  return found
}

/** Every licence text below /usr/share/doc of an unpacked package, by the package's name. */
export async function copyrightOf(root: string): Promise<string> {
  const docs = join(root, 'usr/share/doc')
  for (const name of await readdir(docs).catch(() => [])) {
    const text = await readFile(join(docs, name, 'copyright'), 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  return ''
}
