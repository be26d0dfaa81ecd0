// A folder of the host, mounted over Plan9.

import { flagOf, textOf } from '../../decode.js'
import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { GUEST, GuestFault } from '../../fault.js'
import { mountAt, unmountAt } from '../mounting.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

export const lcowMappedDirectory: ResourceBehaviour = {
  apply(kernel, request, settings) {
    const target = textOf(settings, 'MountPath')
    if (request === 'Remove') {
      unmountAt(kernel, target)
      return
    }
    const port = Number(member(settings, 'Port') ?? 0)
    const name = textOf(settings, 'ShareName')
    const share = kernel.machine.plan9().find((one) => one.port === port && one.name === name)
    if (share === undefined) {
      throw new GuestFault(GUEST.failed, `failed to mount ${target}: nobody serves the share "${name}" on port ${port}`)
    }
    mountAt(kernel, {
      source: name,
      target,
      filesystem: '9p',
      readOnly: flagOf(settings, 'ReadOnly') || share.readOnly,
      backing: { kind: 'plan9', port, name },
    })
  },
}
