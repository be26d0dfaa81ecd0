// Folders of the host that a guest sees through a share. When the path exists on this machine its files are read; a path of another
// machine, such as C:\… off Windows, is an empty folder. Nothing is written to the host.

import { readdir, readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { FileError } from './file-error.js'

/** Largest file that is read, bytes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024

/** Names in a folder; undefined when there is none. `path` has no slash in front and no `..`. */
export async function listHostFolder(folder: string, path: string): Promise<string[] | undefined> {
  if (!isAbsolute(folder)) return path === '' ? [] : undefined
  try {
    return await readdir(join(folder, path))
  } catch {
    return path === '' ? [] : undefined
  }
}

/** @throws {FileError} too large to read */
export async function readHostFile(folder: string, path: string): Promise<Uint8Array | undefined> {
  if (!isAbsolute(folder)) return undefined
  const full = join(folder, path)
  const found = await stat(full).catch(() => undefined)
  if (found?.isFile() !== true) return undefined
  if (found.size > MAX_FILE_BYTES) throw new FileError('File too large')
  return readFile(full).catch(() => undefined)
}
