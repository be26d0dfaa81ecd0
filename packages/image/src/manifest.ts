// The manifest of an image: what is in it, in which versions, under which licences and from where. It is written last, and read before an
// image is used.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from 'uvm-actors'
import { AGENT, IMAGE_FORMAT } from './recipe.js'

export interface ImagePart {
  name: string
  version: string
  /** Short names, as Debian or SPDX has them. */
  licences: string[]
  /** Where its source is: a Debian source package, a Go module, this package. */
  source: string
}

export interface ImageManifest {
  format: number
  /** The image's key: the hash of all that went into it. */
  key: string
  architecture: 'x86-64'
  kernel: { release: string; version: string }
  agent: { module: string; version: string; path: string; cgroup: 'v1' | 'v2' }
  files: Record<'vmlinuz' | 'initrd.img', { bytes: number; sha256: string }>
  parts: ImagePart[]
}

/** An image on this machine. */
export interface GuestImage {
  directory: string
  kernel: string
  initrd: string
  manifest: ImageManifest
}

export async function describeFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const bytes = await readFile(path)
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** Checks what a manifest says before anything is believed of it. */
export function checkManifest(value: unknown, directory: string): ImageManifest {
  const refuse = (reason: 'no-image' | 'wrong-version' | 'no-agent', why: string): ImageError =>
    new ImageError({ op: 'image.open', reason, what: `the image in ${directory} ${why}`, help: 'build it again' })
  const manifest = record(value)
  if (manifest['format'] !== IMAGE_FORMAT) {
    throw refuse(
      'wrong-version',
      `has the form ${JSON.stringify(manifest['format'])}, and this version reads ${IMAGE_FORMAT}`,
    )
  }
  if (manifest['architecture'] !== 'x86-64')
    throw refuse('wrong-version', `is for ${JSON.stringify(manifest['architecture'])}, and only x86-64 is`)
  const agent = record(manifest['agent'])
  if (agent['path'] !== AGENT.path || typeof agent['version'] !== 'string')
    throw refuse('no-agent', 'has no guest agent')
  const files = record(manifest['files'])
  for (const name of ['vmlinuz', 'initrd.img']) {
    const { bytes, sha256 } = record(files[name])
    if (typeof bytes !== 'number' || typeof sha256 !== 'string')
      throw refuse('no-image', `does not tell of its ${name}`)
  }
  if (!Array.isArray(manifest['parts'])) throw refuse('no-image', 'does not tell its parts')
  return manifest as unknown as ImageManifest
}

/** Opens an image: its manifest is read and its files are there in their size. */
export async function openImage(directory: string): Promise<GuestImage> {
  const fail = (what: string, cause?: unknown): ImageError =>
    new ImageError({ op: 'image.open', reason: 'no-image', what, help: 'build it again', cause })
  let value: unknown
  try {
    value = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'))
  } catch (error) {
    throw fail(`there is no image in ${directory}: ${(error as Error).message}`, error)
  }
  const manifest = checkManifest(value, directory)
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const found = await stat(join(directory, name)).catch(() => undefined)
    if (found?.size !== bytes) throw fail(`${join(directory, name)} has ${found?.size ?? 'no'} bytes, not ${bytes}`)
  }
  return { directory, kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd.img'), manifest }
}
