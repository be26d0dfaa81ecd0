// The service as a whole: what it says of itself, and the CPU groups.

import { HRESULT } from '../../protocol/hresult.js'
import { isGuid, NULL_GUID } from '../../protocol/guid.js'
import { isRecord, member } from '../../protocol/json.js'
import { parseDocument, SCHEMA_VERSION } from './create-document.js'
import { HcsFailure, invalidDocument } from './failure.js'

interface CpuGroupModel {
  processors: number[]
  properties: Map<number, number>
}

export class ServiceSettings {
  readonly #processors: number
  readonly #groups = new Map<string, CpuGroupModel>()

  constructor(processors: number) {
    this.#processors = processors
  }

  /** Whether a VM may be put into the group; the null group always exists. */
  hasGroup(id: string): boolean {
    return id === NULL_GUID || this.#groups.has(id.toLowerCase())
  }

  /** Answers {PropertyTypes} and {PropertyQueries}: other names than the system query's. @throws {HcsFailure} */
  properties(query: string): string {
    if (query === '') return JSON.stringify({ Properties: [] })
    const asked = parseDocument(query)
    const types = member(asked, 'PropertyTypes') ?? []
    const queries = member(asked, 'PropertyQueries') ?? {}
    if (!Array.isArray(types)) throw invalidDocument('$.PropertyTypes', 'expected an array')
    if (!isRecord(queries)) throw invalidDocument('$.PropertyQueries', 'expected an object')
    const names = Object.keys(queries)
    return JSON.stringify({
      Properties: types.map((type: unknown) => this.#property(type)),
      ...(names.length === 0
        ? {}
        : { PropertyResponses: Object.fromEntries(names.map((name) => [name, this.#respond(name)])) }),
    })
  }

  #property(type: unknown): unknown {
    switch (type) {
      case 'Basic':
        return { SupportedSchemaVersions: [SCHEMA_VERSION] }
      case 'ProcessorTopology':
        return this.#topology()
      case 'CpuGroup':
        return { CpuGroups: this.#groupList() }
      default:
        throw invalidDocument('$.PropertyTypes', `${String(type)} is no property type`)
    }
  }

  #respond(name: string): unknown {
    if (name === 'ProcessorCapabilities')
      return { Response: { ProcessorFeatures: [], LogicalProcessorCount: this.#processors } }
    return { Error: { Error: HRESULT.E_INVALIDARG | 0, ErrorMessage: `${name} is no query` } }
  }

  #topology(): unknown {
    return {
      LogicalProcessorCount: this.#processors,
      LogicalProcessors: Array.from({ length: this.#processors }, (_, index) => ({
        LpIndex: index,
        NodeNumber: 0,
        PackageId: 0,
        CoreId: index,
        RootVpIndex: index,
      })),
    }
  }

  #groupList(): unknown[] {
    return [...this.#groups].map(([id, group], index) => ({
      GroupId: id,
      Affinity: { LogicalProcessorCount: group.processors.length, LogicalProcessors: group.processors },
      GroupProperties: [...group.properties].map(([code, value]) => ({ PropertyCode: code, PropertyValue: value })),
      HypervisorGroupId: index + 1,
    }))
  }

  /** Carries out a CPU group operation. `isUsed` tells whether a VM is in a group. @throws {HcsFailure} */
  modify(settings: string, isUsed: (groupId: string) => boolean): string {
    const request = parseDocument(settings)
    if (member(request, 'PropertyType') !== 'CpuGroup') throw new HcsFailure(HRESULT.E_INVALIDARG)
    const body = member(request, 'Settings')
    const details = member(body, 'OperationDetails')
    const groupId = member(details, 'GroupId')
    if (!isGuid(groupId) || groupId === NULL_GUID) {
      throw invalidDocument('$.Settings.OperationDetails.GroupId', 'expected a GUID')
    }
    const id = groupId.toLowerCase()
    switch (member(body, 'Operation')) {
      case 'CreateGroup':
        this.#create(id, member(details, 'LogicalProcessors'))
        return ''
      case 'DeleteGroup':
        if (!this.#groups.has(id)) throw new HcsFailure(HRESULT.ERROR_NOT_FOUND)
        if (isUsed(id)) throw new HcsFailure(HRESULT.HCS_E_INVALID_STATE)
        this.#groups.delete(id)
        return ''
      case 'SetProperty':
        this.#setProperty(id, member(details, 'PropertyCode'), member(details, 'PropertyValue'))
        return ''
      default:
        throw invalidDocument('$.Settings.Operation', 'unknown operation')
    }
  }

  #create(id: string, processors: unknown): void {
    if (this.#groups.has(id)) throw new HcsFailure(HRESULT.ERROR_ALREADY_EXISTS)
    const fits = (index: unknown): boolean =>
      Number.isInteger(index) && Number(index) >= 0 && Number(index) < this.#processors
    if (!Array.isArray(processors) || processors.length === 0 || !processors.every(fits)) {
      throw new HcsFailure(HRESULT.E_INVALIDARG)
    }
    this.#groups.set(id, { processors: processors as number[], properties: new Map() })
  }

  #setProperty(id: string, code: unknown, value: unknown): void {
    const group = this.#groups.get(id)
    if (group === undefined) throw new HcsFailure(HRESULT.ERROR_NOT_FOUND)
    if (typeof code !== 'number' || typeof value !== 'number') throw new HcsFailure(HRESULT.E_INVALIDARG)
    group.properties.set(code, value)
  }
}
