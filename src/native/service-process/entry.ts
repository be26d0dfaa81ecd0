// The entry of a service process. It is started detached by a program that found no service, takes the lock of the directory, clears away
// what a dead service left there, listens, and lives until it is not needed or told to end.

import { unlinkSync } from 'node:fs'
import { systemClock } from '../clock.js'
import { loadDefault } from '../own-file.js'
import { serviceAddress } from './directory.js'
import type { ServiceSetup, SetupAnswer } from './entry-contract.js'
import type { HostedServiceFactory } from './hosted.js'
import { acquireServiceLock, type FileLock } from './lock.js'
import { ServiceLog } from './log.js'
import { packageVersion } from './package-version.js'
import { processStartTime } from './process-identity.js'
import { serviceSecret } from './secret.js'
import { ServiceServer } from './server.js'

/** Resolves once the answer has left; whoever started us may be dead by now. */
function answer(message: SetupAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(message, undefined, {}, () => resolve())
  })
}

function leaveStarter(): void {
  if (process.connected) process.disconnect()
}

async function open(setup: ServiceSetup, log: ServiceLog): Promise<ServiceServer> {
  const { directory, module, options, graceMs } = setup
  if (process.platform !== 'win32') removeSocket(serviceAddress(directory))
  const host = (await loadDefault(module)) as HostedServiceFactory
  return ServiceServer.open({
    directory,
    version: packageVersion(),
    clock: systemClock,
    secret: await serviceSecret(directory),
    graceMs,
    host: async (surroundings) => host(options, surroundings),
    log: (line) => log.trouble(line),
  })
}

/** Left by a service that is dead: the lock is ours. */
function removeSocket(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function run(setup: ServiceSetup): Promise<void> {
  // The files of the service are its user's only, whatever the starter's umask; and it keeps nobody's directory from being removed.
  process.umask(0o077)
  process.chdir('/')
  let lock: FileLock | undefined
  let log: ServiceLog | undefined
  try {
    const about = { pid: process.pid, startTime: processStartTime(process.pid), version: packageVersion() }
    lock = await acquireServiceLock(setup.directory, about)
    if (lock === undefined) return await answer({ busy: true })
    log = new ServiceLog(setup.directory, systemClock)
    const server = await open(setup, log)
    serve(server, log)
    log.note(`serving ${setup.directory}`)
    await answer({ ready: true })
    leaveStarter()
    await server.ended
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return await answer({ busy: true })
    process.exitCode = 1
    log?.trouble(`could not be started: ${String(error)}`)
    await answer({ failed: error instanceof Error ? error.message : String(error) })
  } finally {
    log?.close()
    lock?.release()
  }
}

/** The service ends in order when it is told to, and nothing else ends it. */
function serve(server: ServiceServer, log: ServiceLog): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log.note(`ending: ${signal}`)
      void server.close()
    })
  }
  // A mistake in serving one VM is not the end of all the others.
  const keep = (error: unknown): void =>
    log.trouble(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.on('uncaughtException', keep)
  process.on('unhandledRejection', keep)
}

process.once('message', (setup) => {
  process.off('disconnect', end)
  void run(setup as ServiceSetup).finally(() => process.exit())
})
process.once('disconnect', end)

/** Whoever started us died before it said what to do. */
function end(): void {
  process.exit(1)
}
