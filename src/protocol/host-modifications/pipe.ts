// Named pipes of the host mapped into the VM (Windows guests). The host path is the whole of the identifier; there are no settings.

import type { CallOptions } from '../call-options.js'
import { REST } from './segments.js'
import { ADD_REMOVE, DEVICES, hostModifications, resource } from './statement.js'

export interface PipeManager {
  /** `hostPath` such as `\\.\pipe\name`. */
  addPipe(hostPath: string, options?: CallOptions): Promise<void>
  removePipe(hostPath: string, options?: CallOptions): Promise<void>
}

export const pipe = hostModifications<PipeManager>()({
  resources: {
    mappedPipe: resource<undefined>({
      path: `${DEVICES}/MappedPipes/{hostPath}`,
      segments: { hostPath: REST },
      allowed: ADD_REMOVE,
      evidence: 'D',
      needs: [],
    }),
  },
  methods: {
    addPipe: { of: 'mappedPipe', verb: 'Add', takes: ['hostPath'] },
    removePipe: { of: 'mappedPipe', verb: 'Remove', takes: ['hostPath'] },
  },
})
