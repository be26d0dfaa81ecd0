// Network namespaces and adapters of a Windows guest.

import { InvalidConfigError } from '../../errors.js'
import type { CallOptions } from '../call-options.js'
import type { HostComputeEndpoint, HostComputeNamespace, RequestType } from '../schema/index.js'
import type { GuestResource, ResourceInput } from './resource.js'

export interface WCOWNetworkManager {
  addNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void>
  removeNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void>
  /** Two steps: PreAdd with the endpoint before the host's add, Add without settings after it. */
  addNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void>
  removeNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void>
}

type Namespaces = 'addNetworkNamespace' | 'removeNetworkNamespace'

export const networkNamespace: GuestResource<'windows', Pick<WCOWNetworkManager, Namespaces>> = {
  guests: ['windows'],
  type: 'NetworkNamespace',
  settings: 'HostComputeNamespace',
  needs: 'NamespaceAddRequestSupported',
  methods: { addNetworkNamespace: 'Add', removeNetworkNamespace: 'Remove' },
}

const STEPS: ReadonlySet<unknown> = new Set(['PreAdd', 'Add', 'Remove', 'Update'])

/** The endpoint is a document of its own type inside an untyped member. */
const adapterInput: ResourceInput = {
  count: 3,
  document: [2, 'HostComputeEndpoint'],
  write([adapterId, requestType, endpoint], subject, text) {
    const refuse = (path: string, value: unknown, reason: string): InvalidConfigError =>
      new InvalidConfigError({ ...subject, path, value, reason })
    if (typeof adapterId !== 'string' || adapterId === '') {
      throw refuse('adapterId', adapterId, 'expected a non-empty string')
    }
    if (!STEPS.has(requestType)) throw refuse('requestType', requestType, 'expected PreAdd, Add or Remove')
    const head = `"AdapterId":${JSON.stringify(adapterId)},"RequestType":${JSON.stringify(requestType)}`
    return `{${head}${endpoint === undefined ? '' : `,"Settings":${text('HostComputeEndpoint', endpoint)}`}}`
  },
}

export const wcowNetwork: GuestResource<'windows', Omit<WCOWNetworkManager, Namespaces>> = {
  guests: ['windows'],
  type: 'Network',
  settings: 'NetworkModifyRequest',
  needs: 'NamespaceAddRequestSupported',
  methods: { addNetworkInterface: 'Add', removeNetworkInterface: 'Remove' },
  input: adapterInput,
}
