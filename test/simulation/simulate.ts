// `npm run simulate` in a process of its own.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const PRELOAD = new URL('./variants/preload.js', import.meta.url).href

export interface Ended {
  code: number
  text: string
}

/** Runs it, with a broken variant of the library if that is wanted. */
export function simulate(options: readonly string[], variant?: string): Promise<Ended> {
  const preload = variant === undefined ? [] : ['--import', PRELOAD]
  const env = { ...process.env, ...(variant === undefined ? {} : { SIMULATION_VARIANT: variant }) }
  return new Promise((resolve) => {
    execFile(process.execPath, [...preload, MAIN, ...options], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: out + err })
    })
  })
}
