// A daemon in this process, with what containerd is to it: bundles, FIFOs, a client of the task service, a taker of its events.

import { fromBinary, type DescMethodUnary } from '@bufbuild/protobuf'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { HostOptions } from '#dist/index.js'
import { TtrpcClient, TtrpcServer } from '#ttrpc/index.js'
import { Daemon } from '#containerd/daemon.js'
import * as events from '#containerd/generated/events_pb.js'
import { Events, type ForwardRequest } from '#containerd/generated/forward_pb.js'
import { Task } from '#containerd/generated/task_pb.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'

const run = promisify(execFile)

export const VERSION_2 = 'containerd.task.v2.Task'
export const VERSION_3 = 'containerd.task.v3.Task'

export interface Told {
  namespace: string
  topic: string
  event: Record<string, unknown>
}

/** Takes events as containerd does. */
export class EventTaker {
  readonly told: Told[] = []
  readonly path: string
  #server: Server | undefined
  #rpc: TtrpcServer | undefined
  #heard: (() => void)[] = []

  constructor(path: string) {
    this.path = path
  }

  async listen(): Promise<void> {
    this.#rpc = new TtrpcServer().add(Events, {
      forward: ({ envelope }: ForwardRequest) => {
        const { typeUrl, value } = envelope!.event!
        const name = typeUrl.slice(typeUrl.lastIndexOf('.') + 1)
        const schema = events[`${name}Schema` as keyof typeof events] as typeof events.TaskExitSchema
        this.told.push({
          namespace: envelope!.namespace,
          topic: envelope!.topic,
          event: fromBinary(schema, value) as never,
        })
        for (const resolve of this.#heard.splice(0)) resolve()
        return {}
      },
    })
    const rpc = this.#rpc
    this.#server = createServer((socket) => rpc.serve(socket)).listen(this.path)
    await once(this.#server, 'listening')
  }

  /** Those of a container, once there are so many. */
  async of(containerId: string, count: number): Promise<Told[]> {
    for (;;) {
      const found = this.told.filter(({ event }) => event['containerId'] === containerId)
      if (found.length >= count) return found
      await new Promise<void>((resolve) => this.#heard.push(resolve))
    }
  }

  async close(): Promise<void> {
    this.#rpc?.close()
    this.#server?.close()
    if (this.#server !== undefined) await once(this.#server, 'close')
    this.#server = undefined
  }
}

/** What a container's config.json says, as far as the tests need. */
export function config(args: string[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ociVersion: '1.1.0',
    process: { args, cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: ['mount', 'pid', 'ipc'].map((type) => ({ type })) },
    ...more,
  }
}

export class Rig {
  readonly place: TemporaryDirectory
  readonly events: EventTaker
  readonly daemon: Daemon
  readonly client: TtrpcClient
  #next = 0

  static async open(simulated: HostOptions['simulated'] = {}): Promise<Rig> {
    const place = await temporaryDirectory()
    const events = new EventTaker(join(place.path, 'events'))
    await events.listen()
    const daemon = await Daemon.open({
      directory: join(place.path, 'd'),
      containerd: events.path,
      namespace: 'default',
      host: { provider: 'simulated', simulated },
      version: '0.0.0',
    })
    return new Rig(place, events, daemon, await TtrpcClient.connect(daemon.address))
  }

  private constructor(place: TemporaryDirectory, events: EventTaker, daemon: Daemon, client: TtrpcClient) {
    this.place = place
    this.events = events
    this.daemon = daemon
    this.client = client
  }

  /** A call of the task service, in the namespace that the daemon has of its own unless another is named. */
  async call(
    method: keyof typeof Task.method,
    request: Record<string, unknown>,
    namespace?: string,
    service: string = VERSION_2,
  ): Promise<Record<string, unknown>> {
    const metadata: Record<string, string> = namespace === undefined ? {} : { 'containerd-namespace-ttrpc': namespace }
    return (await this.client.call(Task.method[method] as DescMethodUnary, request, { metadata }, service)) as never
  }

  /** A bundle with an empty root file system; `spec` may be text, to be written as it is. */
  async bundle(spec: Record<string, unknown> | string): Promise<string> {
    const bundle = join(this.place.path, `b${this.#next++}`)
    await mkdir(join(bundle, 'rootfs'), { recursive: true })
    await writeFile(join(bundle, 'config.json'), typeof spec === 'string' ? spec : JSON.stringify(spec))
    return bundle
  }

  async fifo(): Promise<string> {
    const path = join(this.place.path, `f${this.#next++}`)
    await run('mkfifo', [path])
    return path
  }

  /** What comes out of a FIFO until its last writer has gone. */
  async read(path: string): Promise<Buffer> {
    const file = await open(path, 'r')
    const chunks: Buffer[] = []
    for await (const chunk of file.createReadStream()) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.daemon.close()
    await this.events.close()
    await this.place.remove()
  }
}
