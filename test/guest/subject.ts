// A guest that is driven through the rows of the table: raw frames, and outcomes as short texts that any guest can give.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { HOST_TYPE, NOTIFICATION, NULL_ID, type RawBridge } from '../peer/host.js'
import type { PeerFrame } from '../peer/peer.js'
import { createRequest, request, resultOf, textOf, type DialledGuest } from '../support/raw-guest.js'

/** What the machine of the guest has. */
export interface Hardware {
  /** A disk with a root file system, controller 0 LUN 0; a writable ext4 disk, LUN 1. */
  disks: boolean
  /** VMBus id of a network adapter. */
  adapter: string | undefined
  /** Persistent memory device 0 holds a file system. */
  pmem: boolean
}

const ENV = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin']
const LAYER = '/run/layers/base'
const SCRATCH = '/run/scratch/base'

export const OK = 'ok'

/** `ok`, or the code of the refusal. */
export function outcome(answer: PeerFrame): string {
  return resultOf(answer) || OK
}

export function oci(args: string[], more: object = {}): object {
  return { args, cwd: '/', env: ENV, user: { uid: 0, gid: 0 }, ...more }
}

export interface ContainerChoices {
  process?: object
  spec?: object
  mounts?: object[]
  document?: object
}

export class Subject {
  #bridge: RawBridge
  /** Of all subjects: the next connection may be to a guest that has what the last one left. */
  static #count = 0
  /** The namespace that the adapter is in. */
  readonly namespace = randomUUID()

  private constructor(
    readonly guest: DialledGuest,
    bridge: RawBridge,
    readonly hardware: Hardware,
  ) {
    this.#bridge = bridge
  }

  /** The next guest that dials, with the disks of its containers mounted. */
  static async connect(guest: DialledGuest, hardware: Hardware): Promise<Subject> {
    const subject = new Subject(guest, await guest.connected(), hardware)
    await subject.#mountDisks()
    return subject
  }

