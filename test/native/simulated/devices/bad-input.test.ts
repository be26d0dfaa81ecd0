// Bad input for every resource path, generated from the table of paths: each is refused with the specified code and changes nothing.

import assert from 'node:assert/strict'
import type { LiveConfiguration } from '#dist/native/simulated/devices/live-configuration.js'
import type { DeviceHost } from '#dist/native/simulated/devices/device.js'
import { modifySystem, readRequest } from '#dist/native/simulated/devices/modify.js'
import {
  HOST_RESOURCES,
  resourcePath,
  type HostResource,
  type ResourceKind,
  type Verb,
} from '#dist/protocol/host-modifications/index.js'
import {
  GUID as GUID_SEGMENT,
  NAME,
  NUMBER,
  REST,
  SCSI_CONTROLLER,
  type Segment,
} from '#dist/protocol/host-modifications/segments.js'
import { ComputeSystemModel } from '#dist/native/simulated/state/system.js'
import type { ComputeSystem } from '#dist/index.js'
import { fieldsOf, type Field } from '#dist/protocol/schema/field-table.js'
import { minimal, SCSI } from '../../../support/documents.js'

const INVALID_JSON = 0x8037010d
const INVALID_ARGUMENT = 0x80070057
const NOT_FOUND = 0x80070490

const GUID = '5e0a8f7e-90a7-4d3c-a9b8-0c5d0f1c2b3a'
const TYPES: readonly Verb[] = ['Add', 'Remove', 'Update']

/** A request that is right, for each kind: what stands for the placeholders, and settings. */
const EXAMPLES: Readonly<Record<ResourceKind, { segments: string[]; settings?: unknown }>> = {
  memorySize: { segments: [], settings: 512 },
  cpuGroup: { segments: [], settings: { Id: '00000000-0000-0000-0000-000000000000' } },
  cpuLimits: { segments: [], settings: { Limit: 50_000, Weight: 100 } },
  frequencyCap: { segments: [], settings: 2_000 },
  idledProcessors: { segments: [], settings: { IdleProcessorCount: 1 } },
  gpu: { segments: [], settings: { AssignmentMode: 'List', AssignmentRequest: { device: 1 } } },
  scsiAttachment: { segments: [SCSI[0], '1'], settings: { Type: 'VirtualDisk', Path: 'C:\\a.vhdx' } },
  vpmemDevice: { segments: ['1'], settings: { HostPath: 'C:\\a.vhd', ImageFormat: 'Vhd1' } },
  vpmemMapping: { segments: ['0', '8192'], settings: { HostPath: 'C:\\b.vhd', ImageFormat: 'Vhd1' } },
  vsmbShare: { segments: [], settings: { Name: 'new', Path: 'C:\\a', Options: { ReadOnly: true } } },
  plan9Share: { segments: [], settings: { Name: 'new', AccessName: 'new', Path: 'C:\\a', Port: 564, Flags: 4 } },
  networkAdapter: { segments: [GUID], settings: { EndpointId: GUID, MacAddress: '00-15-5D-01-02-03' } },
  pciDevice: { segments: [GUID], settings: { Functions: [{ DeviceInstancePath: 'PCIP\\A', VirtualFunction: 0 }] } },
  mappedPipe: { segments: ['\\\\.\\pipe\\x'] },
  hvSocketService: { segments: [GUID], settings: { BindSecurityDescriptor: 'D:P', AllowWildcardBinds: true } },
  comPort: { segments: ['1'], settings: { NamedPipe: '\\\\.\\pipe\\com' } },
  flexibleIov: { segments: ['dev'], settings: { EmulatorId: GUID, HostingModel: 'External', Configuration: ['a'] } },
  sharedMemory: { segments: [], settings: { SectionName: 'new', StartOffset: 0, Length: 4096 } },
}

/** A running VM with every device class, and something in it. */
function given(): ComputeSystemModel {
  const document: ComputeSystem = minimal({
    ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 2 } },
    Devices: {
      Scsi: { [SCSI[0]]: { Attachments: { 0: { Type: 'VirtualDisk', Path: 'C:\\boot.vhdx' } } } },
      VirtualPMem: {
        MaximumCount: 4,
        MaximumSizeBytes: 1024 * 1024,
        Devices: { 0: { HostPath: 'C:\\base.vhd', ImageFormat: 'Vhd1' } },
      },
      VirtualSmb: { Shares: [{ Name: 'os', Path: 'C:\\os' }] },
      Plan9: { Shares: [{ Name: '0', AccessName: '0', Path: 'C:\\0', Port: 564 }] },
      NetworkAdapters: { primary: { MacAddress: '00-15-5D-00-00-01' } },
      ComPorts: { 0: { NamedPipe: '\\\\.\\pipe\\console' } },
      HvSocket: { HvSocketConfig: { ServiceTable: {} } },
    },
  })
  const model = new ComputeSystemModel('vm', document, () => 0)
  model.state = 'Running'
  return model
}

