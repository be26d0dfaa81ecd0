// The devices and limits of a VM as they are now: what the create document asked for, and what modifications made of it. It is saved and
// moved as it stands.

import { isRecord } from '../../../protocol/json.js'
import type { HcsFailure } from '../failure.js'
import * as DEVICES from './all.js'
import type { Device, DeviceHost, VirtualMachine } from './device.js'

type Devices = typeof DEVICES
export type DeviceName = keyof Devices
/** Each device under its name. */
export type LiveConfiguration = { readonly [K in DeviceName]: ReturnType<Devices[K]['fromDocument']> }

/** In the order of their names, so that of several faults the same one is always told. */
export const ALL_DEVICES = Object.entries(DEVICES) as unknown as readonly (readonly [DeviceName, Device<unknown>])[]

export function liveConfigurationOf(vm: VirtualMachine): LiveConfiguration {
  return Object.fromEntries(ALL_DEVICES.map(([name, device]) => [name, device.fromDocument(vm)])) as LiveConfiguration
}

/** What goes with the VM when it is saved or moved. */
export function movable(live: LiveConfiguration): Record<string, unknown> {
  return Object.fromEntries(
    ALL_DEVICES.filter(([, device]) => !device.belongsToHost).map(([name]) => [name, live[name]]),
  )
}

/** What `movable` gave, in a VM of this host; undefined for something else. */
export function moved(state: unknown, here: LiveConfiguration): LiveConfiguration | undefined {
  if (!isRecord(state)) return undefined
  const names = Object.keys(movable(here))
  const isWhole = names.every((name) => Object.hasOwn(state, name)) && Object.keys(state).length === names.length
  return isWhole ? { ...here, ...state } : undefined
}

/** Why the VM cannot start here: a file first, then whatever else of the host it cannot have. */
export function startProblem(live: LiveConfiguration, host: DeviceHost): HcsFailure | undefined {
  return firstOf((name, device) => device.fileProblem?.(live[name])) ?? hostProblem(live, host)
}

/** What of this host the VM cannot have, files aside. */
export function hostProblem(live: LiveConfiguration, host: DeviceHost): HcsFailure | undefined {
  return firstOf((name, device) => device.hostProblem?.(live[name], host))
}

/** The first device with a problem. */
export function firstOf<T>(problemOf: (name: DeviceName, device: Device<unknown>) => T | undefined): T | undefined {
  for (const [name, device] of ALL_DEVICES) {
    const problem = problemOf(name, device)
    if (problem !== undefined) return problem
  }
  return undefined
}
