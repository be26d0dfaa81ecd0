// How many threads the operating system gives this process: what the number of actors must not change.

import { readdirSync } from 'node:fs'

/** Undefined where the system does not tell (anything but Linux). */
export function countOsThreads(): number | undefined {
  try {
    return readdirSync('/proc/self/task').length
  } catch {
    return undefined
  }
}
