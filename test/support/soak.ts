// The command of the soak in a process of its own, and the record that it writes.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../../bench/soak/sample.js'

export const SOAK_MAIN = fileURLToPath(new URL('../../bench/soak/main.js', import.meta.url))
export interface SoakRecord {
  verdict: string
  faults: string[]
  lives: number
  openInHost: object
  openInProcess: object
  events: { [name: string]: number }
  wrongs: string[]
  samples: Sample[]
}

/** @param preload a module that is loaded first */
export function runSoak(args: readonly string[], preload?: string): Promise<{ code: number; text: string }> {
  const first = preload === undefined ? [] : ['--import', preload]
  return new Promise((resolve) => {
    execFile(process.execPath, [...first, SOAK_MAIN, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: out + err })
    })
  })
}

export async function soakRecord(file: string): Promise<SoakRecord> {
  return JSON.parse(await readFile(file, 'utf8')) as SoakRecord
}
