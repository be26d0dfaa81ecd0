// What has no method of its own: COM ports, flexible I/O devices and shared memory.

import type { ComPort, FlexibleIoDevice, SharedMemoryRegion } from '../schema/index.js'
import { NAME, NUMBER } from './segments.js'
import { ADD_UPDATE, ANY, DEVICES, hostModifications, resource, type NoMethods } from './statement.js'

export const others = hostModifications<NoMethods>()({
  resources: {
    comPort: resource<ComPort>({
      path: `${DEVICES}/ComPorts/{port}`,
      segments: { port: NUMBER },
      allowed: ANY,
      evidence: 'D',
      needs: ADD_UPDATE,
      settings: 'ComPort',
    }),
    flexibleIov: resource<FlexibleIoDevice>({
      path: `${DEVICES}/FlexibleIov/{id}`,
      segments: { id: NAME },
      allowed: ['Add'],
      evidence: 'D',
      needs: ['Add'],
      settings: 'FlexibleIoDevice',
    }),
    sharedMemory: resource<SharedMemoryRegion>({
      path: `${DEVICES}/SharedMemory/Regions`,
      allowed: ANY,
      evidence: 'D',
      needs: ANY,
      settings: 'SharedMemoryRegion',
      required: { Add: ['SectionName'], Remove: ['SectionName'], Update: ['SectionName'] },
    }),
  },
  methods: {},
})
