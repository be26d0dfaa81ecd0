// The last resort of whoever waits in a queue without a time of his own: a queue that moves is waited in for as long as it takes, one that
// has stood still for as long as a call may take will not move again by itself.

import type { Clock, Timer } from '../native/clock.js'
import { DEFAULT_TIMEOUT_MS } from './default-timeout.js'

/**
 * Calls `onStill` once nothing has moved for the default time. `moves`: how often something has; undefined while what is in front may take as
 * long as it likes. The returned function ends the watch.
 */
export function watchStandstill(clock: Clock, moves: () => number | undefined, onStill: () => void): () => void {
  let timer: Timer
  const look = (seen: number | undefined): void => {
    timer = clock.after(DEFAULT_TIMEOUT_MS, () => {
      const now = moves()
      if (now !== undefined && now === seen) onStill()
      else look(now)
    })
  }
  look(moves())
  return () => timer.clear()
}
