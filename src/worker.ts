// uvm-actors/worker: all that runs outside the main thread, in one file. Programs that are bundled give it to their bundler as an entry of its
// own; nobody imports it.

import { isMainThread, workerData } from 'node:worker_threads'
import { openActorThread } from './actors/threads/actor-thread.js'
import { SYSTEM } from './actors/threads/system.js'
import { haveInside, SERVICE_ARGUMENT, type OwnRole } from './native/own-file.js'

haveInside({
  'remote-provider': () => import('./native/remote/provider.js'),
  'service-provider': () => import('./native/service-process/provider.js'),
  'simulated-service': () => import('./native/simulated/process/hosted.js'),
  'qemu-service': () => import('./native/qemu/hosted.js'),
  'unix-transport': () => import('./native/unix-socket/open.js'),
  'hyperv-transport': () => import('./native/hyperv-socket/open.js'),
})

/** Threads that begin by themselves; those of actors are given tasks. */
const THREADS: Partial<Record<OwnRole, () => Promise<unknown>>> = {
  simulated: () => import('./native/simulated/thread/service-thread.js'),
  call: () => import('./native/computecore/call-thread.js'),
  callback: () => import('./native/computecore/callback-thread.js'),
  acceptor: () => import('./native/hyperv-socket/acceptor-thread.js'),
}

const role = (workerData as { role?: OwnRole } | null | undefined)?.role
if (!isMainThread && role !== undefined) void THREADS[role]?.()
if (isMainThread && process.argv.at(-1) === SERVICE_ARGUMENT) void import('./native/service-process/entry.js')

/** One task of an actor thread, as the pool runs it. */
export default openActorThread(SYSTEM)
