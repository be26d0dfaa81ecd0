// The entry of an actor thread, run by piscina: one call a task. Nothing but wiring.

import { openActorThread } from './actor-thread.js'
import { SYSTEM } from './system.js'

export default openActorThread(SYSTEM)
