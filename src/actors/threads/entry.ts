// The entry of an actor thread, run by piscina: one call a task. Nothing but wiring.

import type { HcsProviderFactory } from '../../native/hcs.js'
import type { HvSocketTransportFactory } from '../../native/hvsocket.js'
import { ProviderUnavailableError, UVMError } from '../../errors.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import { startGuestActor } from '../gcs/actor.js'
import { exposeActor } from '../mailbox/expose.js'
import { startServiceActor } from '../service-actor.js'
import { SharedSlots } from '../slots.js'
import { startVmActor } from '../vm/actor.js'
import { SYSTEM } from './system.js'
import type { ControllerRequests, ModuleSpec, ThreadSetup, ThreadTask } from './contract.js'

/** Made by the controller task, which every thread runs first. */
let environment: Promise<ActorEnvironment> | undefined

export default async function run(task: ThreadTask): Promise<void> {
  if (task.kind === 'controller') return control(task.port, task.setup)
  if (environment === undefined) throw new Error('an actor was started before its thread was set up')
  const actor = start(task, await environment)
  await actor.ended
}

function start(task: Exclude<ThreadTask, { kind: 'controller' }>, env: ActorEnvironment): Actor {
  switch (task.kind) {
    case 'vm':
      return startVmActor(task.port, env)
    case 'guest':
      return startGuestActor(task.port, task.init, env)
    case 'service':
      return startServiceActor(task.port, env)
  }
}

async function control(port: Extract<ThreadTask, { kind: 'controller' }>['port'], setup: ThreadSetup): Promise<void> {
  const made = prepare(setup)
  made.catch(() => undefined)
  environment = made
  const shell = exposeActor<ControllerRequests, Record<string, never>>(
    port,
    {
      ready: async () => {
        await made
        return undefined
      },
      gauges: async () => ({ ...(await made).gauges }),
    },
    {
      clock: SYSTEM.clock,
      onStop: async () => {
        const env = await made
        await env.transport.close()
        await env.provider.close()
      },
    },
  )
  await shell.closed
}

async function prepare(setup: ThreadSetup): Promise<ActorEnvironment> {
  return {
    provider: await load('provider', setup.provider, (make: HcsProviderFactory, options) =>
      make(options, { socketDirectory: setup.socketDirectory }),
    ),
    transport: await load('transport', setup.transport, (make: HvSocketTransportFactory, options) => make(options)),
    ...SYSTEM,
    operations: new SharedSlots(setup.operations),
    boots: new SharedSlots(setup.boots),
    gauges: { handles: 0, operations: 0, sockets: 0, queued: 0 },
  }
}

async function load<F, T>(
  what: string,
  spec: ModuleSpec,
  make: (factory: F, options: unknown) => T | Promise<T>,
): Promise<T> {
  try {
    const loaded = (await import(spec.module)) as { default?: unknown }
    if (typeof loaded.default !== 'function') throw new TypeError('its default export is no function')
    const made = await make(loaded.default as F, spec.options)
    if (typeof made !== 'object' || made === null) throw new TypeError(`its default export made no ${what}`)
    return made
  } catch (cause) {
    if (cause instanceof UVMError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const reason = `the ${what} ${spec.module} cannot be loaded: ${why}`
    throw new ProviderUnavailableError({ op: 'host.open', reason, cause })
  }
}
