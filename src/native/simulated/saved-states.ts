// Saved states: files where the path means one here, else kept in memory, per service. msgpack, as they are written and read back.

import { readFileSync, writeFileSync } from 'node:fs'
import { pack, unpack } from 'msgpackr'
import { HRESULT } from '../../protocol/hresult.js'
import { failedStep } from './failure.js'
import { isLocalPath } from './host-files.js'

export interface SavedState {
  format: 'uvm-actors saved state'
  version: 1
  id: string
  memoryMB: number
}

export class SavedStates {
  readonly #inMemory = new Map<string, Buffer>()

  /** @throws {HcsFailure} the file cannot be written */
  save(path: string, state: SavedState): void {
    const bytes = pack(state)
    if (!isLocalPath(path)) {
      this.#inMemory.set(path, bytes)
      return
    }
    try {
      writeFileSync(path, bytes)
    } catch (error) {
      throw failedStep(codeOf(error), 'Save', `${path} cannot be written`)
    }
  }

  /** @throws {HcsFailure} no such state, or not one of ours */
  load(path: string): SavedState {
    const bytes = isLocalPath(path) ? this.#read(path) : this.#inMemory.get(path)
    if (bytes === undefined) throw failedStep(HRESULT.ERROR_FILE_NOT_FOUND, 'Start', `${path} does not exist`)
    const state = decode(bytes)
    if (state === undefined) throw failedStep(HRESULT.ERROR_FILE_CORRUPT, 'Start', `${path} is no saved state`)
    return state
  }

  #read(path: string): Buffer {
    try {
      return readFileSync(path)
    } catch (error) {
      throw failedStep(codeOf(error), 'Start', `${path} cannot be read`)
    }
  }
}

function decode(bytes: Buffer): SavedState | undefined {
  try {
    const state = unpack(bytes) as Partial<SavedState> | undefined
    return state?.format === 'uvm-actors saved state' && state.version === 1 ? (state as SavedState) : undefined
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): number {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return HRESULT.ERROR_FILE_NOT_FOUND
    case 'ENOTDIR':
      return HRESULT.ERROR_PATH_NOT_FOUND
    default:
      return HRESULT.E_ACCESSDENIED
  }
}
