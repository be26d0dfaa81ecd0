// Every suite, in the order in which they run.

import type { Suite } from '../core/suite.js'
import { boots } from './boots.js'
import { bridge } from './bridge.js'
import { density } from './density.js'
import { mailbox } from './mailbox.js'

export const SUITES: readonly Suite[] = [mailbox, bridge, boots, density]