  /** Where they are mounted already the guest refuses, and nothing changes. */
  async #mountDisks(): Promise<void> {
    if (!this.hardware.disks) return
    await this.modify('Add', 'MappedVirtualDisk', { MountPath: LAYER, Lun: 0, ReadOnly: true })
    await this.modify('Add', 'MappedVirtualDisk', { MountPath: SCRATCH, Lun: 1 })
  }

  get bridge(): RawBridge {
    return this.#bridge
  }

  /** Drops the bridge and takes the next connection: of the same agent, or of the next one where it does not survive that. */
  async reconnect(): Promise<void> {
    this.#bridge.socket.destroy()
    this.#bridge = await this.guest.connected()
    await this.#mountDisks()
  }

  /** A number that no row had. */
  next(): number {
    return ++Subject.#count
  }

  async call(type: number, containerId: string, members: object = {}): Promise<string> {
    return outcome(await this.#bridge.call(type, request(containerId, members)))
  }

  async modify(type: string, resource: string, settings?: unknown, containerId = NULL_ID): Promise<string> {
    const body = { RequestType: type, ResourceType: resource, Settings: settings }
    return outcome(await this.guest.modify(this.#bridge, body, containerId))
  }

  /** `no answer` when the guest goes on answering others and not this. */
  async unanswered(answer: Promise<string>): Promise<string> {
    const later = this.run(NULL_ID, { CommandArgs: ['/bin/sh', '-c', 'sleep 0.2'] }).then(() => 'no answer')
    return Promise.race([answer, later])
  }

  /** Executes without streams. Answers the pid, or the code of the refusal. */
  async start(containerId: string, parameters: object): Promise<number | string> {
    const answer = await this.#bridge.call(HOST_TYPE.execute, this.guest.executeRequest(containerId, parameters, {}))
    return resultOf(answer) || (answer.body['ProcessId'] as number)
  }

  /**
   * Runs to the end: what it wrote and its exit code, or the code of the refusal. `input` is given when it has written, with `isAfterOutput`.
   */
  async run(containerId: string, parameters: object, input?: string, isAfterOutput = false): Promise<string> {
    const ports: Record<string, number> = {}
    const streams = input === undefined ? ['stdout'] : ['stdin', 'stdout']
    for (const name of streams) ports[name] = this.guest.port()
    const listeners = await Promise.all(streams.map((name) => this.guest.host.listen(`vsock_${ports[name]}`)))
    const answer = await this.#bridge.call(HOST_TYPE.execute, this.guest.executeRequest(containerId, parameters, ports))
    if (resultOf(answer) !== '') return resultOf(answer)
    const sockets = await Promise.all(listeners.map((listener) => listener.accept()))
    const stdout = sockets.at(-1)!
    const output = textOf(stdout)
    if (isAfterOutput) await once(stdout, 'data')
    if (input !== undefined) sockets[0]!.write(input)
    // A terminal's input stays open, as a person's would.
    if (input !== undefined && !('EmulateConsole' in parameters)) sockets[0]!.end()
    const text = await output
    for (const socket of sockets) socket.destroy()
    return `${JSON.stringify(text)} exit ${await this.exitOf(containerId, answer.body['ProcessId'] as number)}`
  }

  /** A shell line in the utility VM or a container. */
  shell(containerId: string, line: string): Promise<string> {
    const args = ['/bin/sh', '-c', line]
    return this.run(containerId, containerId === NULL_ID ? { CommandArgs: args } : { OciProcess: oci(args) })
  }

  /** The exit code, or why there is none. */
  async exitOf(containerId: string, pid: number, timeoutMs?: number): Promise<string> {
    const answer = await this.guest.wait(this.#bridge, containerId, pid, timeoutMs)
    return resultOf(answer) || String(answer.body['ExitCode'])
  }

  /** A root file system for a container, of the disks. */
  async layers(id: string): Promise<string> {
    return this.modify('Add', 'CombinedLayers', {
      ContainerID: id,
      ContainerRootPath: `/run/gcs/c/${id}/rootfs`,
      Layers: [{ Path: LAYER }],
      ScratchPath: `${SCRATCH}/${id}`,
    })
  }

  removeLayers(id: string): Promise<string> {
    return this.modify('Remove', 'CombinedLayers', { ContainerRootPath: `/run/gcs/c/${id}/rootfs` })
  }

  document(id: string, args: string[], { process, spec, mounts = [], document }: ContainerChoices = {}): object {
    const [network, namespaces] = [{ networkNamespace: randomUUID() }, ['pid', 'mount', 'uts', 'ipc', 'network']]
    return {
      SchemaVersion: { Major: 2, Minor: 1 },
      OciBundlePath: `/run/gcs/c/${id}`,
      OciSpecification: {
        ociVersion: '1.1.0',
        process: oci(args, process),
        root: { path: `/run/gcs/c/${id}/rootfs` },
        mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }, ...mounts],
        linux: { namespaces: namespaces.map((type) => ({ type })) },
        windows: { network },
        ...spec,
      },
      ScratchDirPath: `${SCRATCH}/${id}`,
      ...document,
    }
  }

  /** Creates a container of an id of its own, with its root. Answers the id and the outcome. */
  async create(args: string[], choices: ContainerChoices = {}, id = `row${this.next()}`): Promise<[string, string]> {
    await this.layers(id)
    return [id, await this.createAs(id, this.document(id, args, choices))]
  }

  async createAs(id: string, document: object): Promise<string> {
    return outcome(await this.#bridge.call(HOST_TYPE.create, createRequest(id, document)))
  }

  /** A container whose init runs. */
  async running(args: string[], choices: ContainerChoices = {}): Promise<{ id: string; init: number }> {
    const [id, created] = await this.create(args, choices)
    const init = created === OK ? await this.start(id, {}) : created
    if (typeof init !== 'number') throw new Error(`a container of ${args.join(' ')}: ${init}`)
    return { id, init }
  }

  /** One that has ended. */
  async ended(): Promise<string> {
    const { id, init } = await this.running(['/bin/sleep', '1000'])
    await this.call(HOST_TYPE.shutdownForced, id)
    await this.exitOf(id, init)
    await this.notified(id)
    return id
  }

  /** The type of the exit that is told of this container. */
  async notified(id: string): Promise<string> {
    for (;;) {
      const { body } = await this.#bridge.notification()
      if (body['ContainerId'] === id) return String(body['Type'])
    }
  }

  /** Whether the exit of this container has been told so far. */
  isTold(id: string): boolean {
    return this.#bridge.frames.some(({ type, body }) => type === NOTIFICATION && body['ContainerId'] === id)
  }
}

/** One line of the table. */
export interface Row {
  readonly id: string
  /** Hardware without which it is left out. */
  readonly needs?: keyof Hardware
  /** The guest does not survive it. */
  readonly isFatal?: boolean
  run(guest: Subject): Promise<string>
}

/** Rows that the guest's machine must have something for. */
export function needing(needs: keyof Hardware, rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => ({ needs, ...row }))
}
