// Files that only their user may read, whatever the umask and whatever was there: written beside their name and moved onto it, so that a
// reader sees the old content or the new, a link is never followed, and the mode of an older file is not kept.

import { closeSync, fchmodSync, lstatSync, openSync, renameSync, unlinkSync, writeFileSync, type Stats } from 'node:fs'
import { lstat, open, rename, unlink } from 'node:fs/promises'
import { threadId } from 'node:worker_threads'

const PRIVATE = 0o600
/** Makes the file or fails: what is there already, a link too, is not opened. */
const NEW = 'wx'

/** @throws {Error} with a `code`: ELOOP the path is a link, EEXIST it is there and no file, otherwise as files fail */
export async function writePrivateFile(path: string, content: Uint8Array): Promise<void> {
  assertReplaceable(path, await lstat(path).catch(unlessMissing))
  const draft = draftOf(path)
  const file = await open(draft, NEW, PRIVATE)
  try {
    try {
      await file.chmod(PRIVATE)
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await unlink(draft).catch(() => undefined)
    throw error
  }
}

/** The same at once. @throws {Error} as `writePrivateFile` */
export function writePrivateFileSync(path: string, content: Uint8Array): void {
  assertReplaceable(path, lstatSync(path, { throwIfNoEntry: false }))
  const draft = draftOf(path)
  const file = openSync(draft, NEW, PRIVATE)
  try {
    try {
      fchmodSync(file, PRIVATE)
      writeFileSync(file, content)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    unlinkSync(draft)
    throw error
  }
}

/** A link that comes to be after this is replaced itself, and what it means is left alone. */
function assertReplaceable(path: string, found: Stats | undefined): void {
  if (found === undefined || found.isFile()) return
  if (found.isSymbolicLink()) throw problem('ELOOP', `${path} is a link, which is not followed`)
  throw problem('EEXIST', `${path} exists and is no file`)
}

let drafts = 0

/** Nobody else's: whoever has guessed it makes the writing fail, and gets nothing to read. */
function draftOf(path: string): string {
  return `${path}.${process.pid}-${threadId}-${++drafts}.new`
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

function problem(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
