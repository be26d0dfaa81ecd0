// Sizes, offsets and constants as the C compilers see them: the headers of Linux with gcc, those of Windows with mingw-w64.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  ERRNO,
  LIBC,
  POLL,
  POLLFD,
  SOCKADDR_IN,
  WINSOCK,
  WSA,
  WSADATA_BYTES,
  WSAPOLLFD,
} from '#dist/native/hyperv-socket/layouts.js'
import {
  AF_VSOCK,
  encodeSockaddrHv,
  encodeSockaddrVm,
  HV_PROTOCOL_RAW,
  HVSOCKET_CONNECT_TIMEOUT,
  HVSOCKET_CONNECT_TIMEOUT_MAX,
  SO_VM_SOCKETS_CONNECT_TIMEOUT,
  SOCKADDR_HV_BYTES,
  SOCKADDR_VM_BYTES,
  VSOCK_CID,
} from '#dist/protocol/hvsocket.js'

/** Compiles assertions `expression == value`; says which do not hold. */
function holds(context: Mocha.Context, compiler: string, headers: string[], facts: Record<string, number>): void {
  const lines = Object.entries(facts).map(([expression, value]) => {
    return `_Static_assert((unsigned long)(${expression}) == ${value >>> 0}UL, "${expression} is not ${value}");`
  })
  const source = [...headers.map((header) => `#include <${header}>`), '#include <stddef.h>', ...lines].join('\n')
  const run = spawnSync(compiler, ['-fsyntax-only', '-xc', '-'], { input: source, encoding: 'utf8' })
  if (run.error !== undefined) {
    console.log(`      skipped, there is no ${compiler}`)
    context.skip()
  }
  assert.equal(run.status, 0, run.stderr)
}

/** `prefix` before the names of constants. */
function constants(table: Record<string, number>, prefix = ''): Record<string, number> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [prefix + name, value]))
}

/** The offset at which a structure that was encoded first differs from another. */
function firstDifference(left: Uint8Array, right: Uint8Array): number {
  return left.findIndex((byte, at) => byte !== right[at])
}

const ZERO = '00000000-0000-0000-0000-000000000000'
const ONE = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const HV = encodeSockaddrHv(ZERO, ZERO)
const VM = encodeSockaddrVm(0, 0)

describe('layouts of the socket calls', () => {
  it('are those of Linux', function () {
    holds(this, 'gcc', ['sys/socket.h', 'netinet/in.h', 'poll.h', 'errno.h', 'linux/vm_sockets.h'], {
      'sizeof(struct pollfd)': POLLFD.size,
      'offsetof(struct pollfd, fd)': POLLFD.fd,
      'offsetof(struct pollfd, events)': POLLFD.events,
      'offsetof(struct pollfd, revents)': POLLFD.revents,
      POLLIN: POLL.libc.read,
      POLLOUT: POLL.libc.write,
      'POLLERR | POLLHUP | POLLNVAL': POLL.libc.failed,
      'sizeof(struct sockaddr_in)': SOCKADDR_IN.size,
      'offsetof(struct sockaddr_in, sin_port)': SOCKADDR_IN.port,
      'offsetof(struct sockaddr_in, sin_addr)': SOCKADDR_IN.address,
      'sizeof(struct sockaddr_vm)': SOCKADDR_VM_BYTES,
      'sizeof(struct sockaddr_vm) ': VM.length,
      'offsetof(struct sockaddr_vm, svm_family)': 0,
      'offsetof(struct sockaddr_vm, svm_port)': firstDifference(VM, encodeSockaddrVm(0, 0xffff_ffff)),
      'offsetof(struct sockaddr_vm, svm_cid)': firstDifference(VM, encodeSockaddrVm(0xffff_ffff, 0)),
      AF_VSOCK,
      SO_VM_SOCKETS_CONNECT_TIMEOUT,
      ...constants({ HYPERVISOR: VSOCK_CID.hypervisor, LOCAL: VSOCK_CID.local, HOST: VSOCK_CID.host }, 'VMADDR_CID_'),
      '(unsigned)VMADDR_CID_ANY': VSOCK_CID.any,
      ...constants(LIBC),
      ...constants(ERRNO),
    })
  })

  it('are those of Windows', function () {
    holds(this, 'x86_64-w64-mingw32-gcc', ['winsock2.h', 'ws2tcpip.h', 'windows.h', 'hvsocket.h'], {
      'sizeof(WSAPOLLFD)': WSAPOLLFD.size,
      'offsetof(WSAPOLLFD, fd)': WSAPOLLFD.fd,
      'offsetof(WSAPOLLFD, events)': WSAPOLLFD.events,
      'offsetof(WSAPOLLFD, revents)': WSAPOLLFD.revents,
      POLLIN: POLL.winsock.read,
      POLLOUT: POLL.winsock.write,
      'POLLERR | POLLHUP | POLLNVAL': POLL.winsock.failed,
      'sizeof(WSADATA)': WSADATA_BYTES,
      'sizeof(SOCKET)': 8,
      'sizeof(struct sockaddr_in)': SOCKADDR_IN.size,
      'offsetof(struct sockaddr_in, sin_port)': SOCKADDR_IN.port,
      'offsetof(struct sockaddr_in, sin_addr)': SOCKADDR_IN.address,
      'sizeof(SOCKADDR_HV)': SOCKADDR_HV_BYTES,
      'sizeof(SOCKADDR_HV) ': HV.length,
      'offsetof(SOCKADDR_HV, Family)': 0,
      'offsetof(SOCKADDR_HV, VmId)': firstDifference(HV, encodeSockaddrHv(ONE, ZERO)),
      'offsetof(SOCKADDR_HV, ServiceId)': firstDifference(HV, encodeSockaddrHv(ZERO, ONE)),
      ...constants({ HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, HVSOCKET_CONNECT_TIMEOUT_MAX }),
      ...constants(Object.fromEntries(Object.entries(WINSOCK).filter(([name]) => name !== 'VERSION'))),
      'MAKEWORD(2, 2)': WINSOCK.VERSION,
      ...constants(WSA),
    })
  })
})
