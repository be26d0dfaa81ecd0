// What the public calls are tried on: a Host on a provider whose calls can be held, a VM of each kind with a guest that answers nothing, a
// container and a process in it. And the proof that a call that was refused has asked nobody and told nobody.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Host, type Container, type Guest, type GuestOS, type GuestProcess, type UtilityVM } from '#dist/index.js'
import { Peer } from '../peer/peer.js'
import { serveProcess } from '../peer/process.js'
import { linux, windows } from '../support/documents.js'
import { CONTAINER, EVENTS, GUEST, HOST, PROCESS, VM, type Call, type Calls } from './calls.js'
import { CALLS, HELD } from './held-provider.js'
import { EVENT, VM as AVM } from './kinds.js'

const MODULE = new URL('./held-provider.js', import.meta.url)
const BRIDGE = { linux: 'vsock_1073741824', windows: 'hvsock_acef5661-84a1-4e44-856b-6245e69f4620' }

/** A guest that says that it can do everything. */
const ABLE = {
  NamespaceAddRequestSupported: true,
  SignalProcessSupported: true,
  DumpStacksSupported: true,
  DeleteContainerStateSupported: true,
  LogForwardingSupported: true,
}

/** A VM, its guest, and what runs in it. */
export interface Inside {
  readonly vm: UtilityVM
  readonly guest: Guest
  readonly container: Container
  readonly process: GuestProcess
  readonly peer: Peer
}

type Method = (...args: unknown[]) => unknown

/** One public call on an object of the rig. */
export interface Target {
  readonly name: string
  readonly call: Call
  run(...args: unknown[]): unknown
}

const EVENT_OF: Readonly<Record<string, string>> = {
  host: 'vm-exited',
  vm: 'exit',
  guest: 'disconnected',
  container: 'exited',
}

let ids = 0

export class Rig {
  readonly #cells = new Int32Array(new SharedArrayBuffer(8))
  readonly #told: string[] = []
  #directory = ''
  #host: Host | undefined
  #linux: Inside | undefined
  #windows: Inside | undefined

