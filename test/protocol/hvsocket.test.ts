import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { guidFromNetworkBytes, guidToNetworkBytes } from '#dist/protocol/guid.js'
import {
  decodeSockaddrHv,
  encodeSockaddrHv,
  LCOW_BRIDGE_PORT,
  LCOW_ENTROPY_PORT,
  LCOW_LOG_PORT,
  vsockPort,
  vsockServiceId,
  WCOW_BRIDGE_SERVICE,
} from '#dist/protocol/hvsocket.js'
import { findResource, HOST_RESOURCES, resourcePath } from '#dist/protocol/host-modifications/index.js'
import { SCSI_CONTROLLER } from '#dist/protocol/host-modifications/segments.js'
import { SCSI_CONTROLLER_GUIDS } from '#dist/protocol/scsi.js'

const port = fc.integer({ min: 0, max: 0xffff_ffff })
const guid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(guidFromNetworkBytes)

describe('HvSocket addresses', () => {
  it('HCS-089 runtime id and vsock port are the 36 bytes of SOCKADDR_HV, and come back', () => {
    const runtimeId = 'e3763fcb-854a-5d09-9265-4bd047c8fa88'
    const serviceId = vsockServiceId(0x4000_0000)
    const bytes = encodeSockaddrHv(runtimeId, serviceId)
    assert.equal(
      Buffer.from(bytes).toString('hex'),
      '22000000cb3f76e34a85095d92654bd047c8fa8800000040cbfae611bd5864006a7986d3',
    )
    assert.deepEqual(decodeSockaddrHv(bytes), { vmId: runtimeId, serviceId })
    assert.equal(vsockPort(decodeSockaddrHv(bytes).serviceId), 0x4000_0000)
  })

  it('every pair of GUIDs comes back', () => {
    fc.assert(
      fc.property(guid, guid, (vmId, serviceId) => {
        assert.deepEqual(decodeSockaddrHv(encodeSockaddrHv(vmId, serviceId)), { vmId, serviceId })
      }),
    )
  })

  it('refuses what is no SOCKADDR_HV', () => {
    const good = encodeSockaddrHv(WCOW_BRIDGE_SERVICE, WCOW_BRIDGE_SERVICE)
    assert.throws(() => decodeSockaddrHv(good.subarray(1)), RangeError)
    assert.throws(() => decodeSockaddrHv(Uint8Array.from(good, (byte, at) => (at === 0 ? 2 : byte))), RangeError)
    assert.throws(() => decodeSockaddrHv(Uint8Array.from(good, (byte, at) => (at === 1 ? 1 : byte))), RangeError)
    assert.throws(() => encodeSockaddrHv('x', WCOW_BRIDGE_SERVICE), RangeError)
  })

  it('a vsock port is the first field of its service id', () => {
    assert.equal(vsockServiceId(LCOW_ENTROPY_PORT), '00000001-facb-11e6-bd58-64006a7986d3')
    assert.equal(vsockServiceId(LCOW_LOG_PORT), '0000006d-facb-11e6-bd58-64006a7986d3')
    assert.equal(vsockServiceId(LCOW_BRIDGE_PORT), '40000000-facb-11e6-bd58-64006a7986d3')
    fc.assert(fc.property(port, (value) => vsockPort(vsockServiceId(value).toUpperCase()) === value))
  })

  it('other service ids stand for no port, and other numbers are none', () => {
    for (const id of [
      WCOW_BRIDGE_SERVICE,
      '',
      'zzzzzzzz-facb-11e6-bd58-64006a7986d3',
      '12zzzzzz-facb-11e6-bd58-64006a7986d3',
    ])
      assert.equal(vsockPort(id), undefined, id)
    for (const value of [-1, 0x1_0000_0000, 1.5, NaN, Infinity]) assert.throws(() => vsockServiceId(value), RangeError)
  })
})

describe('SCSI controllers', () => {
  it('have the GUIDs that follow from their numbers', () => {
    const namespace = guidToNetworkBytes('d422512d-2bf2-4752-809d-7b82b5fcb1b4')
    const expected = ['0', '1', '2', '3'].map((digit) => {
      const hash = createHash('sha1').update(namespace).update(digit).digest().subarray(0, 16)
      hash[6] = (hash[6]! & 0x0f) | 0x50
      hash[8] = (hash[8]! & 0x3f) | 0x80
      return guidFromNetworkBytes(hash)
    })
    assert.deepEqual([...SCSI_CONTROLLER_GUIDS], expected)
  })

  it('a disk’s path names them, and is understood again', () => {
    for (const [controller, id] of SCSI_CONTROLLER_GUIDS.entries()) {
      const segments: Record<string, string | undefined> = { controller: SCSI_CONTROLLER.text?.(controller), lun: '63' }
      const path = resourcePath(HOST_RESOURCES.scsiAttachment, (name) => segments[name] ?? '')
      assert.equal(path, `VirtualMachine/Devices/Scsi/${id}/Attachments/63`)
      assert.deepEqual(findResource(path), { kind: 'scsiAttachment', segments: [id, '63'] })
    }
    for (const controller of [-1, 4, 1.5]) assert.equal(SCSI_CONTROLLER.problem(controller), 'expected 0, 1, 2 or 3')
  })
})
