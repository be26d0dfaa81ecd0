// A built-in guest on its own, outside the simulated service: whoever made the VM is another compute service.

import { systemClock } from '#dist/native/clock.js'
import { createLinuxGuest, createWindowsGuest } from '#dist/native/simulated/guests/index.js'
import type { BuiltinGuest, MachineDisk } from '#dist/native/simulated/guests/machine.js'
import { UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import type { GuestOS } from '#dist/index.js'

export interface LoneGuest {
  readonly guest: BuiltinGuest
  /** What the host has attached; `changed` lets the guest look again. */
  readonly disks: MachineDisk[]
  changed(): void
}

/** The guest of a VM, not booted. It dials into `directory`, or on Windows to the pipes of that name. */
export function loneGuest(guestOS: GuestOS, vm: { id: string; runtimeId: string }, directory: string): LoneGuest {
  const dialer = new UnixSocketTransport(directory)
  const disks: MachineDisk[] = []
  const listeners = new Set<() => void>()
  const create = guestOS === 'linux' ? createLinuxGuest : createWindowsGuest
  const guest = create({
    machine: {
      id: vm.id,
      runtimeId: vm.runtimeId,
      kernelCommandLine: '',
      forwardsLogs: false,
      isConfidential: false,
      processors: () => 1,
      memoryMB: () => 256,
      disks: () => disks,
      adapters: () => [],
      pmem: () => [],
      plan9: () => [],
      vsmb: () => [],
      pci: () => [],
      onHardwareChange: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      poweredOff: () => undefined,
      dial: (serviceId) => dialer.dial({ runtimeId: vm.runtimeId, serviceId }),
    },
    clock: systemClock,
    random: () => 0.5,
  })
  return {
    guest,
    disks,
    changed: () => {
      for (const listener of listeners) listener()
    },
  }
}
