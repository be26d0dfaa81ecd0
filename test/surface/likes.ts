// What a user's own fakes may look like: classes and objects without private members that stand for a Host, a VM, a guest, a container and
// a process where code takes the interfaces; and the real ones that stand there too. Compiled by consumer.test.ts, never run.

import type { Readable, Writable } from 'node:stream'
import type {
  Container,
  ContainerEvents,
  ContainerLike,
  EventArguments,
  EventIterator,
  EventsLike,
  EventStream,
  Guest,
  GuestEvents,
  GuestLike,
  GuestProcess,
  GuestProcessLike,
  Host,
  HostEvents,
  HostLike,
  ProcessExit,
  Properties,
  Recovery,
  RecoveryLike,
  SavedProcess,
  UtilityVM,
  UtilityVMLike,
  VmEvents,
} from 'uvm-actors'

/** An emitter of one's own. */
class Emitter<E> implements EventsLike<E> {
  readonly listeners: [event: string, listener: (...args: never[]) => unknown][] = []
  on<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    this.listeners.push([event, listener])
    return this
  }
  once<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    return this.on(event, listener)
  }
  off(): this {
    return this
  }
  addListener<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this {
    return this.on(event, listener)
  }
  removeListener(): this {
    return this
  }
  events<K extends keyof E & string>(): EventIterator<EventArguments<E, K>> {
    const over = { done: true as const, value: undefined }
    const iterator: EventIterator<EventArguments<E, K>> = {
      dropped: 0,
      next: async () => over,
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }
}

class OwnProcess implements GuestProcessLike {
  readonly pid = 1
  readonly stdin: Writable | null = null
  readonly stdout: Readable | null = null
  readonly stderr: Readable | null = null
  async wait(): Promise<ProcessExit> {
    return { exitCode: 0, known: true }
  }
  async exitCode(): Promise<number> {
    return 0
  }
  save(): SavedProcess {
    return { pid: 1, waitId: 1n, ports: {} }
  }
  async signal(): Promise<boolean> {
    return true
  }
  async kill(): Promise<boolean> {
    return true
  }
  async resizeConsole(): Promise<void> {}
  async closeStdin(): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

class OwnContainer extends Emitter<ContainerEvents> implements ContainerLike {
  readonly id = 'c'
  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}
  async terminate(): Promise<void> {}
  async modify(): Promise<void> {}
  async update(): Promise<void> {}
  async propertiesV1(): Promise<unknown> {
    return {}
  }
  async propertiesV2(): Promise<Properties> {
    return {}
  }
  async createProcess(): Promise<GuestProcessLike> {
    return new OwnProcess()
  }
  async wait(): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The members of an interface and nothing else: what is nominal about it would be lost, and the result not fit any more. */
type Plain<T> = { [K in keyof T]: T[K] }

/** Code under test, of somebody who knows the interfaces alone. */
export async function run(host: HostLike): Promise<string[]> {
  const vm = await host.createVM('a', {})
  const guest = await host.createGuest(vm)
  vm.on('exit', ({ exitType }) => exitType)
  guest.once('disconnected', (error) => error?.message)
  await vm.start({ timeoutMs: 1 })
  await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'd' }, 0, 0)
  await vm.modify({ ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: 1 })
  await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 0, MountPath: '/d' })
  const container = await guest.createContainer('c', {})
  await using process = await container.createProcess({})
  await container.wait()
  for await (const [id, exit] of host.events('vm-exited')) return [id, exit.exitType, String(process.pid)]
  return [container.id, vm.id]
}

declare const vm: Plain<UtilityVMLike>
declare const guest: Plain<GuestLike>
declare const host: Plain<HostLike>
export const own = {
  vm: vm satisfies UtilityVMLike,
  guest: guest satisfies GuestLike,
  host: host satisfies HostLike,
  container: new OwnContainer() satisfies ContainerLike,
  process: new OwnProcess() satisfies GuestProcessLike,
  events: [new Emitter<HostEvents>(), new Emitter<VmEvents>(), new Emitter<GuestEvents>()],
}
export const ranOwn = run(host)

/** The real ones stand there too. */
export function real(
  host: Host,
  vm: UtilityVM,
  guest: Guest,
  container: Container,
  process: GuestProcess,
  stream: EventStream<number>,
  recovery: Recovery,
): Promise<string[]> {
  const likes: [HostLike, UtilityVMLike, GuestLike, ContainerLike, GuestProcessLike] = [
    host,
    vm,
    guest,
    container,
    process,
  ]
  const others: [EventIterator<number>, RecoveryLike] = [stream, recovery]
  return likes.length + others.length > 0 ? run(host) : run(likes[0])
}

/** What the classes have and the interfaces lack: what is for this library alone. */
type Missing<Class, Like> = Exclude<keyof Class, keyof Like>
export const missing: {
  host: [Missing<Host, HostLike>] extends [never] ? true : false
  vm: [Missing<UtilityVM, UtilityVMLike>] extends ['recall'] ? true : false
  guest: [Missing<Guest, GuestLike>] extends ['life' | 'takeLogs' | 'warn' | 'vmExited'] ? true : false
  container: [Missing<Container, ContainerLike>] extends [never] ? true : false
  process: [Missing<GuestProcess, GuestProcessLike>] extends [never] ? true : false
} = { host: true, vm: true, guest: true, container: true, process: true }
