// A Guest on a bare port, with its actor in this thread, listening on real Unix sockets in a directory of its own.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Guest, GuestOS } from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { Mailbox } from '#dist/actors/mailbox/contract.js'
import type { GuestInit, GuestNotices, GuestRequests, LogNotices, LogRequests } from '#dist/actors/gcs/contract.js'
import { startGuestActor } from '#dist/actors/gcs/actor.js'
import { startLogActor } from '#dist/actors/gcs/log-actor.js'
import { Guest as GuestProxy } from '#dist/actors/gcs/proxy.js'
import type { ActorEnvironment } from '#dist/actors/environment.js'
import { UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { LINUX_CAPABILITIES, Peer, WINDOWS_CAPABILITIES } from '../peer/peer.js'
import { ManualClock } from './clock.js'
import { FakeProvider } from './provider.js'
import { environment } from './vm.js'

export const RUNTIME_ID = '8636363d-c5f9-49aa-b507-3b83f98c0d14'
const BRIDGE = { linux: 'vsock_1073741824', windows: 'hvsock_acef5661-84a1-4e44-856b-6245e69f4620' }
const SERVICE = {
  linux: '40000000-facb-11e6-bd58-64006a7986d3',
  windows: 'acef5661-84a1-4e44-856b-6245e69f4620',
}

export interface FakeGuest {
  readonly guest: Guest
  readonly mailbox: Mailbox<GuestRequests, GuestNotices>
  readonly env: ActorEnvironment
  readonly clock: ManualClock
  readonly directory: string
  /** Names of the sockets that are listened on. */
  sockets(): Promise<string[]>
  path(service: string): string
  /** Dials the bridge. */
  dial(): Promise<Peer>
  /** Dials the bridge and shakes hands. */
  connect(capabilities?: object): Promise<Peer>
  /** Closes everything and checks that nothing is left. */
  close(): Promise<void>
}

export async function fakeGuest(
  guestOS: GuestOS = 'linux',
  init: Partial<GuestInit> = {},
  boots?: ActorEnvironment['boots'],
): Promise<FakeGuest> {
  const directory = await mkdtemp('/tmp/gst-')
  const clock = new ManualClock()
  const env: ActorEnvironment = {
    ...environment(new FakeProvider(), clock),
    transport: new UnixSocketTransport(directory),
    ...(boots === undefined ? {} : { boots }),
  }
  const { local, remote } = newChannel()
  const actor = startGuestActor(
    remote,
    {
      vmId: 'vm',
      runtimeId: RUNTIME_ID,
      guestOS,
      serviceId: SERVICE[guestOS],
      entropy: false,
      log: false,
      requestTimeoutMs: 300_000,
      onRequestTimeout: 'reject',
      modifyConcurrency: 4,
      ...init,
    },
    env,
  )
  const mailbox = openMailbox<GuestRequests, GuestNotices>(local, { clock })
  const hooks = { disconnected: () => undefined, reconnected: () => undefined, closed: () => undefined }
  const guest = new GuestProxy({ vmId: 'vm', guestOS, mailbox, hooks })
  const logs = init.log === true ? await startLog(guestOS, env, guest) : undefined
  await mailbox.call('arm', {}, { op: 'host.createGuest', id: 'vm' })
  const peers = new Set<Peer>()
  const path = (service: string): string => join(directory, `${RUNTIME_ID}.${service}`)
  const fake: FakeGuest = {
    guest,
    mailbox,
    env,
    clock,
    directory,
    path,
    sockets: async () => (await readdir(directory)).map((name) => name.slice(RUNTIME_ID.length + 1)).sort(),
    dial: async () => {
      const peer = await Peer.dial(path(BRIDGE[guestOS]))
      peers.add(peer)
      peer.socket.once('close', () => {
        peer.destroy()
        peers.delete(peer)
      })
      return peer
    },
    connect: async (capabilities = guestOS === 'linux' ? LINUX_CAPABILITIES : WINDOWS_CAPABILITIES) => {
      const connecting = guest.createConnection()
      const peer = await fake.dial()
      await Promise.all([connecting, peer.shakeHands(capabilities)])
      return peer
    },
    close: async () => {
      await guest.close()
      await logs?.stop()
      await actor.ended
      for (const peer of peers) peer.destroy()
      assert.deepEqual(await fake.sockets(), [])
      await rm(directory, { recursive: true })
      // Sockets close in their own turn.
      for (let turn = 0; turn < 100 && env.gauges.sockets > 0; turn++)
        await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(env.gauges, { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 })
      assert.equal(clock.timers, 0, 'timers are left')
    },
  }
  return fake
}

/** The log actor beside it, as the Host has one on its side thread. */
async function startLog(
  guestOS: GuestOS,
  env: ActorEnvironment,
  guest: GuestProxy,
): Promise<Mailbox<LogRequests, LogNotices>> {
  const { local, remote } = newChannel()
  startLogActor(remote, { vmId: 'vm', runtimeId: RUNTIME_ID, guestOS }, env)
  const mailbox = openMailbox<LogRequests, LogNotices>(local, { clock: env.clock })
  const subject = { op: 'guest.log', id: 'vm' }
  mailbox.onNotice('logs', (batch) => {
    guest.takeLogs(batch)
    mailbox.call('taken', {}, subject).catch(() => undefined)
  })
  await mailbox.call('arm', {}, subject)
  return mailbox
}
