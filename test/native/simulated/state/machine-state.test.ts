// Devices are saved as they stand: numbers stay numbers, large integers keep their value, and what is no state of ours is refused.

import assert from 'node:assert/strict'
import { liveConfigurationOf, moved, movable } from '#dist/native/simulated/devices/live-configuration.js'
import { packState, unpackState } from '#dist/native/simulated/state/codec.js'
import { SavedStates } from '#dist/native/simulated/state/saved-states.js'
import { linux } from '../../../support/documents.js'

const vm = linux().VirtualMachine ?? {}
const GROUP = '5e0a8f7e-90a7-4d3c-a9b8-0c5d0f1c2b3a'

describe('devices of a VM that is saved', () => {
  it('come back as they were, whatever is in their settings', () => {
    const settings = {
      EndpointId: 'e',
      Large: 2 ** 60,
      Huge: 1e21,
      Exact: 18_446_744_073_709_551_615n,
      Beyond: 10n ** 40n,
      Negative: -(10n ** 30n),
      Nested: [{ Zero: 0, None: null }],
    }
    const live = { ...liveConfigurationOf(vm), adapters: new Map([['__proto__', settings]]) }
    const saved = new SavedStates()
    saved.save('C:\\state', { live, guest: undefined })
    assert.deepEqual(saved.load('C:\\state', liveConfigurationOf(vm)).live, live)
  })

  it('leave the CPU group to the host they come to', () => {
    const state = unpackState(packState(movable({ ...liveConfigurationOf(vm), cpuGroup: 'left behind' })))
    assert.equal(moved(state, { ...liveConfigurationOf(vm), cpuGroup: GROUP })?.cpuGroup, GROUP)
  })

  it('are not taken from a state that lacks one of them, or has more', () => {
    const here = liveConfigurationOf(vm)
    const whole = movable(here)
    assert.notEqual(moved(whole, here), undefined)
    for (const name of Object.keys(whole)) {
      const { [name]: _, ...rest } = whole
      assert.equal(moved(rest, here), undefined, name)
      assert.equal(moved({ ...rest, other: 1 }, here), undefined, name)
    }
    for (const other of [{ ...whole, cpuGroup: GROUP }, undefined, null, [], 'text', new Map()]) {
      assert.equal(moved(other, here), undefined)
    }
  })
})
