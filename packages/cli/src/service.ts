// `uvmctl service`: the program that holds the VMs which `run` makes, and serves control for the others. An embedder of the library like any
// other, with one Host. Off Windows the VMs are in the service process of the directory, and outlive this one too.

import { join, resolve } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { defaultServiceDirectory, Host, type HostOptions } from 'uvm-actors'
import { serveControl, type ControlServer } from 'uvm-actors/control'
import { onInterruption } from './interruption.js'
import { print, printNote } from './output.js'

/** What it prints once it serves, before its address. */
export const READY = 'serving at '

/** Of documents that say no owner: what a restarted service takes over again. */
export const OWNER = 'uvmctl'

/** So often it is looked whether it is idle, milliseconds. */
const LOOK_MS = 1000

export interface ServiceOptions {
  directory?: string
  /** Seconds without VMs after which it ends; absent: never. */
  idle?: number
}

/** Serves until a signal comes, or it has been idle. @returns the exit code */
export async function runService({ directory = defaultServiceDirectory(), idle }: ServiceOptions): Promise<number> {
  const home = resolve(directory)
  const interruption = onInterruption((text) => printNote(`uvmctl: ${text}`))
  let server: ControlServer | undefined
  try {
    await using host = await Host.open(hostOptions(home))
    host.on('warning', ({ message }) => printNote(`uvmctl: ${message}`))
    const { vms, failed } = await host.recover({ owner: OWNER, adopt: 'all', signal: interruption.signal })
    for (const { id, error } of failed) printNote(`uvmctl: ${id}: ${error.message}`)
    server = await serveControl(host, { directory: home })
    print(`${READY}${server.address}${vms.length === 0 ? '' : `, ${vms.length} VMs taken over`}`)
    await untilOver(host, interruption.signal, idle)
    // Connections first: nobody starts what is about to end.
    await server.close()
    return interruption.exitCode ?? 0
  } finally {
    await server?.close()
    interruption.release()
  }
}

function hostOptions(directory: string): HostOptions {
  const journal = join(directory, 'uvmctl')
  return process.platform === 'win32' ? { journal } : { journal, simulated: { serviceDirectory: directory } }
}

/** Until a signal comes, or there has been no VM for `idle` seconds. */
async function untilOver(host: Host, signal: AbortSignal, idle: number | undefined): Promise<void> {
  let since = Date.now()
  try {
    for await (const _ of setInterval(LOOK_MS, undefined, { signal })) {
      if (host.vms.length > 0) since = Date.now()
      else if (idle !== undefined && Date.now() - since >= idle * 1000) return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
