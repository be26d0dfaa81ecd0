// One operation on a system, as it was asked for.

import type { MigrationStep } from '../../hcs.js'
import type { ReadRequest } from '../devices/modify.js'
import type { StatefulOp } from './states.js'

export type Operation =
  | { readonly op: 'modify'; readonly request: ReadRequest }
  | {
      readonly op: Exclude<StatefulOp, 'modify'>
      /** Its options document; '' for none. */
      readonly argument: string
      /** Of a migration. */
      readonly step?: MigrationStep | undefined
      readonly socket?: bigint | undefined
    }
