// The contents of a guest's writable file systems: what programs wrote, kept in memory while the machine lives, and bounded. A simulated
// disk begins empty.

import { FileError } from './file-error.js'

/** All files of one guest together, bytes; and their number. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_ENTRIES = 16_384

/** A file with room to grow, so that appending costs what is appended; or a directory that was made. */
type Entry = { readonly bytes: Uint8Array; readonly size: number } | 'directory'

/** By volume, then path: the content of a file, or a directory. */
export type VolumeState = Map<string, Map<string, Uint8Array | 'directory'>>

const EMPTY = { bytes: new Uint8Array(0), size: 0 }

export class Volumes {
  /** By volume, then path: no slash in front, none at the end. */
  readonly #volumes = new Map<string, Map<string, Entry>>()
  #bytes = 0
  #entries = 0

  read(volume: string, path: string): Uint8Array | undefined {
    const entry = this.#volumes.get(volume)?.get(path)
    return entry === undefined || entry === 'directory' ? undefined : entry.bytes.subarray(0, entry.size)
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
    const found = this.#volumes.get(volume)?.get(path)
    const before = append && found !== undefined && found !== 'directory' ? found : EMPTY
    const size = before.size + data.byteLength
    // Refused before memory is taken.
    if (this.#bytes - sizeOf(found) + size > MAX_BYTES) throw new FileError('No space left on device')
    let { bytes } = before
    if (size > bytes.byteLength) {
      bytes = new Uint8Array(before.size === 0 ? size : Math.max(size, 2 * bytes.byteLength))
      bytes.set(before.bytes.subarray(0, before.size))
    }
    bytes.set(data, before.size)
    this.#put(volume, path, { bytes, size })
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
    const content = (entry: Entry): Uint8Array | 'directory' =>
      entry === 'directory' ? entry : Uint8Array.from(entry.bytes.subarray(0, entry.size))
    return new Map(
      [...this.#volumes].map(([volume, entries]) => [
        volume,
        new Map([...entries].map(([path, entry]) => [path, content(entry)])),
      ]),
    )
  }

  restore(state: VolumeState): void {
    for (const [volume, entries] of state) {
      for (const [path, entry] of entries) {
        if (entry === 'directory') this.makeDirectory(volume, path)
        else this.write(volume, path, entry, false)
      }
    }
  }
}

function sizeOf(entry: Entry | undefined): number {
  return entry === undefined || entry === 'directory' ? 0 : entry.size
}
