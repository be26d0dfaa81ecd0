// The service of this user: found, and started where a command may.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ProviderUnavailableError } from 'uvm-actors'
import { ControlClient } from 'uvm-actors/control'
import { READY } from './service.js'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/** A service that a command has started ends when it has had no VMs for so long, seconds. */
const IDLE_SECONDS = 60

export interface ConnectionOptions {
  /** The service directory; default: the user's. */
  directory?: string
}

function place({ directory }: ConnectionOptions): { directory?: string } {
  return directory === undefined ? {} : { directory }
}

/** @throws {ProviderUnavailableError} no service runs */
export function connect(options: ConnectionOptions): Promise<ControlClient> {
  return ControlClient.connect(place(options))
}

/**
 * Whoever holds the guest connection of a VM: the service, or another program that serves control.
 *
 * @throws {ProviderUnavailableError} no service runs, or the holder serves no control
 */
export async function connectToHolder(id: string, options: ConnectionOptions): Promise<ControlClient> {
  const client = await connect(options)
  const vm = (await client.list()).find(({ Id, RuntimeId }) => Id === id || RuntimeId === id.toLowerCase())
  if (vm === undefined || vm.connected) return client
  // Without one the service has the better words for what is missing.
  return (await ControlClient.holderOf(vm.RuntimeId, place(options))) ?? client
}

/** Finds the service, or starts it; it outlives this program. */
export async function connectOrStart(options: ConnectionOptions): Promise<ControlClient> {
  try {
    return await connect(options)
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error
  }
  await startService(options)
  return connect(options)
}

/** Resolves once it serves. @throws {ProviderUnavailableError} it ended before, with what it said */
export async function startService({ directory }: ConnectionOptions): Promise<number> {
  const args = [
    'service',
    '--idle',
    String(IDLE_SECONDS),
    ...(directory === undefined ? [] : ['--directory', directory]),
  ]
  const child = spawn(process.execPath, [MAIN, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const lines = createInterface({ input: child.stdout })
  try {
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        if (line.startsWith(READY)) resolve()
      })
      child.once('error', reject)
      child.once('exit', (code) => {
        const reason = `the service could not be started (exit code ${code ?? 'none'}): ${said.trim() || 'it said nothing'}`
        reject(new ProviderUnavailableError({ op: 'service.start', reason }))
      })
    })
  } finally {
    lines.close()
    child.stdout.destroy()
    child.stderr.destroy()
    child.removeAllListeners()
    child.unref()
  }
  return child.pid ?? 0
}
