// The entry of the acceptor thread. Nothing but wiring: a turn of the accept loop, a turn of the event loop, and so on until it is ended.

import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import { AcceptLoop } from './accept-loop.js'
import type { SocketNumber } from './calls.js'
import { loadSocketCalls } from './load-calls.js'
import type { SocketLibrary } from './errors.js'

export interface AcceptorSetup {
  library: SocketLibrary
  /** The reading end of the wake pair; its owner closes it. */
  wake: SocketNumber
}

const { library, wake } = workerData as AcceptorSetup
const loop = new AcceptLoop(await loadSocketCalls(library), systemClock, wake, parentPort!)

function run(): void {
  if (loop.turn()) setImmediate(run)
}

run()
