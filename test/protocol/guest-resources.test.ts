// The statements of the guest resources: none is forgotten, each says something that exists, and Guest has the methods of all.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  Guest,
  schema,
  type CIMsManager,
  type GuestHvSocketManager,
  type LCOWDeviceManager,
  type LCOWDirectoryManager,
  type LCOWLayersManager,
  type LCOWMemoryManager,
  type LCOWNetworkManager,
  type LCOWScsiManager,
  type SecurityPolicyManager,
  type WCOWDirectoryManager,
  type WCOWLayersManager,
  type WCOWNetworkManager,
  type WCOWScsiManager,
} from '#dist/index.js'
import * as all from '#dist/protocol/guest-resources/all.js'
import {
  GUEST_METHOD_NAMES,
  GUEST_RESOURCES,
  guestMethod,
  type ResourceManagers,
} from '#dist/protocol/guest-resources/methods.js'
import { fieldsOf } from '#dist/protocol/schema/field-table.js'

/** The names that are fixed. */
type Fixed = LCOWNetworkManager &
  WCOWNetworkManager &
  LCOWDirectoryManager &
  WCOWDirectoryManager &
  LCOWScsiManager &
  WCOWScsiManager &
  LCOWLayersManager &
  WCOWLayersManager &
  CIMsManager &
  LCOWDeviceManager &
  SecurityPolicyManager &
  GuestHvSocketManager &
  LCOWMemoryManager

/** Compiles only while Guest implements what is fixed, and all that is stated. */
const implementsAll = (guest: Guest): Fixed & ResourceManagers => guest

describe('statements of guest resources', () => {
  const folder = new URL('.', import.meta.resolve('#dist/protocol/guest-resources/all.js'))
  const files = readdirSync(fileURLToPath(folder)).filter(
    (name) => name.endsWith('.js') && !['all.js', 'methods.js', 'resource.js'].includes(name),
  )

  it('are all registered: every file of the folder is in all.ts', async () => {
    assert(files.length > 0)
    for (const name of files) {
      const exported = (await import(new URL(name, folder).href)) as Record<string, unknown>
      assert(Object.keys(exported).length > 0, `${name} states nothing`)
      for (const [key, value] of Object.entries(exported)) {
        assert.equal((all as Record<string, unknown>)[key], value, `${key} of ${name} is not in all.ts`)
      }
    }
  })

  it('name a resource type and settings of the schema, and each method once', () => {
    const methods: string[] = []
    for (const [name, resource] of Object.entries(GUEST_RESOURCES)) {
      assert(
        schema.ResourceType.some((type) => type === resource.type),
        `${name}: ${resource.type} is no ResourceType`,
      )
      if (resource.settings !== undefined) assert(fieldsOf(resource.settings), `${name}: ${resource.settings}`)
      if (resource.input !== undefined) assert(fieldsOf(resource.input.document[1]), `${name}: its document`)
      methods.push(...Object.keys(resource.methods))
    }
    assert.deepEqual(methods, GUEST_METHOD_NAMES)
    assert.equal(new Set(methods).size, methods.length)
  })

  it('no guest system has two resources of one type', () => {
    for (const os of ['linux', 'windows'] as const) {
      const types = Object.values(GUEST_RESOURCES)
        .filter(({ guests }) => guests.includes(os))
        .map(({ type }) => type)
      assert.equal(new Set(types).size, types.length, os)
    }
  })

  it('give Guest one method each, under its own name', () => {
    assert.equal(typeof implementsAll, 'function')
    for (const name of GUEST_METHOD_NAMES) {
      const found: unknown = Guest.prototype[name]
      assert(typeof found === 'function', name)
      assert.equal(found.name, name)
      assert(guestMethod(name).count <= 3)
    }
  })
})
