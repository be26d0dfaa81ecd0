// Saved states: files where the path means one here, else kept in memory, per service. msgpack, as they are written and read back.

import { readFileSync } from 'node:fs'
import { isRecord } from '../../../protocol/json.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { writePrivateFileSync } from '../../private-file.js'
import { refusal } from '../failure.js'
import { isLocalPath } from '../devices/host-files.js'
import { movable, moved, type LiveConfiguration } from '../devices/live-configuration.js'
import { packState, unpackState } from './codec.js'

const FORMAT = 'uvm-actors saved state'
const VERSION = 2

/** What a VM is when it stands still. */
export interface MachineState {
  live: LiveConfiguration
  /** What its guest remembers; undefined for none. */
  guest: unknown
}

export class SavedStates {
  readonly #inMemory = new Map<string, Uint8Array>()

  /** @throws {HcsFailure} the file cannot be written */
  save(path: string, { live, guest }: MachineState): void {
    const bytes = packState({ format: FORMAT, version: VERSION, live: movable(live), guest })
    if (!isLocalPath(path)) {
      this.#inMemory.set(path, Uint8Array.from(bytes))
      return
    }
    try {
      // Its guest's memory is in it.
      writePrivateFileSync(path, bytes)
    } catch (error) {
      throw refusal(codeOf(error), `${path} cannot be written`)
    }
  }

  /** The state in a VM whose devices are `here`. @throws {HcsFailure} no such state, or not one of ours */
  load(path: string, here: LiveConfiguration): MachineState {
    const bytes = isLocalPath(path) ? read(path) : this.#inMemory.get(path)
    if (bytes === undefined) throw refusal(HRESULT.ERROR_FILE_NOT_FOUND, `${path} does not exist`)
    const state = decode(bytes, here)
    if (state === undefined) throw refusal(HRESULT.ERROR_FILE_CORRUPT, `${path} is no saved state`)
    return state
  }
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw refusal(codeOf(error), `${path} cannot be read`)
  }
}

function decode(bytes: Uint8Array, here: LiveConfiguration): MachineState | undefined {
  try {
    const state = unpackState(bytes)
    if (!isRecord(state) || state['format'] !== FORMAT || state['version'] !== VERSION) return undefined
    const live = moved(state['live'], here)
    return live === undefined ? undefined : { live, guest: state['guest'] }
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
