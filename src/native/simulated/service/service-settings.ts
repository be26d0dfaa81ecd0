// The service as a whole: what it says of itself, and the CPU groups.

import { checkDocument, serialiseDocument } from '../../../protocol/document.js'
import { NULL_GUID, parseGuid } from '../../../protocol/guid.js'
import { HRESULT, hresultMessage, signed } from '../../../protocol/hresult.js'
import { isRecord, member, setMember } from '../../../protocol/json.js'
import { CPUGroupPropertyCode, type CreateGroupOperation } from '../../../protocol/schema/index.js'
import { SCHEMA_VERSION } from '../state/create-document.js'
import { parseDocument } from '../state/documents.js'
import { invalidDocument, refusal } from '../failure.js'

interface CpuGroupModel {
  /** What the hypervisor calls it. */
  number: number
  processors: number[]
  properties: Map<number, number | bigint>
}

const OPERATIONS = {
  CreateGroup: 'CreateGroupOperation',
  DeleteGroup: 'DeleteGroupOperation',
  SetProperty: 'SetPropertyOperation',
} as const
const DETAILS = '$.Settings.OperationDetails'

export class ServiceSettings {
  readonly #processors: number
  /** By lower-case GUID. */
  readonly #groups = new Map<string, CpuGroupModel>()
  #nextGroup = 1

  constructor(processors: number) {
    this.#processors = processors
  }

  /** Whether a VM may be put into the group; the null group always exists. */
  hasGroup(id: string): boolean {
    return id === NULL_GUID || this.#groups.has(id)
  }

  // ----------------------------------------------------------------------------------------------------------- properties

  /** Answers {PropertyTypes} and {PropertyQueries}: other names than the system query's. @throws {HcsFailure} */
  properties(query: string): string {
    const asked = query === '' ? {} : parseDocument(query)
    const types = member(asked, 'PropertyTypes') ?? []
    const queries = member(asked, 'PropertyQueries') ?? {}
    if (!Array.isArray(types)) throw invalidDocument('$.PropertyTypes', 'expected an array')
    if (!isRecord(queries)) throw invalidDocument('$.PropertyQueries', 'expected an object')
    const responses = {}
    for (const name of Object.keys(queries)) setMember(responses, name, this.#respond(name))
    return serialiseDocument('ServiceProperties', {
      Properties: types.map((type: unknown, index) => this.#property(type, `$.PropertyTypes[${index}]`)),
      ...(Object.keys(queries).length === 0 ? {} : { PropertyResponses: responses }),
    })
  }

  #property(type: unknown, path: string): unknown {
    switch (type) {
      case 'Basic':
        return { SupportedSchemaVersions: [SCHEMA_VERSION] }
      case 'ProcessorTopology':
        return this.#topology()
      case 'CpuGroup':
        return { CpuGroups: this.#groupList() }
      case 'QoSCapabilities':
        return { ProcessorQoSSupported: true }
      case 'ContainerCredentialGuard':
        return { Instances: [] }
      case 'Memory':
        return {}
      default:
        throw invalidDocument(path, `${String(type)} is no property type of the service`)
    }
  }

  #respond(name: string): unknown {
    if (name === 'ProcessorCapabilities') {
      return { Response: { ProcessorFeatures: [], LogicalProcessorCount: this.#processors } }
    }
    const code = HRESULT.E_INVALIDARG
    return { Error: { Error: signed(code), ErrorMessage: `${name} is no query: ${hresultMessage(code) ?? ''}` } }
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
    return [...this.#groups].map(([id, { number, processors, properties }]) => ({
      GroupId: id,
      Affinity: { LogicalProcessorCount: processors.length, LogicalProcessors: processors },
      GroupProperties: [...properties].map(([code, value]) => ({ PropertyCode: code, PropertyValue: value })),
      HypervisorGroupId: number,
    }))
  }

  // ----------------------------------------------------------------------------------------------------------- CPU groups

  /** Carries out a CPU group operation. `isUsed` tells whether a VM is in a group. @throws {HcsFailure} nothing has changed then */
  modify(settings: string, isUsed: (groupId: string) => boolean): string {
    const request = parseDocument(settings)
    const [problem] = checkDocument('ModificationRequest', request, { strict: false })
    if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
    const type = member(request, 'PropertyType')
    if (type == null) throw invalidDocument('$.PropertyType', 'required here')
    if (type !== 'CpuGroup') throw refusal(HRESULT.E_INVALIDARG, `${String(type)} cannot be modified`)
    const body = member(request, 'Settings')
    if (!isRecord(body)) throw invalidDocument('$.Settings', 'expected an object')
    const operation = member(body, 'Operation')
    if (typeof operation !== 'string' || !Object.hasOwn(OPERATIONS, operation)) {
      throw invalidDocument('$.Settings.Operation', `expected one of ${Object.keys(OPERATIONS).join(', ')}`)
    }
    const details = member(body, 'OperationDetails')
    if (!isRecord(details)) throw invalidDocument(DETAILS, 'expected an object')
    const name = operation as keyof typeof OPERATIONS
    const [wrong] = checkDocument(OPERATIONS[name], details, { strict: false })
    if (wrong !== undefined) throw invalidDocument(wrong.path.replace('$', DETAILS), wrong.problem)
    const id = parseGuid(String(member(details, 'GroupId')))
    if (id === undefined || id === NULL_GUID)
      throw invalidDocument(`${DETAILS}.GroupId`, 'expected the GUID of a group')
    switch (name) {
      case 'CreateGroup':
        this.#create(id, details)
        break
      case 'DeleteGroup':
        this.#delete(id, isUsed)
        break
      case 'SetProperty':
        this.#setProperty(id, details)
    }
    return ''
  }

  #create(id: string, { LogicalProcessors: processors, LogicalProcessorCount: count }: CreateGroupOperation): void {
    if (this.#groups.has(id)) throw refusal(HRESULT.ERROR_ALREADY_EXISTS, `the CPU group ${id} exists`)
    const list = processors ?? []
    if (list.length === 0 || new Set(list).size < list.length || (count ?? list.length) !== list.length) {
      throw refusal(HRESULT.E_INVALIDARG, 'a CPU group names each of its processors once, and at least one')
    }
    if (list.some((index) => index >= this.#processors)) {
      throw refusal(HRESULT.E_INVALIDARG, `the host has the processors 0..${this.#processors - 1}`)
    }
    this.#groups.set(id, { number: this.#nextGroup++, processors: [...list], properties: new Map() })
  }

  #delete(id: string, isUsed: (groupId: string) => boolean): void {
    if (!this.#groups.has(id)) throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no CPU group ${id}`)
    if (isUsed(id)) throw refusal(HRESULT.HCS_E_INVALID_STATE, `a VM is in the CPU group ${id}`)
    this.#groups.delete(id)
  }

  #setProperty(id: string, details: Record<string, unknown>): void {
    const group = this.#groups.get(id)
    if (group === undefined) throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no CPU group ${id}`)
    const { PropertyCode: code, PropertyValue: value } = details as { PropertyCode?: number; PropertyValue?: number }
    if (code === undefined || !Object.values<number>(CPUGroupPropertyCode).includes(code)) {
      throw refusal(HRESULT.E_INVALIDARG, 'no such property of a CPU group')
    }
    group.properties.set(code, value ?? 0)
  }
}
