// Addresses of the real families, byte by byte, and AF_VSOCK as far as this machine has it.

import assert from 'node:assert/strict'
import { systemClock } from '#dist/native/clock.js'
import { Acceptor } from '#dist/native/hyperv-socket/acceptor.js'
import { HYPERV, vsock } from '#dist/native/hyperv-socket/addressing.js'
import { SocketError } from '#dist/native/hyperv-socket/errors.js'
import { HyperVSocketTransport } from '#dist/native/hyperv-socket/transport.js'
import { HV_VM_ID, vsockServiceId, WCOW_BRIDGE_SERVICE } from '#dist/protocol/hvsocket.js'
import { InvalidConfigError } from '#dist/index.js'
import { rejectsWith } from '../../support/expect.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('Hyper-V socket addressing', () => {
  const address = { runtimeId: 'e3763fcb-854a-5d09-9265-4bd047c8fa88', serviceId: vsockServiceId(0x4000_0000) }

  it('gives AF_HYPERV the VM and the service, and a dial its time', () => {
    const listener = HYPERV.listener(address)
    assert.deepEqual([listener.family, listener.protocol, listener.options], [34, 1, []])
    assert.equal(hex(listener.address), '22000000cb3f76e34a85095d92654bd047c8fa8800000040cbfae611bd5864006a7986d3')
    const dialer = HYPERV.dialer(address, 1_500.2)
    assert.equal(hex(dialer.address), hex(listener.address))
    assert.deepEqual(dialer.options, [{ level: 1, name: 1, value: Uint8Array.of(0xdd, 0x05, 0, 0) }])
  })

  it('gives AF_VSOCK the CID and the port, and a dial its time', () => {
    const guest = vsock()
    const listener = guest.listener({ ...address, runtimeId: HV_VM_ID.wildcard })
    assert.deepEqual([listener.family, listener.protocol], [40, 0])
    assert.equal(hex(listener.address), '2800000000000040ffffffff00000000')
    const dialer = guest.dialer({ ...address, runtimeId: HV_VM_ID.parent }, 2_500)
    assert.equal(hex(dialer.address), '28000000000000400200000000000000')
    assert.deepEqual(
      dialer.options.map(({ level, name, value }) => [level, name, hex(value)]),
      [[40, 6, '020000000000000020a1070000000000']],
    )
    const host = vsock(new Map([[address.runtimeId, 77]]))
    assert.equal(hex(host.dialer(address, 1).address), '28000000000000404d00000000000000')
  })

  it('refuses what AF_VSOCK cannot address', () => {
    assert.throws(() => vsock().listener(address), InvalidConfigError)
    const service = { runtimeId: HV_VM_ID.parent, serviceId: WCOW_BRIDGE_SERVICE }
    assert.throws(() => vsock().dialer(service, 1), /serviceId: AF_VSOCK has ports only/)
  })

  it('listens on AF_VSOCK, or says that this machine has none', async function () {
    if (process.platform !== 'linux') this.skip()
    const acceptor = await Acceptor.open('libc')
    const transport = await HyperVSocketTransport.open(acceptor.link(), vsock(), systemClock)
    try {
      const anywhere = { runtimeId: HV_VM_ID.wildcard, serviceId: vsockServiceId(40_000 + (process.pid % 20_000)) }
      const listener = await transport.listen(anywhere).catch((error: unknown) => error)
      if (listener instanceof SocketError) {
        assert.match(listener.code, /^(EAFNOSUPPORT|EPERM|EACCES)$/)
        return
      }
      assert.equal((await rejectsWith(transport.listen(anywhere), SocketError)).code, 'EADDRINUSE')
    } finally {
      await transport.close()
      await acceptor.close()
    }
  })
})
