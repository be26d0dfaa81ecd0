// The addresses of a Windows guest and of its host.

import type { CallOptions } from '../call-options.js'
import type { HvSocketAddress } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface GuestHvSocketManager {
  /** What a Windows guest calls itself and its host; `createConnection` does it on a cold start. */
  updateHvSocketAddress(settings: HvSocketAddress, options?: CallOptions): Promise<void>
}

export const wcowHvSocket: GuestResource<'windows', GuestHvSocketManager> = {
  guests: ['windows'],
  type: 'HvSocket',
  settings: 'HvSocketAddress',
  methods: { updateHvSocketAddress: 'Update' },
}
