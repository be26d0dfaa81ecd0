// Every suite, in the order in which they run.

import type { Suite } from '../core/suite.js'
import { bridge } from './bridge.js'
import { mailbox } from './mailbox.js'

export const SUITES: readonly Suite[] = [mailbox, bridge]
