// A UtilityVM on a bare port, with its actor in this thread and a fake compute service behind it.

import assert from 'node:assert/strict'
import type { UtilityVM } from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { Mailbox } from '#dist/actors/mailbox/contract.js'
import type { ActorEnvironment } from '#dist/actors/environment.js'
import { Boots } from '#dist/actors/boots.js'
import { leaseSlots, SharedSlots, slotMemory } from '#dist/actors/slots.js'
import { SYSTEM } from '#dist/actors/threads/system.js'
import { startVmActor } from '#dist/actors/vm/actor.js'
import type { VmNotices, VmRequests } from '#dist/actors/vm/contract.js'
import type { VmWiring } from '#dist/actors/vm/wiring.js'
import { UtilityVM as Vm } from '#dist/actors/vm/proxy.js'
import type { HvSocketTransport } from '#dist/native/hvsocket.js'
import { ManualClock } from './clock.js'
import { FakeProvider, PROPERTIES } from './provider.js'

const NO_TRANSPORT: HvSocketTransport = {
  listen: () => Promise.reject(new Error('no transport here')),
  close: () => Promise.resolve(),
}

export interface FakeVmOptions {
  provider?: FakeProvider
  clock?: ManualClock
  id?: string
  queueLimit?: number
  operations?: number
  boots?: number
  relaySocket?: VmWiring['relaySocket']
}

export interface FakeVm {
  readonly vm: UtilityVM
  readonly provider: FakeProvider
  readonly clock: ManualClock
  readonly env: ActorEnvironment
  readonly mailbox: Mailbox<VmRequests, VmNotices>
  readonly ended: Promise<void>
}

export function environment(
  provider: FakeProvider,
  clock = new ManualClock(),
  more: Partial<FakeVmOptions> = {},
): ActorEnvironment {
  return {
    provider,
    transport: NO_TRANSPORT,
    ...SYSTEM,
    clock,
    operations: new SharedSlots(leaseSlots(slotMemory(more.operations ?? Infinity))),
    boots: new Boots(new SharedSlots(leaseSlots(slotMemory(more.boots ?? Infinity))), clock),
    gauges: { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 },
  }
}

/** An actor and its mailbox, nothing attached yet. */
export function vmActor(env: ActorEnvironment): { mailbox: Mailbox<VmRequests, VmNotices>; ended: Promise<void> } {
  const { local, remote } = newChannel()
  const { ended } = startVmActor(remote, env)
  return { mailbox: openMailbox<VmRequests, VmNotices>(local), ended }
}

export async function fakeVm(options: FakeVmOptions = {}): Promise<FakeVm> {
  const { provider = new FakeProvider(), clock = new ManualClock(), id = 'fake', queueLimit = 1024 } = options
  const env = environment(provider, clock, options)
  const { mailbox, ended } = vmActor(env)
  const input = { id, document: '{}', shutdownOptions: '{"Mechanism":"IntegrationService"}', queueLimit }
  const attached = await mailbox.call('create', input, { op: 'host.createVM', id })
  const hooks = { exited: () => undefined, closing: () => undefined, closed: () => undefined }
  const vm = new Vm({ id, guestOS: 'linux', attached, mailbox, hooks, relaySocket: options.relaySocket })
  provider.calls.length = 0
  return { vm, provider, clock, env, mailbox, ended }
}

/** VMs for the tests of the surrounding describe: each is closed afterwards, and nothing of it may be left. */
export function useFakeVms(): (options?: FakeVmOptions) => Promise<FakeVm> {
  const open: FakeVm[] = []
  afterEach(async () => {
    const all = open.splice(0)
    for (const { vm, provider, ended } of all) {
      const closing = vm.close()
      // What a test left at HCS ends now.
      const drain = setInterval(() => provider.calls.forEach((call) => call.resolve(PROPERTIES)), 1)
      await closing
      await ended
      clearInterval(drain)
    }
    for (const { provider, env } of all) {
      assert.equal(provider.openHandles, 0)
      assert.deepEqual(env.gauges, { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 })
    }
  })
  return async (options) => {
    const made = await fakeVm(options)
    open.push(made)
    return made
  }
}
