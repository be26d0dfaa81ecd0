// Every device is named once, and every resource is changed by one of them.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import * as DEVICES from '#dist/native/simulated/devices/all.js'
import { ALL_DEVICES } from '#dist/native/simulated/devices/live-configuration.js'
import { HOST_RESOURCES } from '#dist/protocol/host-modifications/index.js'

const FOLDER = new URL('../../../../../dist/native/simulated/devices/', import.meta.url)

describe('devices of the simulated service', () => {
  it('each file’s are among all', async () => {
    const named = new Set<unknown>(Object.values(DEVICES))
    for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.js'))) {
      const module = (await import(new URL(file, FOLDER).href)) as Record<string, unknown>
      for (const [name, value] of Object.entries(module)) {
        const isDevice = typeof value === 'object' && value !== null && 'fromDocument' in value
        assert(!isDevice || named.has(value), `${file}: ${name} is not named`)
      }
    }
  })

  it('each resource is changed by one', () => {
    const changed = ALL_DEVICES.flatMap(([, { changes }]) => Object.keys(changes))
    assert.deepEqual(changed.toSorted(), Object.keys(HOST_RESOURCES).toSorted())
  })
})
