// Address families that a machine without a hypervisor has, so that the code of Hyper-V sockets runs there: only the encoder differs.

import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { HvSocketEndpoint } from '#dist/native/hvsocket.js'
import type { Addressing, SocketRequest } from '#dist/native/hyperv-socket/addressing.js'
import { LIBC, SOCKADDR_IN, WINSOCK } from '#dist/native/hyperv-socket/layouts.js'
import { socketPath } from '#dist/native/unix-socket/transport.js'

const SUN_PATH_BYTES = 108
const SO_REUSEADDR = 2

/** AF_UNIX by the names of the Unix-socket transport, so that its guests can dial in. */
export function unixAddressing(directory: string): Addressing {
  const request = (address: HvSocketEndpoint): SocketRequest => {
    const bytes = Buffer.alloc(2 + SUN_PATH_BYTES)
    bytes.writeUInt16LE(LIBC.AF_UNIX)
    bytes.write(socketPath(directory, address), 2)
    return { family: LIBC.AF_UNIX, protocol: 0, address: bytes, options: [] }
  }
  return {
    library: 'libc',
    listener: request,
    dialer: request,
    released: (address) => rmSync(socketPath(directory, address), { force: true }),
  }
}

/** AF_UNIX by abstract names: no file, and an address that is free as soon as its listener is closed, as those of Hyper-V are. */
export function abstractAddressing(salt: string): Addressing {
  const request = ({ runtimeId, serviceId }: HvSocketEndpoint): SocketRequest => {
    const bytes = Buffer.from(`..\0uvm ${salt} ${runtimeId} ${serviceId}`)
    bytes.writeUInt16LE(LIBC.AF_UNIX)
    return { family: LIBC.AF_UNIX, protocol: 0, address: bytes, options: [] }
  }
  return { library: 'libc', listener: request, dialer: request }
}

/** AF_INET on the loopback: host and port drawn from the address, and from `salt` so that runs do not meet. */
export function loopbackAddressing(salt: string): Addressing {
  const library = process.platform === 'win32' ? 'winsock' : 'libc'
  const request = ({ runtimeId, serviceId }: HvSocketEndpoint): SocketRequest => {
    const hash = createHash('sha256').update(`${salt} ${runtimeId} ${serviceId}`).digest()
    const bytes = Buffer.alloc(SOCKADDR_IN.size)
    bytes.writeUInt16LE(WINSOCK.AF_INET, SOCKADDR_IN.family)
    // Below the ports that systems hand out, 127.1.0.1 to 127.254.255.254.
    bytes.writeUInt16BE(10_000 + (hash.readUInt16LE(0) % 20_000), SOCKADDR_IN.port)
    bytes.set([127, 1 + (hash[2]! % 254), hash[3]!, 1 + (hash[4]! % 254)], SOCKADDR_IN.address)
    return { family: WINSOCK.AF_INET, protocol: 0, address: bytes, options: [] }
  }
  return {
    library,
    listener: (address) => ({
      ...request(address),
      // Connections that ended keep the address for minutes otherwise; Windows has no such rule.
      options:
        library === 'libc' ? [{ level: LIBC.SOL_SOCKET, name: SO_REUSEADDR, value: Buffer.from([1, 0, 0, 0]) }] : [],
    }),
    dialer: request,
  }
}
