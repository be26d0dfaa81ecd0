// Assigned PCI devices: nothing is mounted, but the host may rely on the device being there.

import { textOf } from '../../decode.js'
import { adapterKey } from '../../adapters.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

export const lcowVpciDevice: ResourceBehaviour = {
  async apply(kernel, _request, settings) {
    const wanted = adapterKey(textOf(settings, 'VMBusGUID'))
    // Without a deadline, as the real guest waits.
    await kernel.waitForHardware(() => kernel.machine.pci().find((guid) => adapterKey(guid) === wanted))
  },
}
