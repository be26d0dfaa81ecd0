// The log of a service process: a small private file beside its socket. What went wrong is worth keeping; a log that tells of nothing
// wrong goes with the service.

import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import { SERVICE_FILES } from './directory.js'

/** Beyond it the log begins anew, bytes. */
const MAX_LOG_BYTES = 256 * 1024
const MAX_LINE = 2000

export class ServiceLog {
  readonly #path: string
  readonly #fd: number
  readonly #clock: Clock
  #tellsOfTrouble = false

  constructor(directory: string, clock: Clock) {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants
    this.#path = join(directory, SERVICE_FILES.log)
    this.#fd = openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
    this.#clock = clock
  }

  /** A line about the ordinary course of things. */
  note(line: string): void {
    try {
      if (fstatSync(this.#fd).size > MAX_LOG_BYTES) ftruncateSync(this.#fd)
      const time = new Date(this.#clock.wallTime()).toISOString()
      writeSync(
        this.#fd,
        `${time} ${process.pid} ${line.slice(0, MAX_LINE).replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, '?')}\n`,
      )
    } catch {
      // A full disk must not end the VMs.
    }
  }

  /** A line that somebody may want to read afterwards. */
  trouble(line: string): void {
    this.#tellsOfTrouble = true
    this.note(line)
  }

  close(): void {
    if (!this.#tellsOfTrouble) {
      try {
        unlinkSync(this.#path)
      } catch {
        // Somebody else removed it.
      }
    }
    closeSync(this.#fd)
  }
}
