// Assigned PCI devices: nothing is mounted, but the host may rely on the device being there.

import { textOf } from '../../decode.js'
import { bareGuid } from '../../adapters.js'
import type { GuestResource } from '../../resource.js'

export const vpciDevice: GuestResource = {
  settings: 'LCOWMappedVPCIDevice',
  requests: ['Add'],
  async apply(kernel, _request, settings) {
    const wanted = bareGuid(textOf(settings, 'VMBusGUID'))
    // Without a deadline, as the real guest waits.
    await kernel.waitForHardware(() => kernel.machine.pci().find((guid) => bareGuid(guid) === wanted))
  },
}
