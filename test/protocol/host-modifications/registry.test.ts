// What is stated is also there: in the registry, at the VM, in the schema, and among the exports.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { UtilityVM, type schema } from '#dist/index.js'
import {
  findResource,
  HOST_METHODS,
  HOST_RESOURCES,
  resourcePath,
  type HostMethod,
  type HostMethodRule,
  type HostResource,
} from '#dist/protocol/host-modifications/index.js'
import registry from '#dist/protocol/host-modifications/registry.js'
import { fieldsOf } from '#dist/protocol/schema/field-table.js'

const FOLDER = new URL('../../../../dist/protocol/host-modifications/', import.meta.url)
const MACHINERY = ['index', 'registry', 'segments', 'statement']
const stating = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -'.js'.length))
  .filter((name) => !MACHINERY.includes(name))

const methods = Object.entries(HOST_METHODS) as [HostMethod, HostMethodRule][]
const SETTINGS = ['settings', 'settings?']

/** Sound examples of what may stand in a path. */
const EXAMPLES: readonly unknown[] = [0, '5e0a8f7e-90a7-4d3c-a9b8-0c5d0f1c2b3a']

// @ts-expect-error Pfad is no member of a share: what the settings must have is tied to their type.
const misspelt: Pick<HostResource<schema.Plan9Share>, 'required'> = { required: { Add: ['AccessName', 'Pfad'] } }

describe('statements of host modifications', () => {
  it('name no member that the settings do not have: the compiler sees it', () => {
    assert.deepEqual(misspelt.required?.Add, ['AccessName', 'Pfad'])
    for (const { settings, required = {} } of Object.values(HOST_RESOURCES)) {
      const names = settings === undefined ? [] : fieldsOf(settings)?.map(({ name }) => name)
      for (const member of Object.values(required).flat()) assert(names?.includes(member), `${settings}.${member}`)
    }
  })

  it('each file’s is in the registry', async () => {
    const registered = new Set<unknown>(Object.values(registry))
    for (const name of stating) {
      const module = (await import(new URL(`${name}.js`, FOLDER).href)) as Record<string, unknown>
      const statements = Object.entries(module).filter(([, value]) => typeof value === 'object')
      assert.notEqual(statements.length, 0, `${name} states nothing`)
      for (const [key, statement] of statements) assert(registered.has(statement), `${name}: ${key} is not registered`)
    }
  })

  it('each manager interface is among the exports', () => {
    const text = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8')
    const exported = text('registry.d.ts')
    for (const name of stating) {
      for (const [, manager] of text(`${name}.d.ts`).matchAll(/export interface (\w+Manager)\b/g)) {
        assert.match(exported, new RegExp(`export type \\{[^}]*\\b${manager}\\b`), `${manager} is not exported`)
      }
    }
    const passesOn = "export type * from '../../../protocol/host-modifications/registry.js'"
    assert(text('../../actors/vm/managers/index.d.ts').includes(passesOn))
    assert(text('../../index.d.ts').includes("export type * from './actors/vm/managers/index.js'"))
  })

  it('no two have a method or a kind of resource in common', () => {
    const all = Object.values<{ resources: object; methods: object }>(registry)
    assert.equal(all.flatMap((one) => Object.keys(one.resources)).length, Object.keys(HOST_RESOURCES).length)
    assert.equal(all.flatMap((one) => Object.keys(one.methods)).length, methods.length)
  })

  for (const [name, { of, verb, takes }] of methods) {
    it(`${name} is a method of the VM, and agrees with its resource`, () => {
      assert.equal(typeof UtilityVM.prototype[name], 'function')
      assert.equal(UtilityVM.prototype[name].name, name)
      const resource = HOST_RESOURCES[of as keyof typeof HOST_RESOURCES]
      assert(resource.allowed.includes(verb ?? 'Update'), `${of} does not take ${verb ?? 'Update'}`)
      const segments = takes.filter((one) => !SETTINGS.includes(one))
      assert.deepEqual(segments.toSorted(), Object.keys(resource.segments ?? {}).toSorted())
      if (resource.needs.includes(verb ?? 'Update')) assert(takes.includes('settings'), 'it needs settings')
      if (resource.settings === undefined) assert.equal(takes.length, segments.length, 'it has no settings')
    })
  }

  for (const [kind, resource] of Object.entries(HOST_RESOURCES)) {
    it(`${kind} has a path that is understood again, and settings that the schema knows`, () => {
      const used: string[] = []
      const path = resourcePath(resource, (name) => {
        used.push(name)
        const segment = resource.segments?.[name]
        const example = EXAMPLES.find((value) => segment?.problem(value) === undefined)
        return segment?.text?.(example) ?? String(example)
      })
      assert.deepEqual(used.toSorted(), Object.keys(resource.segments ?? {}).toSorted())
      assert.equal(findResource(path)?.kind, kind)
      const { settings, needs, required, allowed } = resource
      if (settings === undefined) assert.deepEqual(needs, [])
      else if (!/^uint\d+$/.test(settings)) assert.notEqual(fieldsOf(settings), undefined, `no type ${settings}`)
      for (const type of needs) assert(allowed.includes(type))
      for (const member of Object.values(required ?? {}).flat()) {
        assert(
          fieldsOf(settings ?? '')?.some((field) => field.name === member),
          `${settings} has no ${member}`,
        )
      }
    })
  }
})
