// What QEMU says in words, as an HRESULT.

import { HRESULT } from '../../protocol/hresult.js'

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What QEMU says only in words. */
const CODES: readonly (readonly [RegExp, number])[] = [
  [/Failed to get .*lock|Failed to lock/i, HRESULT.ERROR_SHARING_VIOLATION],
  [/No such file or directory/i, HRESULT.ERROR_FILE_NOT_FOUND],
  [/Permission denied|Operation not permitted/i, HRESULT.E_ACCESSDENIED],
  [/Cannot allocate memory|can't allocate/i, HRESULT.ERROR_COMMITMENT_LIMIT],
  [/No space left/i, HRESULT.ERROR_DISK_FULL],
  [/Duplicate .*ID|already exists|in use/i, HRESULT.ERROR_ALREADY_EXISTS],
  [/not found/i, HRESULT.ERROR_NOT_FOUND],
  [/corrupt|invalid .*(header|signature|image)|not in .* format/i, HRESULT.ERROR_FILE_CORRUPT],
  // Its last words before it ends, where a saved state breaks off or is another machine's.
  [/error while loading|load of migration failed/i, HRESULT.ERROR_FILE_CORRUPT],
]

/** The HRESULT for what QEMU said. */
export function codeOfWords(said: string): number {
  return CODES.find(([pattern]) => pattern.test(said))?.[1] ?? HRESULT.E_FAIL
}
