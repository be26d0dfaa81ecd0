// Packages of the machine's own package index: which versions it has, and their files. Addresses are apt's business; none is known here.

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from 'uvm-actors'
import { run } from './commands.js'
import type { Tools } from './tools.js'

export interface Package {
  name: string
  version: string
  /** The source package, where another one. */
  source: string
  /** As the index says: what is fetched must have it. */
  sha256: string
  bytes: number
}

type Apt = NonNullable<Tools['apt']>

/** The fields of one paragraph of the index. */
function fields(paragraph: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of paragraph.split('\n')) {
    const at = line.indexOf(': ')
    if (at > 0 && !line.startsWith(' ')) found.set(line.slice(0, at), line.slice(at + 2).trim())
  }
  return found
}

/** Reads what `apt-cache show` says about one package: the candidate version. */
export function readPackage(name: string, text: string): Package & { depends: string } {
  const [first = ''] = text.trim().split('\n\n')
  const found = fields(first)
  const [version, sha256] = [found.get('Version'), found.get('SHA256')]
  if (found.get('Package') !== name || version === undefined || sha256 === undefined) throw notInIndex(name)
  const [source = name] = (found.get('Source') ?? name).split(' ')
  return { name, version, source, sha256, bytes: Number(found.get('Size') ?? 0), depends: found.get('Depends') ?? '' }
}

function notInIndex(name: string): ImageError {
  const what = `the package index of this machine does not have ${name}`
  return new ImageError({ reason: 'index-unreachable', what, help: 'run: apt-get update' })
}

/** What the index has of a package for this image's machine. */
export async function findPackage(
  apt: Apt,
  name: string,
  signal?: AbortSignal,
): Promise<Package & { depends: string }> {
  // --no-all-versions: the one that an installation would take.
  const text = await run(apt.cache, ['show', '--no-all-versions', name], { signal, reason: 'index-unreachable' })
  return readPackage(name, text)
}

/** The newest kernel's package: what Debian's package of that name depends on. */
export async function findKernel(apt: Apt, metaPackage: string, signal?: AbortSignal): Promise<Package> {
  const { depends } = await findPackage(apt, metaPackage, signal)
  const [name] = /linux-image-[0-9][^ ,]*/.exec(depends) ?? []
  if (name === undefined) throw notInIndex(`${metaPackage} with a kernel`)
  const { depends: _, ...found } = await findPackage(apt, name, signal)
  return found
}

/** Fetches packages and unpacks each into a directory of its own name below `into`. */
export async function unpackPackages(
  apt: Apt,
  packages: readonly Package[],
  into: string,
  signal?: AbortSignal,
): Promise<void> {
  const fetched = join(into, 'fetched')
  await mkdir(fetched, { recursive: true })
  const names = packages.map(({ name, version }) => `${name}=${version}`)
  // apt checks what it fetched against the signed index.
  await run(apt.get, ['download', '-q', ...names], { cwd: fetched, signal, reason: 'index-unreachable' })
  for (const file of await readdir(fetched)) {
    const [name = ''] = file.split('_')
    await run(apt.deb, ['-x', join(fetched, file), join(into, name)], { signal })
  }
}

/** Longest short name of a licence; what is longer is prose. */
const LONGEST_LICENCE = 40

/** The short names of licences in a package's copyright file, each once, in its order; else the common licences that it leads to. */
export function licencesIn(copyright: string): string[] {
  const names = [...copyright.matchAll(/^License:\s*(\S.*)$/gm)].map(([, name = '']) => name.trim())
  const short = names.filter((name) => name.length <= LONGEST_LICENCE)
  const common = [...copyright.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9.-]*[A-Za-z0-9])/g)].map(
    ([, name = '']) => name,
  )
  return [...new Set(short.length > 0 ? short : common)]
}
