// The rows of the table: what is asked of a Linux guest. What comes out is in expected.ts.

import { CONTAINER_ROWS } from './rows-containers.js'
import { PROCESS_ROWS } from './rows-processes.js'
import { RESOURCE_ROWS } from './rows-resources.js'
import { FATAL_ROWS, LAST_ROWS } from './rows-last.js'
import type { Row } from './subject.js'

/** In the order in which they run; those that change the guest for good come last, those that end it at the very end. */
export const ROWS: readonly Row[] = [...PROCESS_ROWS, ...RESOURCE_ROWS, ...CONTAINER_ROWS, ...LAST_ROWS, ...FATAL_ROWS]
