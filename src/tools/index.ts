// uvm-actors/tools: what command lines and other tools need beside the library: documents and calls checked before anything runs, and
// recordings of guest connections read.

import { checkVmId } from '../actors/vm-setup.js'
import { InvalidConfigError } from '../errors.js'

export {
  GUEST_METHOD_NAMES,
  guestArity,
  guestCallProblem,
  VM_METHODS,
  vmArity,
  vmCallProblem,
  type CallProblem,
  type PlannedCall,
} from './calls.js'
export { checkDocument, type DocumentProblem } from '../protocol/document.js'
export { isRecord, parseJson } from '../protocol/json.js'
export { decodeRecording, RecordingFileError, type Recording } from './recording-file.js'
export { recordingLines } from './recording-text.js'
export type { RecordedFrame, RecordingHeader } from '../actors/gcs/connection/recording-format.js'

/** What is wrong with the id of a VM; undefined when `Host.createVM` would take it. */
export function vmIdProblem(id: unknown): string | undefined {
  try {
    checkVmId('', id)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    return error.message.replace(/^id: /, '')
  }
}
