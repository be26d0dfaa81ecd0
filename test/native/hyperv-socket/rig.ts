// An acceptor thread with a transport on it, in this thread, and the count of what the process holds open.

import { readdirSync, readlinkSync } from 'node:fs'
import { systemClock } from '#dist/native/clock.js'
import { Acceptor } from '#dist/native/hyperv-socket/acceptor.js'
import type { Addressing } from '#dist/native/hyperv-socket/addressing.js'
import { HyperVSocketTransport } from '#dist/native/hyperv-socket/transport.js'
import { abstractAddressing, loopbackAddressing, unixAddressing } from './addressings.js'

/** An addressing as data, for other threads. `unix` is a directory, the others are salt. */
export type FamilySpec = { unix: string } | { abstract: string } | { loopback: string }

export function addressingOf(spec: FamilySpec): Addressing {
  if ('unix' in spec) return unixAddressing(spec.unix)
  return 'abstract' in spec ? abstractAddressing(spec.abstract) : loopbackAddressing(spec.loopback)
}

export interface Family {
  readonly name: string
  /** Addresses that no other run uses. */
  spec(): FamilySpec
}

let runs = 0
const salt = (): string => `${process.pid} ${runs++}`

export const UNIX_FAMILY: Family = { name: 'AF_UNIX', spec: () => ({ abstract: salt() }) }
export const LOOPBACK_FAMILY: Family = { name: 'AF_INET', spec: () => ({ loopback: salt() }) }

/** Those that this machine has. */
export const FAMILIES: readonly Family[] =
  process.platform === 'win32' ? [LOOPBACK_FAMILY] : [UNIX_FAMILY, LOOPBACK_FAMILY]

export interface Rig {
  readonly acceptor: Acceptor
  readonly transport: HyperVSocketTransport
  readonly family: FamilySpec
  close(): Promise<void>
}

export async function openRig(family: Family): Promise<Rig> {
  const spec = family.spec()
  const addressing = addressingOf(spec)
  const acceptor = await Acceptor.open(addressing.library)
  const transport = await HyperVSocketTransport.open(acceptor.link(), addressing, systemClock)
  return {
    acceptor,
    transport,
    family: spec,
    close: async () => {
      await transport.close()
      await acceptor.close()
    },
  }
}

/** Open sockets of this process; undefined where they cannot be counted. */
export function openSockets(): number | undefined {
  if (process.platform !== 'linux') return undefined
  return readdirSync('/proc/self/fd').filter(isSocket).length
}

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    // The one that read the directory, which is closed by now.
    return false
  }
}
