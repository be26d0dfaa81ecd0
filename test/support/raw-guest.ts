// A built-in guest started alone, and a raw host that it dials.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { SimulatedGuest, type GuestOS, type SimulatedGuestOptions } from '#dist/index.js'
import { ACTIVITY, BRIDGE, HOST_TYPE, NULL_ID, RawBridge, RawHost, type RawListener } from '../peer/host.js'
import type { PeerFrame } from '../peer/peer.js'

const RUNTIME_ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'

/** The base of a request. */
export function request(containerId: string, members: object = {}): object {
  return { ContainerId: containerId, ActivityId: ACTIVITY, ...members }
}

/** `0x80004005`; '' for success. */
export function resultOf(answer: PeerFrame): string {
  const result = answer.body['Result'] as number
  return result === 0 ? '' : `0x${(result >>> 0).toString(16)}`
}

export interface Streams {
  stdin?: Socket
  stdout?: Socket
  stderr?: Socket
}

/** Everything a socket brings until its end, as text. The socket stays open. */
export async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  await once(socket, 'end')
  return Buffer.concat(chunks).toString()
}

/** Any guest that dials the raw host. */
export class DialledGuest {
  #nextPort = 0x4000_0001

  constructor(
    readonly host: RawHost,
    readonly guestOS: GuestOS,
    private readonly bridgeListener: RawListener,
  ) {}

  /** The next connection of the guest's bridge. */
  async bridge(): Promise<RawBridge> {
    return new RawBridge(await this.bridgeListener.accept())
  }

  /** The same, negotiated. */
  async connected(): Promise<RawBridge> {
    const bridge = await this.bridge()
    await bridge.negotiate()
    return bridge
  }

  port(): number {
    return this.#nextPort++
  }

  /** Executes a process with the streams asked for. Fails when the guest refuses. */
  async execute(
    bridge: RawBridge,
    containerId: string,
    parameters: object,
    streams: ('stdin' | 'stdout' | 'stderr')[] = [],
  ): Promise<Streams & { pid: number; ports: Record<string, number>; listeners: Record<string, RawListener> }> {
    const ports: Record<string, number> = {}
    const listeners: Record<string, RawListener> = {}
    for (const name of streams) {
      ports[name] = this.port()
      listeners[name] = await this.host.listen(`vsock_${ports[name]}`)
    }
    const answer = await bridge.call(HOST_TYPE.execute, this.executeRequest(containerId, parameters, ports))
    if (resultOf(answer) !== '') throw new Error(`execute: ${answer.text}`)
    const sockets: Streams = {}
    for (const name of streams) sockets[name] = await listeners[name]!.accept()
    return { pid: answer.body['ProcessId'] as number, ports, listeners, ...sockets }
  }

  executeRequest(containerId: string, parameters: object, ports: Record<string, number>): object {
    const where = (port: number | undefined): number | string | undefined =>
      port === undefined || this.guestOS === 'linux'
        ? port
        : `${port.toString(16).padStart(8, '0')}-facb-11e6-bd58-64006a7986d3`
    const relay = { StdIn: where(ports['stdin']), StdOut: where(ports['stdout']), StdErr: where(ports['stderr']) }
    const flags = {
      ...('stdin' in ports ? { CreateStdInPipe: true } : {}),
      ...('stdout' in ports ? { CreateStdOutPipe: true } : {}),
      ...('stderr' in ports ? { CreateStdErrPipe: true } : {}),
    }
    return request(containerId, {
      Settings: {
        ProcessParameters: JSON.stringify({ ...parameters, ...flags }),
        [this.guestOS === 'linux' ? 'VsockStdioRelaySettings' : 'StdioRelaySettings']: relay,
      },
    })
  }

