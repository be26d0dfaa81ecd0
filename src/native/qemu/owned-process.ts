// A process that the supervisor has for a VM, and that outlives the supervisor: a child, or one that an earlier supervisor started.

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Clock } from '../clock.js'
import { isRunning, processStartTime } from '../service-process/process-identity.js'

/** How a process is written down. */
export interface ProcessRecord {
  readonly pid: number
  readonly startTime: string
}

/** How often one that is nobody's child here is looked at, milliseconds. */
const LOOK_MS = 200
/** Of what it said last, bytes. */
const TAIL_BYTES = 4096

export class OwnedProcess {
  readonly record: ProcessRecord
  /** Resolves once it is gone. */
  readonly exited: Promise<void>
  #isGone = false

  private constructor(record: ProcessRecord, exited: Promise<void>) {
    this.record = record
    this.exited = exited.then(() => void (this.#isGone = true))
  }

  /**
   * Starts one in a session of its own, what it says going to a file.
   *
   * @throws {Error} it cannot be started
   */
  static async start(file: string, args: readonly string[], logPath: string): Promise<OwnedProcess> {
    const log = openSync(logPath, 'a', 0o600)
    try {
      const child = spawn(file, args, { detached: true, cwd: '/', stdio: ['ignore', log, log], env: environment() })
      child.unref()
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', reject)
      })
      child.on('error', () => undefined)
      const pid = child.pid!
      return new OwnedProcess({ pid, startTime: processStartTime(pid) ?? '' }, exited)
    } finally {
      closeSync(log)
    }
  }

  /** One that was written down; undefined when it is gone. */
  static adopt(record: ProcessRecord, clock: Clock): OwnedProcess | undefined {
    if (!isRunning(record)) return undefined
    const exited = new Promise<void>((resolve) => {
      const look = (): void => {
        if (isRunning(record)) clock.after(LOOK_MS, look)
        else resolve()
      }
      clock.after(LOOK_MS, look)
    })
    return new OwnedProcess(record, exited)
  }

  get isGone(): boolean {
    return this.#isGone || !isRunning(this.record)
  }

  kill(): void {
    if (this.isGone) return
    try {
      process.kill(this.record.pid, 'SIGKILL')
    } catch {
      // It was quicker.
    }
  }
}

/** Nothing of the supervisor's but what finds programs and temporary files. */
function environment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/** The end of a log; '' when it cannot be read. */
export async function tailOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const bytes = Math.min(size, TAIL_BYTES)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, size - bytes)
      return buffer.subarray(0, bytesRead).toString('utf8').trim()
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}
