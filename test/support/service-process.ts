// A simulated service in a process of its own, as a VmProvider, and the count of what such processes leave behind.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { watch } from 'node:fs'
import { Host, SimulatedService, type SimulatedConnectOptions } from '#dist/index.js'
import { seamOf, type VmProvider } from './host.js'

/** Ends soon when nobody needs it. */
const GRACE_MS = 1

/** A service directory of a test's own; `remove` checks that its service has left nothing there, and ends one that does not end. */
export interface ServiceDirectory {
  readonly path: string
  connect(options?: SimulatedConnectOptions): Promise<SimulatedService>
  /** Resolves once the service has gone, with whatever it left. */
  emptied(): Promise<void>
  remove(): Promise<void>
  /** After a test that failed: ends whatever is there. */
  abandon(): Promise<void>
}

export async function serviceDirectory(): Promise<ServiceDirectory> {
  const path = await mkdtemp('/tmp/t-')
  const pids = new Set<number>()
  const findPid = async (): Promise<void> => {
    const lock = await readFile(`${path}/service.lock`, 'utf8').catch(() => '')
    if (lock !== '') pids.add((JSON.parse(lock) as { pid: number }).pid)
  }
  const abandon = async (): Promise<void> => {
    await findPid()
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    await rm(path, { recursive: true, force: true })
  }
  const emptied = async (): Promise<void> => {
    await whenDirectory(path, (names) => names.length === 0)
    for (const pid of pids) await ended(pid)
  }
  return {
    path,
    connect: async (options = {}) => {
      const start = options.start ?? { graceMs: GRACE_MS }
      const service = await SimulatedService.connect({ directory: path, ...options, start })
      pids.add(service.pid)
      return service
    },
    emptied,
    remove: async () => {
      await findPid()
      try {
        await emptied()
      } finally {
        await abandon()
      }
    },
    abandon,
  }
}

/** Resolves once the names in a directory are as wanted. */
export async function whenDirectory(path: string, isRight: (names: string[]) => boolean): Promise<void> {
  const watcher = watch(path)
  try {
    // What changes while we look is told afterwards.
    let changed = new Promise((resolve) => watcher.once('change', resolve))
    while (!isRight(await readdir(path))) {
      await changed
      changed = new Promise((resolve) => watcher.once('change', resolve))
    }
  } finally {
    watcher.close()
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Resolves once a process that is nobody's child here, or a reaped one, is gone. */
export async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

export const SERVICE_PROCESS: VmProvider = {
  name: 'simulated, in a process of its own',
  assumptionsHold: true,
  isSimulated: true,
  hasBuiltinGuest: true,
  open: async (simulated = {}, more = {}) => {
    const directory = await serviceDirectory()
    const service = await directory.connect({ start: { ...simulated, graceMs: GRACE_MS } })
    const host = await Host.open({ provider: 'simulated', threads: 2, ...more, simulated: { service } })
    const close = host.close.bind(host)
    const closeAll = async (): Promise<void> => {
      await close()
      await service.close()
      await directory.remove()
    }
    let closing: Promise<void> | undefined
    host.close = () => (closing ??= closeAll())
    return host
  },
  openSeam: async (simulated = {}) => {
    const directory = await serviceDirectory()
    const service = await directory.connect({ start: { ...simulated, graceMs: GRACE_MS } })
    return seamOf(service, async () => {
      await service.close()
      await directory.remove()
    })
  },
}

/** The service has been started for this program. */
export function assertStarted(service: SimulatedService): void {
  assert.equal(service.started, true)
  assert.notEqual(service.pid, process.pid)
}
