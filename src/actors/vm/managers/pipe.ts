// Named pipes of the host mapped into the VM (Windows guests). The host path is the whole of the identifier; there are no settings.

import { mappedPipePath } from '../../../protocol/resource-paths.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, pathEnd, type Change, type Subject } from './change.js'

export interface PipeManager {
  /** `hostPath` such as `\\.\pipe\name`. */
  addPipe(hostPath: string, options?: CallOptions): Promise<void>
  removePipe(hostPath: string, options?: CallOptions): Promise<void>
}

export function addPipe(subject: Subject, hostPath: unknown): Change {
  return change(subject, mappedPipePath(pathEnd(subject, 'hostPath', hostPath)), 'Add')
}

export function removePipe(subject: Subject, hostPath: unknown): Change {
  return change(subject, mappedPipePath(pathEnd(subject, 'hostPath', hostPath)), 'Remove')
}
