// Files of the host, as far as the service looks: a path that is absolute for this system is looked up for real, any other (a Windows
// path on Linux) counts as present.

import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { HRESULT } from '../../../protocol/hresult.js'
import { refusal, type HcsFailure } from '../failure.js'

/** The HRESULT with which opening the file would fail; undefined when it would not. */
export function fileProblem(path: string, readOnly: boolean): number | undefined {
  if (!isLocalPath(path)) return undefined
  if (!existsSync(path)) return existsSync(dirname(path)) ? HRESULT.ERROR_FILE_NOT_FOUND : HRESULT.ERROR_PATH_NOT_FOUND
  try {
    accessSync(path, readOnly ? constants.R_OK : constants.R_OK | constants.W_OK)
    return undefined
  } catch {
    return HRESULT.E_ACCESSDENIED
  }
}

/** A file of nobody's yet, private to its maker. @throws {HcsFailure} it exists, or cannot be made */
export function makeEmptyFile(path: string): void {
  if (!isLocalPath(path)) return
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const hresult =
      code === 'EEXIST'
        ? HRESULT.ERROR_FILE_EXISTS
        : code === 'ENOENT'
          ? HRESULT.ERROR_PATH_NOT_FOUND
          : HRESULT.E_ACCESSDENIED
    throw refusal(hresult, `${path} cannot be made`)
  }
}

/** Bytes of a file that can be looked up here. */
export function fileSize(path: string): number | undefined {
  return isLocalPath(path) ? statSync(path, { throwIfNoEntry: false })?.size : undefined
}

/** Whether a path means a file of the system we run on. A device path such as \\.\PHYSICALDRIVE2 does not. */
export function isLocalPath(path: string): boolean {
  return isAbsolute(path) && !path.startsWith('\\\\')
}

/** The first of some files that cannot be read. */
export function unreadable(paths: readonly (string | null | undefined)[]): HcsFailure | undefined {
  for (const path of paths) {
    const problem = path ? fileProblem(path, true) : undefined
    if (problem !== undefined) return refusal(problem, `${path} cannot be opened`)
  }
  return undefined
}
