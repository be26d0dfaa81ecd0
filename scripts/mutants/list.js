// Every fault that `npm run mutants` plants, by area.

import bridge from './list/bridge.js'
import connection from './list/connection.js'
import containers from './list/containers.js'
import following from './list/following.js'
import guest from './list/guest.js'
import handle from './list/handle.js'
import host from './list/host.js'
import journal from './list/journal.js'
import logs from './list/logs.js'
import mailbox from './list/mailbox.js'
import processes from './list/processes.js'
import protocol from './list/protocol.js'
import slots from './list/slots.js'
import stdio from './list/stdio.js'
import threads from './list/threads.js'
import vm from './list/vm.js'

export const MUTANTS = [
  ...protocol,
  ...bridge,
  ...connection,
  ...following,
  ...logs,
  ...stdio,
  ...processes,
  ...containers,
  ...guest,
  ...mailbox,
  ...threads,
  ...handle,
  ...vm,
  ...slots,
  ...journal,
  ...host,
]
