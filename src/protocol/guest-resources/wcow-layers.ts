// The layers of a container in a Windows guest.

import type { CallOptions } from '../call-options.js'
import { isRecord } from '../json.js'
import type { CWCOWCombinedLayers, WCOWCombinedLayers } from '../schema/index.js'
import { preparedSettings, type GuestResource } from './resource.js'

export interface WCOWLayersManager {
  /** The default filter, WCIFS, is left out of the request: older guests refuse a document that names it. */
  addWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void>
  /** The confidential form, which names the container. */
  addCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void>
}

type Confidential = 'addCWCOWCombinedLayers' | 'removeCWCOWCombinedLayers'

/**
 * In-box Windows guests older than schema 2.9 refuse a document with a member they do not know, and FilterType is such a one: the
 * default is said by leaving it out.
 */
function withoutDefaultFilter(settings: unknown): unknown {
  if (!isRecord(settings) || settings['FilterType'] !== 'WCIFS') return settings
  const { FilterType: _, ...rest } = settings
  return rest
}

function withoutInnerDefaultFilter(settings: unknown): unknown {
  if (!isRecord(settings) || !isRecord(settings['CombinedLayers'])) return settings
  return { ...settings, CombinedLayers: withoutDefaultFilter(settings['CombinedLayers']) }
}

export const wcowCombinedLayers: GuestResource<'windows', Omit<WCOWLayersManager, Confidential>> = {
  guests: ['windows'],
  type: 'CombinedLayers',
  settings: 'WCOWCombinedLayers',
  methods: { addWCOWCombinedLayers: 'Add', removeWCOWCombinedLayers: 'Remove' },
  input: preparedSettings('WCOWCombinedLayers', withoutDefaultFilter),
}

export const cwcowCombinedLayers: GuestResource<'windows', Pick<WCOWLayersManager, Confidential>> = {
  guests: ['windows'],
  type: 'CWCOWCombinedLayers',
  settings: 'CWCOWCombinedLayers',
  methods: { addCWCOWCombinedLayers: 'Add', removeCWCOWCombinedLayers: 'Remove' },
  input: preparedSettings('CWCOWCombinedLayers', withoutInnerDefaultFilter),
}
