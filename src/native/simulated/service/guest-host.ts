// The machine a built-in guest runs in: the devices of its system as they are now, and the way to its host.

import type { Clock } from '../../clock.js'
import { guestDials, kernelCommandLine } from '../../../protocol/guest-dials.js'
import { vsockServiceId, LCOW_LOG_PORT, WCOW_LOG_SERVICE } from '../../../protocol/hvsocket.js'
import { Plan9ShareFlags } from '../../../protocol/schema/index.js'
import { findKey } from '../../../protocol/guid.js'
import { SCSI_CONTROLLER_GUIDS } from '../../../protocol/scsi.js'
import type { SystemHost } from '../state/live-system.js'
import { GuestSockets, type DialIn } from './guest-sockets.js'
import { createLinuxGuest, createWindowsGuest } from '../guests/index.js'
import type { BuiltinGuest, GuestMachine, MachineDisk, MachinePmem } from '../guests/machine.js'
import { chances } from '../seeded.js'

/** Makes the guest of a system, not booted yet. */
export function startBuiltinGuest(
  host: SystemHost,
  clock: Clock,
  seed: number,
  directoryOf: (client: string) => string | undefined,
  dialIn?: DialIn,
): BuiltinGuest {
  const { model } = host
  const sockets = new GuestSockets(host, directoryOf, dialIn)
  const machine: GuestMachine = {
    id: model.id,
    runtimeId: model.runtimeId,
    kernelCommandLine: kernelCommandLine(model.document) ?? '',
    forwardsLogs: forwardsLogs(host),
    bridgeService: guestDials(model.document, model.guestOS).service,
    isConfidential: model.document.VirtualMachine?.SecuritySettings?.Isolation?.IsolationType === 'SecureNestedPaging',
    processors: () => model.processorCount,
    memoryMB: () => model.live.memoryMB,
    disks: () => disksOf(host),
    adapters: () =>
      [...model.live.adapters].map(([id, adapter]) => ({
        id,
        ...(adapter.MacAddress === undefined ? {} : { macAddress: adapter.MacAddress }),
      })),
    pmem: () => pmemOf(host),
    plan9: () =>
      (model.live.plan9 ?? []).map((share) => ({
        port: share.Port ?? 0,
        name: share.AccessName ?? share.Name ?? '',
        path: share.Path ?? '',
        readOnly: ((share.Flags ?? 0) & Plan9ShareFlags.Plan9ShareFlagsReadOnly) !== 0,
      })),
    vsmb: () =>
      [...(model.live.vsmb?.values() ?? [])].map((share) => ({
        port: 0,
        name: share.Name ?? '',
        path: share.Path ?? '',
        readOnly: share.Options?.ReadOnly === true,
      })),
    pci: () => [...model.live.pci.keys()],
    onHardwareChange: (listener) => host.onChange(listener),
    poweredOff: () => host.poweredOff(),
    dial: (serviceId) => sockets.dial(serviceId),
  }
  const surroundings = { machine, clock, random: chances(seed, 'guest', model.id) }
  return model.guestOS === 'linux' ? createLinuxGuest(surroundings) : createWindowsGuest(surroundings)
}

function forwardsLogs({ model }: SystemHost): boolean {
  const table = model.document.VirtualMachine?.Devices?.HvSocket?.HvSocketConfig?.ServiceTable ?? {}
  return [WCOW_LOG_SERVICE, vsockServiceId(LCOW_LOG_PORT)].some((id) => findKey(Object.keys(table), id) !== undefined)
}

function disksOf({ model }: SystemHost): MachineDisk[] {
  return SCSI_CONTROLLER_GUIDS.flatMap((guid, controller) => {
    const key =
      findKey(model.live.scsi.keys(), guid) ??
      (model.live.scsi.has(String(controller)) ? String(controller) : undefined)
    const disks = key === undefined ? undefined : model.live.scsi.get(key)
    return [...(disks ?? [])].map(([lun, disk]) => ({
      controller,
      lun,
      path: disk.Path ?? '',
      readOnly: disk.ReadOnly === true,
    }))
  })
}

function pmemOf({ model }: SystemHost): MachinePmem[] {
  return [...(model.live.vpmem?.devices ?? [])].map(([device, { mappings }]) => ({
    device,
    offsets: [0, ...mappings.keys()],
  }))
}
