// What a guest dials, read from its create document.

import assert from 'node:assert/strict'
import type { ComputeSystem } from '#dist/index.js'
import { dialsOfExisting, guestDials } from '#dist/protocol/guest-dials.js'
import { linux, minimal, windows } from '../support/documents.js'

const SIDECAR = 'ae8da506-a019-4553-a52b-902bc0fa0411'
const BRIDGE = 'acef5661-84a1-4e44-856b-6245e69f4620'

function uefi(commandLine: string | undefined): ComputeSystem {
  const BootThis = {
    DeviceType: 'VmbFs',
    DevicePath: '\\kernel',
    ...(commandLine === undefined ? {} : { OptionalData: commandLine }),
  }
  return minimal({ Chipset: { Uefi: { BootThis } }, Devices: { Plan9: {} } } as never)
}

function table(...services: string[]): ComputeSystem {
  const ServiceTable = Object.fromEntries(services.map((service) => [service, {}]))
  return minimal({ Devices: { HvSocket: { HvSocketConfig: { ServiceTable } } } })
}

function isolated(type: string, document = minimal()): ComputeSystem {
  const vm = document.VirtualMachine!
  return {
    ...document,
    VirtualMachine: { ...vm, SecuritySettings: { Isolation: { IsolationType: type } } },
  } as ComputeSystem
}

describe('what a guest dials', () => {
  it('a Linux VM that boots through UEFI gets its entropy and its log listener, too', () => {
    const words = 'initrd=\\initrd.img quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4'
    assert.deepEqual(guestDials(uefi(words), 'linux'), { entropy: true, log: true })
    assert.deepEqual(guestDials(linux(words), 'linux'), { entropy: true, log: true })
    assert.deepEqual(guestDials(uefi('quiet'), 'linux'), { entropy: false, log: false })
    // A port before init's own arguments is not meant for it.
    assert.deepEqual(guestDials(uefi('-e 1 quiet -- /bin/sh'), 'linux'), { entropy: false, log: false })
  })

  it('a service table may ask for entropy as for the log', () => {
    assert.equal(guestDials(table('00000001-FACB-11E6-BD58-64006A7986D3'), 'windows').entropy, true)
    assert.equal(guestDials(table('0000006d-facb-11e6-bd58-64006a7986d3'), 'windows').log, true)
    assert.deepEqual(guestDials(table('{0000006E-facb-11e6-bd58-64006a7986d3}'), 'windows'), {
      entropy: false,
      log: false,
    })
    assert.deepEqual(guestDials(windows(), 'windows'), { entropy: false, log: true })
  })

  it('a Linux guest whose command line nobody knows may ask for entropy', () => {
    assert.equal(guestDials(uefi(undefined), 'linux').entropy, true)
    assert.equal(guestDials(uefi(undefined), 'windows').entropy, false)
    assert.deepEqual(dialsOfExisting('linux'), { entropy: true, log: false })
    assert.deepEqual(dialsOfExisting('windows'), { entropy: false, log: false })
  })

  it('a confidential Windows guest dials through its sidecar', () => {
    for (const type of ['SecureNestedPaging', 'VirtualizationBasedSecurity', 'TrustDomain']) {
      assert.equal(guestDials(isolated(type), 'windows').service, SIDECAR, type)
      assert.equal(guestDials(isolated(type), 'linux').service, undefined, type)
    }
    for (const type of ['Disabled', 'GuestStateOnly', '']) {
      assert.equal(guestDials(isolated(type), 'windows').service, undefined, type)
    }
    assert.equal(guestDials(table(SIDECAR.toUpperCase()), 'windows').service, SIDECAR)
    assert.equal(guestDials(isolated('SecureNestedPaging', table(BRIDGE)), 'windows').service, undefined)
  })

  it('survives documents that are none', () => {
    for (const odd of [null, 5, 'x', [], { VirtualMachine: 5 }, { VirtualMachine: { Chipset: { Uefi: [] } } }]) {
      assert.deepEqual(guestDials(odd, 'windows'), { entropy: false, log: false })
    }
  })
})