const HOST: DeviceHost = {
  processorCount: 2,
  hasCpuGroup: (id) => id === '00000000-0000-0000-0000-000000000000',
  endpointProblem: () => undefined,
  hasMemory: () => true,
}

function modify(text: string, model: ComputeSystemModel, strict: boolean): void {
  modifySystem(readRequest(text), model, HOST, strict)
}

/** Devices never change, they are replaced: a copy that shares nothing shows it. */
function copyOf({ live }: ComputeSystemModel): LiveConfiguration {
  return structuredClone(live)
}

interface Attempt {
  path: string
  type?: string
  /** JSON text of the settings; absent: no such key. */
  settings?: string
}

function textOf({ path, type, settings }: Attempt): string {
  const parts = [`"ResourcePath":${JSON.stringify(path)}`]
  if (type !== undefined) parts.push(`"RequestType":${JSON.stringify(type)}`)
  if (settings !== undefined) parts.push(`"Settings":${settings}`)
  return `{${parts.join(',')}}`
}

/** Refused with the code, and nothing has changed. */
function refuses(text: string, code: number, strict = false): void {
  const model = given()
  const before = [copyOf(model), JSON.stringify(model.basicProperties())]
  try {
    modify(text, model, strict)
  } catch (error) {
    const { hresult } = error as { hresult?: number }
    assert.equal(`0x${(hresult ?? 0).toString(16)}`, `0x${code.toString(16)}`, `${text}: ${String(error)}`)
    assert.deepEqual([copyOf(model), JSON.stringify(model.basicProperties())], before, text)
    return
  }
  assert.fail(`accepted: ${text}`)
}

function pathOf(rule: HostResource, segments: readonly string[]): string {
  let index = 0
  return resourcePath(rule, () => segments[index++] ?? '')
}

/** Members of a settings type, with those of the types inside it, as paths of names. */
function membersOf(type: string, depth = 0): { names: string[]; field: Field }[] {
  return (fieldsOf(type) ?? []).flatMap((field) => [
    { names: [field.name], field },
    ...(field.shape === 'one' && depth < 3
      ? membersOf(field.of, depth + 1).map((inner) => ({ ...inner, names: [field.name, ...inner.names] }))
      : []),
  ])
}

/** The example with one member set to some JSON text. */
function withMember(settings: unknown, [name = '', ...more]: string[], text: string): string {
  const { [name]: present = {}, ...others } = settings as Record<string, unknown>
  const inner = more.length === 0 ? text : withMember(present, more, text)
  const rest = JSON.stringify(others).slice(1, -1)
  return `{${rest === '' ? '' : `${rest},`}${JSON.stringify(name)}:${inner}}`
}

/** What may stand for a placeholder. */
const FORMS = new Map<Segment | undefined, string>([
  [NAME, 'name'],
  [SCSI_CONTROLLER, 'name'],
  [NUMBER, 'number'],
  [REST, 'rest'],
  [GUID_SEGMENT, 'guid'],
])

const UNSIGNED = /^uint/
const OVERSIZED = '18446744073709551616'

