// The inside of an actor thread: its first task, the controller, makes the environment of all the actors that follow.

import { ProviderUnavailableError, UVMError } from '../../errors.js'
import type { HcsProvider, HcsProviderFactory } from '../../native/hcs.js'
import type { HvSocketTransportFactory } from '../../native/hvsocket.js'
import { Boots } from '../boots.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import { startGuestActor } from '../gcs/actor.js'
import { startLogActor } from '../gcs/log-actor.js'
import { exposeActor } from '../mailbox/expose.js'
import { startServiceActor } from '../service-actor.js'
import { SharedSlots, type SlotWatch } from '../slots.js'
import { startVmActor } from '../vm/actor.js'
import type { ControllerRequests, ModuleSpec, ThreadSetup, ThreadTask } from './contract.js'

/** What a thread has of the system it runs on. */
export interface ThreadSystem extends Pick<ActorEnvironment, 'clock' | 'randomBytes' | 'files'> {
  /** The default export of a module. */
  readonly load: (module: string) => Promise<unknown>
  /** Tells of slots that other threads gave back; that of shared memory unless given. */
  readonly watchSlots?: SlotWatch
}

/** The side thread has no provider. */
type ThreadEnvironment = Omit<ActorEnvironment, 'provider'> & { readonly provider: HcsProvider | undefined }

/** Runs one task after the other, many at a time; each settles when its actor has stopped. */
export function openActorThread(system: ThreadSystem): (task: ThreadTask) => Promise<void> {
  let environment: Promise<ThreadEnvironment> | undefined
  return async (task) => {
    if (task.kind === 'controller') {
      environment = prepare(task.setup, system)
      environment.catch(() => undefined)
      return control(task.port, environment, system)
    }
    if (environment === undefined) throw new Error('an actor was started before its thread was set up')
    const actor = start(task, await environment)
    await actor.ended
  }
}

function start(task: Exclude<ThreadTask, { kind: 'controller' }>, bare: ThreadEnvironment): Actor {
  if (task.kind === 'log') return startLogActor(task.port, task.init, bare)
  const { provider } = bare
  if (provider === undefined) throw new Error(`a thread without a provider was given a task of kind ${task.kind}`)
  const env: ActorEnvironment = { ...bare, provider }
  switch (task.kind) {
    case 'vm':
      return startVmActor(task.port, env)
    case 'guest':
      return startGuestActor(task.port, task.init, env)
    case 'service':
      return startServiceActor(task.port, env)
  }
}

async function control(
  port: ThreadTask['port'],
  made: Promise<ThreadEnvironment>,
  { clock }: ThreadSystem,
): Promise<void> {
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
      clock,
      onStop: async () => {
        const env = await made
        await env.transport.close()
        await env.provider?.close()
      },
    },
  )
  await shell.closed
}

async function prepare(setup: ThreadSetup, system: ThreadSystem): Promise<ThreadEnvironment> {
  const { clock, randomBytes, files, load, watchSlots } = system
  return {
    provider:
      setup.provider &&
      (await make('provider', load, setup.provider, (factory: HcsProviderFactory, options) =>
        factory(options, { socketDirectory: setup.socketDirectory }),
      )),
    transport: await make('transport', load, setup.transport, (factory: HvSocketTransportFactory, options) =>
      factory(options),
    ),
    clock,
    randomBytes,
    files,
    operations: new SharedSlots(setup.operations, watchSlots),
    boots: new Boots(new SharedSlots(setup.boots, watchSlots), clock),
    gauges: { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 },
  }
}

async function make<F, T>(
  what: string,
  load: ThreadSystem['load'],
  spec: ModuleSpec,
  call: (factory: F, options: unknown) => T | Promise<T>,
): Promise<T> {
  try {
    const factory = await load(spec.module)
    if (typeof factory !== 'function') throw new TypeError('its default export is no function')
    const made = await call(factory as F, spec.options)
    if (typeof made !== 'object' || made === null) throw new TypeError(`its default export made no ${what}`)
    return made
  } catch (cause) {
    if (cause instanceof UVMError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const reason = `the ${what} ${spec.module} cannot be loaded: ${why}`
    throw new ProviderUnavailableError({ op: 'host.open', reason, cause })
  }
}