  /** Runs a command in the UVM or a container to its end. Answers its output and exit code. */
  async run(bridge: RawBridge, containerId: string, command: string): Promise<{ output: string; code: number }> {
    const parameters =
      this.guestOS === 'windows'
        ? { CommandLine: `cmd /c ${command}` }
        : containerId === NULL_ID
          ? { CommandArgs: ['sh', '-c', command] }
          : { OciProcess: ociProcess(['sh', '-c', command]) }
    const { pid, stdout } = await this.execute(bridge, containerId, parameters, ['stdout'])
    const output = await textOf(stdout!)
    stdout!.destroy()
    const waited = await this.wait(bridge, containerId, pid)
    return { output, code: waited.body['ExitCode'] as number }
  }

  wait(bridge: RawBridge, containerId: string, pid: number, timeoutMs = 0xffff_ffff): Promise<PeerFrame> {
    return bridge.call(HOST_TYPE.wait, request(containerId, { ProcessId: pid, TimeoutInMs: timeoutMs }))
  }

  modify(bridge: RawBridge, body: object, containerId = NULL_ID): Promise<PeerFrame> {
    return bridge.call(HOST_TYPE.modify, request(containerId, { Request: body }))
  }

  /** Makes a directory of the utility VM, as the root of a container that has no layers. */
  async makeDirectory(bridge: RawBridge, path: string): Promise<void> {
    const { pid } = await this.execute(bridge, NULL_ID, { CommandArgs: ['mkdir', '-p', path] })
    await this.wait(bridge, NULL_ID, pid)
  }

  /** Creates a container. Fails when the guest refuses. */
  async create(bridge: RawBridge, id: string, config: object): Promise<void> {
    if (this.guestOS === 'linux') await this.makeDirectory(bridge, ROOT)
    const answer = await bridge.call(HOST_TYPE.create, createRequest(id, config))
    if (resultOf(answer) !== '') throw new Error(`create: ${answer.text}`)
  }
}

/** A built-in guest. */
export class LoneGuest extends DialledGuest {
  private constructor(
    readonly guest: SimulatedGuest,
    host: RawHost,
    guestOS: GuestOS,
    listener: RawListener,
    readonly directory: string,
  ) {
    super(host, guestOS, listener)
  }

  static async start(
    guestOS: GuestOS = 'linux',
    options: Partial<SimulatedGuestOptions> = {},
    before: (host: RawHost) => Promise<void> = () => Promise.resolve(),
  ): Promise<LoneGuest> {
    const directory = await mkdtemp('/tmp/lone-')
    const host = new RawHost(directory, RUNTIME_ID)
    // A Windows guest only dials a host that listens already.
    const listener = await host.listen(BRIDGE[guestOS])
    await before(host)
    const guest = SimulatedGuest.start({ guestOS, transport: directory, runtimeId: RUNTIME_ID, ...options })
    return new LoneGuest(guest, host, guestOS, listener, directory)
  }

  /** Stops everything; fails when the guest leaves a connection open. */
  async close(): Promise<void> {
    await this.guest.stop()
    await this.host.close()
    await rm(this.directory, { recursive: true })
  }
}

export function createRequest(id: string, config: object): object {
  return request(id, { ContainerConfig: JSON.stringify(config) })
}

export function ociProcess(args: string[], more: object = {}): object {
  return { user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/', ...more }
}

/** Root of the containers below. */
export const ROOT = '/run/gcs/c/c1/rootfs'
export const PROC = { destination: '/proc', type: 'proc', source: 'proc' }

/** The document of a Linux container. It needs its root to be there. */
export function linuxContainer(
  args: string[],
  more: { process?: object; spec?: object; document?: object } = {},
): object {
  return {
    SchemaVersion: { Major: 2, Minor: 1 },
    OciBundlePath: '/run/gcs/c/c1',
    OciSpecification: {
      ociVersion: '1.1.0',
      process: ociProcess(args, more.process),
      root: { path: ROOT },
      mounts: [PROC],
      linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
      ...more.spec,
    },
    ScratchDirPath: '/run/gcs/c/c1/scratch/c1',
    ...more.document,
  }
}

/** The document of a Windows container. */
export function windowsContainer(container: object = {}): object {
  return { SchemaVersion: { Major: 2, Minor: 1 }, Container: { GuestOs: { HostName: 'web-01' }, ...container } }
}
