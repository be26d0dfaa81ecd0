// The idle control of a boot storm: a process that does nothing but measure how late its event loop is while the storm lasts.

import { once } from 'node:events'
import { report } from '../core/child.js'
import { watchDelay } from './delay.js'

process.send?.('ready')
await once(process, 'message')
const delayed = watchDelay()
await once(process, 'message')
report(delayed())
