// The QEMU supervisor as a service process holds it.

import { chmodSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { ProviderUnavailableError } from '../../errors.js'
import { systemClock } from '../clock.js'
import type { HostedServiceFactory } from '../service-process/hosted.js'
import type { QemuOptions } from './options.js'
import { chooseAccelerator, probeBinary } from './probe.js'
import { StateDirectory } from './state-directory.js'
import { QemuSupervisor } from './supervisor.js'

/** What a program asks a service process for. */
export const QEMU_PROVIDER = 'qemu'
export const DEFAULT_BINARY = 'qemu-system-x86_64'
/** Longest path of the state directory, bytes: a runtime id and the names of sockets must fit behind it. */
export const MAX_STATE_BYTES = 48
const DEFAULT_STATE = 'qemu'

/** @throws {ProviderUnavailableError} others could change it */
function openState(path: string): StateDirectory {
  const unfit = (why: string): ProviderUnavailableError =>
    new ProviderUnavailableError({ reason: `the state directory ${path} ${why}` })
  if (Buffer.byteLength(path) > MAX_STATE_BYTES) throw unfit(`has more than ${MAX_STATE_BYTES} bytes`)
  const state = new StateDirectory(path)
  const found = lstatSync(path)
  if (!found.isDirectory()) throw unfit('is no directory')
  if (found.uid !== process.getuid?.()) throw unfit(`belongs to the user ${found.uid}`)
  chmodSync(path, 0o700)
  return state
}

const host: HostedServiceFactory = async (given, { directory, ended }) => {
  const options = given as QemuOptions
  const binary = options.binary ?? DEFAULT_BINARY
  await probeBinary(binary)
  const state = openState(options.stateDirectory ?? join(directory, DEFAULT_STATE))
  const accelerator = await chooseAccelerator(options.accelerator ?? 'auto', binary, systemClock)
  const supervisor = new QemuSupervisor(options, { clock: systemClock, directory, state, binary, accelerator, ended })
  await supervisor.adopt()
  return {
    provider: QEMU_PROVIDER,
    carryOut: (client, call, deliver) => supervisor.carryOut(client, call, deliver),
    leave: (client) => supervisor.leave(client),
    count: () => supervisor.count(),
    kept: () => supervisor.kept(),
    stop: async () => {
      await supervisor.stop()
      state.removeIfEmpty()
    },
  }
}

export default host
