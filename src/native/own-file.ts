// Files of this library that threads and processes are started with, and modules that they load by name. In a bundle they are not where
// they were: there one file, made of uvm-actors/worker, has them all.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { InvalidConfigError, ProviderUnavailableError } from '../errors.js'

/** What a thread or process is for: told to the one file of a bundle, which has to choose. */
export type OwnRole = 'actor' | 'simulated' | 'call' | 'callback' | 'acceptor' | 'service'

/** Modules that are loaded by name. */
export type OwnModule =
  'remote-provider' | 'service-provider' | 'simulated-service' | 'qemu-service' | 'unix-transport' | 'hyperv-transport'

/** Beside the bundle of the program it is looked for under this name. */
export const WORKER_NAMES = ['uvm-actors-worker.js', 'uvm-actors-worker.mjs', 'uvm-actors-worker.cjs'] as const

/** Last argument of a service process that is started from a bundle. */
export const SERVICE_ARGUMENT = '--uvm-actors-service'

/** A file that is to be found from the one that asks. */
export interface OwnPlace {
  /** Path of who asks, within what is built: in a bundle it is another. */
  readonly from: string
  /** `import.meta.url` of who asks; undefined in a bundle of CommonJS. */
  readonly base: string | undefined
  /** The file, from there. */
  readonly file: string
}

/** Where this is explained: the package has no pages. */
const BUNDLING = 'the repository’s docs/bundling.md'

/** The file of a bundle, when the program has said where. */
let named: URL | undefined

/** What the file of a bundle has in it. */
let inside: Readonly<Partial<Record<string, () => Promise<{ default?: unknown }>>>> = {}

/**
 * For programs that are bundled: where the file is that the bundler has made of `uvm-actors/worker`. Without this it is looked for beside the
 * bundle of the program, as `uvm-actors-worker.js`. For the whole process, before anything is opened.
 *
 * @throws {InvalidConfigError} no path or file URL, or there is no such file
 */
export function useWorker(file: string | URL): void {
  const subject = { op: 'useWorker', path: 'file', value: file }
  if (typeof file !== 'string' && !(file instanceof URL)) {
    throw new InvalidConfigError({ ...subject, reason: 'expected a path or a file URL' })
  }
  const isUrl = file instanceof URL || file.startsWith('file:')
  const url = isUrl ? new URL(file) : pathToFileURL(file)
  if (url.protocol !== 'file:') throw new InvalidConfigError({ ...subject, reason: 'expected a path or a file URL' })
  if (!existsSync(fileURLToPath(url))) throw new InvalidConfigError({ ...subject, reason: 'there is no such file' })
  named = url
}

function fileOf({ from, base, file }: OwnPlace): URL | undefined {
  // A program may have a file of that name beside its bundle: what counts is that who asks is where it was built.
  if (base?.endsWith(`/${from}`) !== true) return undefined
  const url = new URL(file, base)
  return url.protocol === 'file:' && existsSync(fileURLToPath(url)) ? url : undefined
}

function bundled(base: string | undefined): URL | undefined {
  if (named !== undefined || base?.startsWith('file:') !== true) return named
  // Threads of a bundle start others, and are in the file themselves.
  if (WORKER_NAMES.some((name) => name === basename(new URL(base).pathname))) return new URL(base)
  return WORKER_NAMES.map((name) => new URL(name, base)).find((url) => existsSync(fileURLToPath(url)))
}

/**
 * What a thread or process of this library is started with; `isBundled`: the file has to be told the role.
 *
 * @throws {ProviderUnavailableError} the program was bundled, and its bundler was not told of the worker
 */
export function ownFile(place: OwnPlace): { url: URL; isBundled: boolean } {
  const own = fileOf(place)
  if (own !== undefined) return { url: own, isBundled: false }
  const url = bundled(place.base)
  if (url !== undefined) return { url, isBundled: true }
  throw new ProviderUnavailableError({ op: 'host.open', reason: missing(place.from) })
}

/** The same of a module that such a thread loads: its URL, or its name in the file of a bundle. @throws {ProviderUnavailableError} as there */
export function ownModule(name: OwnModule, place: OwnPlace): string {
  const { url, isBundled } = ownFile(place)
  return isBundled ? nameOf(name) : url.href
}

const nameOf = (name: string): string => `uvm-actors:${name}`

/** For the file of a bundle: what it has in it. */
export function haveInside(modules: Readonly<Record<OwnModule, () => Promise<{ default?: unknown }>>>): void {
  inside = Object.fromEntries(Object.entries(modules).map(([name, load]) => [nameOf(name), load]))
}

/** The default export of a module: one of ours, or anybody's. */
export async function loadDefault(module: string): Promise<unknown> {
  const load =
    inside[module] ?? ((): Promise<{ default?: unknown }> => import(module) as Promise<{ default?: unknown }>)
  return (await load()).default
}

function missing(from: string): string {
  return (
    `the threads of uvm-actors are missing: ${from} was bundled, and what its threads run was not. ` +
    'Give the bundler uvm-actors/worker as an entry of its own, to be written as uvm-actors-worker.js beside the program, ' +
    'or name the file with useWorker(file); or leave uvm-actors out of the bundle (external). See ' +
    BUNDLING
  )
}

/** The pool of threads is a package that has a file for its threads, too. */
export function poolMissing(cause: unknown): ProviderUnavailableError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const reason = `piscina cannot be loaded: ${why}. In a bundle it has to be external, and installed beside it: see ${BUNDLING}`
  return new ProviderUnavailableError({ op: 'host.open', reason, cause })
}