describe('bad input to the simulated service', () => {
  for (const [kind, rule] of Object.entries(HOST_RESOURCES) as [ResourceKind, HostResource][]) {
    const { segments, settings } = EXAMPLES[kind]
    const path = pathOf(rule, segments)
    const good = settings === undefined ? undefined : JSON.stringify(settings)
    const placeholders = [...rule.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => FORMS.get(rule.segments?.[name]))
    const needing = rule.needs.filter((type) => rule.allowed.includes(type))
    const members = rule.settings === undefined ? [] : membersOf(rule.settings)

    describe(rule.path, () => {
      it('takes the example, so that what follows is wrong in one way only', () => {
        const model = given()
        const before = copyOf(model)
        const type = rule.allowed.includes('Add') ? 'Add' : 'Update'
        modify(textOf({ path, type, ...(good === undefined ? {} : { settings: good }) }), model, true)
        if (kind !== 'cpuGroup') assert.notDeepEqual(copyOf(model), before)
      })

      it('refuses settings of a wrong type', () => {
        for (const type of needing) {
          for (const wrong of ['"text"', 'true', '[]', '[1]'])
            refuses(textOf({ path, type, settings: wrong }), INVALID_JSON)
          const other = typeof settings === 'object' ? '5' : '{}'
          refuses(textOf({ path, type, settings: other }), INVALID_JSON)
        }
        if (rule.settings === undefined) {
          for (const any of ['"text"', '{}', '0'])
            refuses(textOf({ path, type: 'Add', settings: any }), INVALID_ARGUMENT)
        }
      })

      it('refuses members of a wrong type', () => {
        for (const { names, field } of members) {
          const wrong = field.shape === 'one' && field.of === 'string' ? '5' : '"no such word"'
          if (field.of === 'any' || (field.shape === 'one' && field.of === 'guid')) continue
          refuses(textOf({ path, type: needing[0]!, settings: withMember(settings, names, wrong) }), INVALID_JSON)
        }
      })

      it('refuses missing settings, and missing members that it needs', () => {
        for (const type of needing) {
          refuses(textOf({ path, type }), INVALID_JSON)
          refuses(textOf({ path, type, settings: 'null' }), INVALID_JSON)
          for (const name of rule.required?.[type] ?? []) {
            const { [name]: _, ...rest } = settings as Record<string, unknown>
            refuses(textOf({ path, type, settings: JSON.stringify(rest) }), INVALID_JSON)
          }
        }
      })

      it('refuses paths that are nearly its own', () => {
        const type = rule.allowed[0]!
        const nearly = [
          path.replace('VirtualMachine', 'virtualMachine'),
          path.replace('VirtualMachine/', ''),
          path.replace('VirtualMachine/', 'Container/'),
          `/${path}`,
          path.split('/').slice(0, -1).join('/') + '/',
          ...(placeholders.at(-1) === 'rest' ? [] : [`${path}/`, `${path}/x`, `${path} `]),
        ]
        for (const wrong of nearly) {
          // An adapter may have any name, also one that ends in a space.
          if (placeholders.at(-1) === 'name' && wrong.endsWith(' ')) continue
          refuses(textOf({ path: wrong, type, ...(good === undefined ? {} : { settings: good }) }), INVALID_ARGUMENT)
        }
      })

      it('refuses request types that it does not take, and words that are none', () => {
        const rest = good === undefined ? {} : { settings: good }
        for (const type of TYPES.filter((one) => !rule.allowed.includes(one))) {
          refuses(textOf({ path, type, ...rest }), INVALID_ARGUMENT)
        }
        refuses(textOf({ path, type: 'PreAdd', ...rest }), INVALID_ARGUMENT)
        for (const type of ['add', 'Delete', '__proto__']) refuses(textOf({ path, type, ...rest }), INVALID_JSON)
        if (!rule.allowed.includes('Update')) refuses(textOf({ path, ...rest }), INVALID_ARGUMENT)
      })

      it('refuses negative and oversized numbers', () => {
        for (const [index, placeholder] of placeholders.entries()) {
          if (placeholder !== 'number') continue
          for (const number of ['-1', '1.5', '1e3', '4294967296', '99999999999999999999']) {
            const wrong = pathOf(rule, segments.with(index, number))
            const type = rule.allowed[0]!
            refuses(textOf({ path: wrong, type, ...(good === undefined ? {} : { settings: good }) }), INVALID_ARGUMENT)
          }
        }
        if (rule.settings !== undefined && UNSIGNED.test(rule.settings)) {
          for (const number of ['-2', '0.5', OVERSIZED]) {
            refuses(textOf({ path, type: needing[0]!, settings: number }), INVALID_JSON)
          }
        }
        for (const { names, field } of members) {
          if (field.shape !== 'one' || !UNSIGNED.test(field.of)) continue
          for (const number of ['-1', '0.5', OVERSIZED]) {
            refuses(textOf({ path, type: needing[0]!, settings: withMember(settings, names, number) }), INVALID_JSON)
          }
        }
      })

      it('takes foreign keys for what they are: names of nothing', () => {
        for (const foreign of ['__proto__', 'constructor', 'toString']) {
          for (const [index, placeholder] of placeholders.entries()) {
            const wrong = pathOf(rule, segments.with(index, foreign))
            // A device may have any name; removing or changing it is refused as it is not there.
            const mayBeNew = placeholder === 'name' && kind !== 'scsiAttachment'
            for (const type of rule.allowed.filter((one) => !mayBeNew || one !== 'Add')) {
              const needs = rule.needs.includes(type) && good !== undefined
              const code = placeholder === 'name' ? NOT_FOUND : INVALID_ARGUMENT
              refuses(textOf({ path: wrong, type, ...(needs ? { settings: good } : {}) }), code)
            }
          }
          if (typeof settings !== 'object') continue
          const type = needing[0]!
          const smuggled = `{${JSON.stringify(foreign)}:${good}}`
          refuses(textOf({ path, type, settings: smuggled }), INVALID_JSON, true)
          if (rule.required?.[type] !== undefined) refuses(textOf({ path, type, settings: smuggled }), INVALID_JSON)
        }
        assert.equal(Object.keys(Object.prototype).length, 0)
      })
    })
  }

  it('refuses what is no request at all', () => {
    for (const text of ['', 'null', '[]', '5', '"text"', '{', `${'['.repeat(200)}${']'.repeat(200)}`]) {
      refuses(text, INVALID_JSON)
    }
    for (const text of ['{}', '{"ResourcePath":""}', '{"__proto__":{"ResourcePath":"x"}}'])
      refuses(text, INVALID_ARGUMENT)
    refuses('{"ResourcePath":5}', INVALID_JSON)
    refuses('{"ResourcePath":"VirtualMachine/ComputeTopology/Memory/SizeInMB","RequestType":5}', INVALID_JSON)
    refuses('{"GuestRequest":{}}', 0x80070032)
  })

  it('ranges: each limit holds, and the number beyond it is refused', () => {
    const path = (kind: ResourceKind, ...segments: string[]): string => pathOf(HOST_RESOURCES[kind], segments)
    const cases: [Attempt, number][] = [
      [{ path: path('memorySize'), settings: '0' }, INVALID_ARGUMENT],
      [{ path: path('memorySize'), settings: '513' }, INVALID_ARGUMENT],
      [{ path: path('cpuLimits'), settings: '{"Limit":100001}' }, INVALID_ARGUMENT],
      [{ path: path('cpuLimits'), settings: '{"Weight":10001}' }, INVALID_ARGUMENT],
      [{ path: path('cpuLimits'), settings: '{"Reservation":100001}' }, INVALID_ARGUMENT],
      [{ path: path('cpuGroup'), settings: `{"Id":"${GUID}"}` }, NOT_FOUND],
      [{ path: path('cpuGroup'), settings: '{"Id":"__proto__"}' }, INVALID_JSON],
      [{ path: path('idledProcessors'), settings: '{"IdleProcessorCount":3}' }, INVALID_ARGUMENT],
      [{ path: path('gpu'), settings: '{"AssignmentMode":"Default","AssignmentRequest":{"a":1}}' }, INVALID_ARGUMENT],
      [{ path: path('scsiAttachment', SCSI[0], '64'), type: 'Remove' }, INVALID_ARGUMENT],
      [{ path: path('scsiAttachment', SCSI[1], '0'), type: 'Remove' }, NOT_FOUND],
      [{ path: path('vpmemDevice', '4'), type: 'Remove' }, INVALID_ARGUMENT],
      [{ path: path('vpmemMapping', '0', '4095'), type: 'Remove' }, INVALID_ARGUMENT],
      [{ path: path('vpmemMapping', '0', '1048576'), type: 'Remove' }, INVALID_ARGUMENT],
      [{ path: path('vpmemMapping', '2', '4096'), type: 'Remove' }, NOT_FOUND],
      [{ path: path('comPort', '2'), type: 'Remove' }, INVALID_ARGUMENT],
      [{ path: path('mappedPipe', 'x'), type: 'Add' }, INVALID_ARGUMENT],
      [{ path: path('pciDevice', GUID), type: 'Add', settings: '{"Functions":[]}' }, INVALID_JSON],
      [{ path: path('pciDevice', GUID), type: 'Add', settings: '{"Functions":[{}]}' }, INVALID_JSON],
    ]
    for (const [attempt, code] of cases) refuses(textOf(attempt), code)
  })

  it('one file is written through one attachment, and read through many', () => {
    const model = given()
    const attach = (lun: number, readOnly: boolean): void =>
      modify(
        textOf({
          path: pathOf(HOST_RESOURCES.scsiAttachment, [`{${SCSI[0].toUpperCase()}}`, String(lun)]),
          type: 'Add',
          settings: JSON.stringify({ Type: 'VirtualDisk', Path: 'C:\\shared.vhdx', ReadOnly: readOnly }),
        }),
        model,
        false,
      )
    attach(1, true)
    attach(2, true)
    assert.throws(() => attach(3, false), { hresult: 0x80070020 })
    assert.deepEqual([...model.live.scsi.get(SCSI[0])!.keys()], [0, 1, 2])
  })

  it('a ninth network adapter is refused', () => {
    const model = given()
    const add = (index: number): void =>
      modify(
        textOf({ path: pathOf(HOST_RESOURCES.networkAdapter, [`nic ${index}`]), type: 'Add', settings: '{}' }),
        model,
        false,
      )
    for (let index = 1; index < 8; index++) add(index)
    assert.throws(() => add(8), { hresult: 0x80070032 })
    assert.equal(model.live.adapters.size, 8)
  })
})
