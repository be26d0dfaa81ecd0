// Starting a service process: detached, so that it outlives the program, with nothing of it but the environment.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ownFile, SERVICE_ARGUMENT } from '../own-file.js'
import type { ServiceSetup, SetupAnswer } from './entry-contract.js'

const PLACE = { from: 'native/service-process/start.js', base: import.meta.url, file: './entry.js' }

/** What makes a process inspect, trace or preload is meant for the program, not for a service that outlives it. */
const NOT_INHERITED = ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_CHANNEL_FD', 'NODE_UNIQUE_ID']

/**
 * Starts one and waits until it listens, or finds another that does. A start that is given up goes on: its service ends by itself when
 * nobody comes.
 *
 * @throws what `signal` says
 */
export async function startService(setup: ServiceSetup, signal: AbortSignal): Promise<SetupAnswer> {
  signal.throwIfAborted()
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name)))
  const { url, isBundled } = ownFile(PLACE)
  const args = [fileURLToPath(url), setup.directory, ...(isBundled ? [SERVICE_ARGUMENT] : [])]
  const child = spawn(process.execPath, args, {
    detached: true,
    env,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  })
  child.unref()
  let onAbort = (): void => undefined
  try {
    return await new Promise<SetupAnswer>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      child.once('message', (message) => resolve(message as SetupAnswer))
      child.once('error', (error) => resolve({ failed: error.message }))
      child.once('exit', (code, by) =>
        resolve({ failed: `the service process ended at its start (${by ?? `exit code ${code}`})` }),
      )
      child.send(setup, (error) => {
        if (error !== null) resolve({ failed: error.message })
      })
    })
  } finally {
    signal.removeEventListener('abort', onAbort)
    // What it says from here on concerns nobody.
    child.on('error', () => undefined)
    if (child.connected) child.disconnect()
  }
}