  async open(): Promise<void> {
    this.#directory = await mkdtemp('/tmp/bad-')
    const provider = { module: MODULE, options: { cells: this.#cells.buffer } }
    this.#host = await Host.open({ provider, threads: 1, transport: 'unix', socketDirectory: this.#directory })
    const inside = await Promise.all([this.inside('linux'), this.inside('windows')])
    ;[this.#linux, this.#windows] = inside
    // What is told from here on of these two is told of a mistake; others come and go.
    const own = inside.map(({ vm }) => vm.id)
    for (const event of ['vm-exited', 'guest-disconnected', 'actor-restarted', 'actor-given-up'] as const) {
      this.host.on(event, (...args: unknown[]) => {
        if (args.some((arg) => own.includes(String(arg)))) this.#told.push(`host ${event} ${args.join()}`)
      })
    }
    for (const { vm, guest, container } of inside) {
      vm.on('exit', () => this.#told.push('vm exit'))
      guest.on('disconnected', () => this.#told.push('guest disconnected'))
      container.on('exited', () => this.#told.push('container exited'))
    }
  }

  async close(): Promise<void> {
    this.release()
    await this.#host?.close()
    for (const inside of [this.#linux, this.#windows]) inside?.peer.destroy()
    await rm(this.#directory, { recursive: true })
  }

  get host(): Host {
    return this.#host!
  }

  get linux(): Inside {
    return this.#linux!
  }

  get windows(): Inside {
    return this.#windows!
  }

  /** A further VM whose guest is connected; whoever asks for it closes it. */
  async inside(guestOS: GuestOS): Promise<Inside> {
    const vm = await this.host.createVM(`${guestOS}-${++ids}`, guestOS === 'linux' ? linux() : windows(), { guestOS })
    const guest = await this.host.createGuest(vm, { entropy: false, log: false, recorder: false })
    await vm.start()
    const path = (service: string): string => join(this.#directory, `${vm.runtimeId}.${service}`)
    const connecting = guest.createConnection({ coldStart: false })
    const peer = await Peer.dial(path(BRIDGE[guestOS]))
    const RuntimeOsType = guestOS === 'linux' ? 'Linux' : 'Windows'
    await Promise.all([connecting, peer.shakeHands({ RuntimeOsType, GuestDefinedCapabilities: ABLE })])
    const starting = guest.createProcess({ CommandLine: 'true' })
    await serveProcess(peer, path)
    return { vm, guest, container: await guest.openContainer('c'), process: await starting, peer }
  }

  /** Calls of the provider wait from here on. */
  hold(): void {
    Atomics.store(this.#cells, HELD, 1)
  }

  release(): void {
    Atomics.store(this.#cells, HELD, 0)
    Atomics.notify(this.#cells, HELD)
  }

  /** Every call of every class, on objects that live; those of Windows guests on one. */
  targets(): Target[] {
    const { vm, guest, container, process } = this.linux
    return [
      ...targetsOf('host', this.host, { ...HOST, ...EVENTS }),
      ...targetsOf('vm', vm, { ...VM, ...EVENTS }),
      ...targetsOf('guest', guest, { ...GUEST, ...EVENTS }, false),
      ...targetsOf('windows guest', this.windows.guest, GUEST, true),
      ...targetsOf('container', container, { ...CONTAINER, ...EVENTS }),
      ...targetsOf('process', process, PROCESS),
    ]
  }

  /** Arguments that are right. */
  goodArgs({ name, call }: Target): unknown[] {
    const label = name.slice(0, name.indexOf('.'))
    return call.args.map((kind) => (kind === EVENT ? EVENT_OF[label] : kind === AVM ? this.linux.vm : kind.good))
  }

  /** What others have been asked so far. */
  async #asked(): Promise<object> {
    const { latencyMs, actors, handles, sockets } = await this.host.stats()
    return {
      provider: Atomics.load(this.#cells, CALLS),
      guests: [this.linux.peer.unread, this.windows.peer.unread],
      actors,
      handles,
      sockets,
      answered: Object.fromEntries(Object.entries(latencyMs).map(([op, { n }]) => [op, n])),
    }
  }

  /** Runs what must have no effect at all, and shows that VM and guest are as they were. */
  async withoutEffect(work: () => Promise<void>): Promise<void> {
    const before = await this.#asked()
    await work()
    assert.deepEqual(await this.#asked(), before)
    assert.deepEqual(this.#told, [])
    await this.unharmed()
  }

  async unharmed(): Promise<void> {
    for (const { vm, guest } of [this.linux, this.windows]) {
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      assert.equal(await guest.isConnected(), true)
    }
    assert.deepEqual(this.#told, [])
  }
}

/** `isWindows`: only those that are, or are not, for Windows guests alone. */
export function targetsOf(label: string, object: object, calls: Calls, isWindows?: boolean): Target[] {
  return Object.entries(calls)
    .filter(([, call]) => isWindows === undefined || (call.isWindows === true) === isWindows)
    .map(([name, call]) => ({
      name: `${label}.${name}`,
      call,
      run: (...args) => (object as Record<string, Method>)[name]!.call(object, ...args),
    }))
}

/** How a call comes out, whether it throws or rejects; one that does either twice fails the run by itself. */
export async function outcomeOf(work: () => unknown): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

/** Fails unless the call fails with an error of this class. */
export async function failsWith<E extends Error>(
  what: string,
  type: abstract new (...args: never[]) => E,
  work: () => unknown,
): Promise<E> {
  const outcome = await outcomeOf(work)
  if ('error' in outcome && outcome.error instanceof type) return outcome.error
  return assert.fail(
    `${what}: expected ${type.name}, ${'error' in outcome ? `got ${String(outcome.error)}` : 'it went well'}`,
  )
}
