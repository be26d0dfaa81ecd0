// A Host in its real threads, with VMs whose guests are scripted peers that dial its sockets.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Host, type Guest, type GuestOptions, type GuestOS, type HostOptions, type UtilityVM } from '#dist/index.js'
import { LINUX_CAPABILITIES, Peer, WINDOWS_CAPABILITIES } from '../peer/peer.js'
import { linux, windows } from './documents.js'
import { assertNothingOpen } from './host.js'

const BRIDGE = { linux: 'vsock_1073741824', windows: 'hvsock_acef5661-84a1-4e44-856b-6245e69f4620' }

export interface ScriptedGuest {
  readonly vm: UtilityVM
  readonly guest: Guest
  /** The socket of a service, such as `vsock_109`. */
  path(service: string): string
  /** Dials the bridge. */
  dial(): Promise<Peer>
  /** Dials the bridge and shakes hands. */
  connect(capabilities?: object): Promise<Peer>
}

export interface ScriptedHost {
  readonly host: Host
  /** A started VM whose guest listens and has not connected; the end of the test closes it. */
  guest(options?: GuestOptions & { guestOS?: GuestOS }): Promise<ScriptedGuest>
}

let ids = 0

/** A Host for every test of the surrounding describe, and the check that each test leaves nothing open. */
export function useScriptedHost(more: HostOptions = {}): ScriptedHost {
  let host: Host | undefined
  let directory = ''
  const vms = new Set<UtilityVM>()
  const peers = new Set<Peer>()
  before(async () => {
    directory = await mkdtemp('/tmp/scr-')
    host = await Host.open({
      provider: 'simulated',
      threads: 2,
      ...more,
      socketDirectory: directory,
      simulated: { guest: 'none' },
    })
  })
  afterEach(async () => {
    await Promise.all([...vms].map((vm) => vm.close()))
    vms.clear()
    for (const peer of peers) peer.destroy()
    peers.clear()
    await assertNothingOpen(host!)
  })
  after(async () => {
    await host?.close()
    await rm(directory, { recursive: true })
  })
  return {
    get host() {
      assert(host !== undefined)
      return host
    },
    async guest({ guestOS = 'linux', ...options } = {}) {
      const vm = await this.host.createVM(`scripted-${++ids}`, guestOS === 'linux' ? linux() : windows())
      vms.add(vm)
      const guest = await this.host.createGuest(vm, { entropy: false, log: false, ...options })
      await vm.start()
      const scripted: ScriptedGuest = {
        vm,
        guest,
        path: (service) => join(directory, `${vm.runtimeId}.${service}`),
        dial: async () => {
          const peer = await Peer.dial(scripted.path(BRIDGE[guestOS]))
          peers.add(peer)
          return peer
        },
        connect: async (capabilities = guestOS === 'linux' ? LINUX_CAPABILITIES : WINDOWS_CAPABILITIES) => {
          const connecting = guest.createConnection()
          connecting.catch(() => undefined)
          const peer = await scripted.dial()
          await Promise.all([connecting, peer.shakeHands(capabilities)])
          return peer
        },
      }
      return scripted
    },
  }
}
