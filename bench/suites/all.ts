// Every suite, in the order in which they run.

import type { Suite } from '../core/suite.js'
import { boots } from './boots.js'
import { bridge } from './bridge.js'
import { density } from './density.js'
import { exec } from './exec.js'
import { ffi } from './ffi.js'
import { mailbox } from './mailbox.js'
import { modify } from './modify.js'
import { neighbour } from './neighbour.js'
import { stdio } from './stdio.js'

export const SUITES: readonly Suite[] = [mailbox, bridge, boots, density, modify, stdio, exec, neighbour, ffi]
