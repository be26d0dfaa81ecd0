// The contents of a guest's writable file systems: what programs wrote, kept in memory while the machine lives, and bounded. A simulated
// disk begins empty.

import { FileError } from './file-error.js'

/** All files of one guest together, bytes; and their number. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_ENTRIES = 16_384

/** A file, or a directory that was made. */
type Entry = Uint8Array | 'directory'

export type VolumeState = Map<string, Map<string, Entry>>

export class Volumes {
  /** By volume, then path: no slash in front, none at the end. */
  readonly #volumes: VolumeState = new Map()
  #bytes = 0
  #entries = 0

  read(volume: string, path: string): Uint8Array | undefined {
    const entry = this.#volumes.get(volume)?.get(path)
    return entry === 'directory' ? undefined : entry
  }

  /** Names in a directory; undefined when there is none. The root is always there. */
  list(volume: string, path: string): string[] | undefined {
    const entries = this.#volumes.get(volume)
    const prefix = path === '' ? '' : `${path}/`
    const names = new Set<string>()
    let exists = path === '' || entries?.get(path) === 'directory'
    for (const key of entries?.keys() ?? []) {
      if (!key.startsWith(prefix) || key === path) continue
      exists = true
      names.add(key.slice(prefix.length).split('/')[0]!)
    }
    return exists ? [...names] : undefined
  }

  /** @throws {FileError} no space is left */
  write(volume: string, path: string, data: Uint8Array, append: boolean): void {
    const before = this.read(volume, path)
    const content = append && before !== undefined ? Buffer.concat([before, data]) : Uint8Array.from(data)
    this.#put(volume, path, content)
  }

  /** @throws {FileError} no space is left */
  makeDirectory(volume: string, path: string): void {
    this.#put(volume, path, 'directory')
  }

  #put(volume: string, path: string, entry: Entry): void {
    const entries = this.#volumes.get(volume) ?? new Map<string, Entry>()
    const before = entries.get(path)
    const bytes = this.#bytes - sizeOf(before) + sizeOf(entry)
    const count = this.#entries + (before === undefined ? 1 : 0)
    if (bytes > MAX_BYTES || count > MAX_ENTRIES) throw new FileError('No space left on device')
    this.#volumes.set(volume, entries.set(path, entry))
    this.#bytes = bytes
    this.#entries = count
  }

  /** A file, or a directory with all that is in it. Answers whether there was one. */
  remove(volume: string, path: string): boolean {
    const entries = this.#volumes.get(volume)
    let removed = false
    for (const key of [...(entries?.keys() ?? [])]) {
      if (key !== path && !key.startsWith(`${path}/`)) continue
      this.#bytes -= sizeOf(entries?.get(key))
      this.#entries--
      entries?.delete(key)
      removed = true
    }
    return removed
  }

  /** Everything on a volume. */
  clear(volume: string): void {
    for (const path of [...(this.#volumes.get(volume)?.keys() ?? [])]) this.remove(volume, path)
  }

  capture(): VolumeState {
    return this.#volumes
  }

  restore(state: VolumeState): void {
    for (const [volume, entries] of state) for (const [path, entry] of entries) this.#put(volume, path, entry)
  }
}

function sizeOf(entry: Entry | undefined): number {
  return entry === undefined || entry === 'directory' ? 0 : entry.byteLength
}
