// The guest's processes as the actor knows them: their stdio channels, their one outstanding wait, and how they are asked for.

import type { MessagePort } from 'node:worker_threads'
import { GuestConnectionUnavailableError, InvalidStateError, ProviderUnavailableError } from '../../errors.js'
import type { HvSocketListener, HvSocketTransport } from '../../native/hvsocket.js'
import type { Clock } from '../../native/clock.js'
import {
  decodeExitCode,
  decodeProcessId,
  executeBody,
  requestBody,
  WAIT_FOREVER,
  type Answer,
  type StdioRelay,
} from '../../protocol/bridge/messages.js'
import { HRESULT } from '../../protocol/hresult.js'
import { FIRST_STDIO_PORT, vsockServiceId } from '../../protocol/hvsocket.js'
import type { Gauges } from '../environment.js'
import type { ActorCall } from '../mailbox/contract.js'
import type { GuestConnection } from './connection.js'
import type { GuestInit, GuestRequests, StartedProcess } from './contract.js'
import { signalOptions } from './signals.js'
import { InputChannel, OutputChannel } from './stdio-channel.js'

type StreamName = 'stdin' | 'stdout' | 'stderr'
type StdioChannel = InputChannel | OutputChannel
type Exit = { exitCode: number; known: boolean }

interface GuestProcessEntry {
  readonly pid: number
  readonly containerId: string
  readonly channels: readonly StdioChannel[]
  readonly connection: GuestConnection
  /** Settles once; a rejection is handed to whoever waits. */
  readonly exit: Promise<Exit>
}

export interface ProcessesOptions {
  init: GuestInit
  transport: HvSocketTransport
  clock: Clock
  gauges: Gauges
}

export class GuestProcesses {
  readonly #options: ProcessesOptions
  readonly #entries = new Map<number, GuestProcessEntry>()
  readonly #channels = new Set<StdioChannel>()
  #nextKey = 1
  /** Never reused, and advanced even when listening fails. */
  #nextPort = FIRST_STDIO_PORT

  constructor(options: ProcessesOptions) {
    this.#options = options
  }

  /** Listens for the requested streams, starts the process, and sends its one wait. */
  async execute(
    connection: GuestConnection,
    input: GuestRequests['execute']['input'],
    call: ActorCall,
  ): Promise<StartedProcess> {
    const { containerId, parameters, op } = input
    let given = false
    const forget = call.onCancel(() => (given = true))
    const abandoned = (): InvalidStateError =>
      new InvalidStateError({ op, id: this.#options.init.vmId, state: 'abandoned', reason: 'the caller gave up' })
    let channels: StdioChannel[] = []
    const discard = (): void => {
      for (const channel of channels) channel.close()
    }
    try {
      const listening = await this.#listen(input, op)
      channels = listening.channels
      // Nothing was sent yet: nothing needs to be made good.
      if (given) throw abandoned()
      const { ports } = listening
      const answer = await connection.request('ExecuteProcess', this.#executeBody(containerId, parameters, ports), {
        op,
        onLate: (late) => this.#discardLate(connection, containerId, late, discard),
      })
      if (given) {
        this.#discardLate(connection, containerId, answer, discard)
        throw abandoned()
      }
      const pid = decodeProcessId(answer)
      const { exit, waitId } = this.#watch(connection, containerId, pid, channels)
      const key = this.#nextKey++
      this.#entries.set(key, { pid, containerId, channels, connection, exit })
      return { key, pid, waitId, ports }
    } catch (error) {
      discard()
      throw error
    } finally {
      forget()
    }
  }

  /** In the order stdin, stdout, stderr; only requested streams take a port. */
  async #listen(
    streams: Partial<Record<StreamName, MessagePort>>,
    op: string,
  ): Promise<{
    channels: StdioChannel[]
    ports: StartedProcess['ports']
  }> {
    const channels: StdioChannel[] = []
    const ports: StartedProcess['ports'] = {}
    try {
      for (const name of ['stdin', 'stdout', 'stderr'] as const) {
        const local = streams[name]
        if (local === undefined) continue
        const port = this.#nextPort++
        ports[name] = port
        const { clock, gauges } = this.#options
        const listener = await this.#listenOn(port, name, op)
        const Kind = name === 'stdin' ? InputChannel : OutputChannel
        const channel = new Kind({ listener, port: local, clock, gauges })
        channels.push(channel)
        this.#channels.add(channel)
        local.once('close', () => this.#channels.delete(channel))
      }
      return { channels, ports }
    } catch (error) {
      for (const channel of channels) channel.close()
      throw error
    }
  }

  async #listenOn(port: number, stream: StreamName, op: string): Promise<HvSocketListener> {
    const { init, transport } = this.#options
    try {
      return await transport.listen({ runtimeId: init.runtimeId, serviceId: vsockServiceId(port) })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const reason = `cannot listen on vsock port ${port} for ${stream}: ${why}`
      throw new ProviderUnavailableError({ op, id: init.vmId, reason, cause })
    }
  }

  #executeBody(containerId: string, parameters: string, ports: StartedProcess['ports']): string {
    const isLinux = this.#options.init.guestOS === 'linux'
    const address = (port: number | undefined): number | string | undefined =>
      port === undefined || isLinux ? port : vsockServiceId(port)
    const relay: StdioRelay = {}
    const names = { stdin: 'StdIn', stdout: 'StdOut', stderr: 'StdErr' } as const
    for (const [stream, name] of Object.entries(names) as [StreamName, keyof StdioRelay][]) {
      const where = address(ports[stream])
      if (where !== undefined) relay[name] = where
    }
    return executeBody(containerId, parameters, isLinux ? 'VsockStdioRelaySettings' : 'StdioRelaySettings', relay)
  }

  /** Sends WaitForProcess and keeps what it answers. */
  #watch(
    connection: GuestConnection,
    containerId: string,
    pid: number,
    channels: readonly StdioChannel[],
  ): { exit: Promise<Exit>; waitId: bigint } {
    const waitId = connection.nextId
    const body = requestBody(containerId, { ProcessId: `${pid}`, TimeoutInMs: `${WAIT_FOREVER}` })
    // Not found: the guest has forgotten the process, so it has exited, with a code that nobody knows.
    const options = { op: 'process.wait', accept: [HRESULT.ERROR_NOT_FOUND] }
    const exit = connection
      .request('WaitForProcess', body, options)
      .then((answer): Exit => ({ exitCode: decodeExitCode(answer), known: answer.result === 0 }))
    // A wait that failed says nothing of output that is still coming; only what has not connected is given up.
    const exited = (): void => {
      for (const channel of channels) channel.exited()
    }
    exit.then(exited, exited)
    return { exit, waitId }
  }

  /** A process that started after its caller had given up: closed, killed where the guest allows it, its wait kept. */
  #discardLate(connection: GuestConnection, containerId: string, answer: Answer, discard: () => void): void {
    discard()
    if (answer.result !== 0 || connection.closed) return
    const pid = decodeProcessId(answer)
    this.#watch(connection, containerId, pid, [])
    const body = requestBody(containerId, { ProcessId: `${pid}` })
    connection.request('SignalProcess', body, { op: 'process.kill' }).catch(() => undefined)
  }

  #entry(key: number, op: string): GuestProcessEntry {
    const entry = this.#entries.get(key)
    if (entry !== undefined) return entry
    throw new InvalidStateError({ op, id: this.#options.init.vmId, state: 'closed', reason: 'the process was closed' })
  }

  /** The entry of a process whose connection lives. @throws {GuestConnectionUnavailableError} */
  async #reachable(key: number, op: string): Promise<GuestProcessEntry> {
    const entry = this.#entry(key, op)
    if (!entry.connection.closed) return entry
    const cause: unknown = await entry.exit.catch((error: unknown) => error)
    throw new GuestConnectionUnavailableError({
      op,
      id: this.#options.init.vmId,
      reason: 'the connection it was started on has ended',
      ...(cause instanceof Error ? { cause } : {}),
    })
  }

  wait(key: number): Promise<Exit> {
    return this.#entry(key, 'process.wait').exit
  }

  /** Whether it was delivered: false when the process is gone already. */
  async signal(
    key: number,
    signal: number | string | undefined,
    isSupported: boolean,
    call: ActorCall,
  ): Promise<boolean> {
    const op = signal === undefined ? 'process.kill' : 'process.signal'
    const { pid, containerId, connection } = await this.#reachable(key, op)
    const { guestOS, vmId } = this.#options.init
    const options = signalOptions(guestOS, signal, isSupported, { op, id: `${vmId}:${pid}` })
    const body = requestBody(containerId, {
      ProcessId: `${pid}`,
      ...(options === undefined ? {} : { Options: options }),
    })
    const accept = [HRESULT.ERROR_NOT_FOUND]
    const answer = await connection.request('SignalProcess', body, { op, call, accept })
    return answer.result === 0
  }

  async resize(key: number, width: number, height: number, call: ActorCall): Promise<void> {
    const op = 'process.resizeConsole'
    const { pid, containerId, connection } = await this.#reachable(key, op)
    const body = requestBody(containerId, { ProcessId: `${pid}`, Height: `${height}`, Width: `${width}` })
    await connection.request('ResizeConsole', body, { op, call })
  }

  /** Local: the streams are closed, nothing is sent. */
  close(key: number): void {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    for (const channel of entry?.channels ?? []) channel.close()
  }

  /** The connection is over: the streams go with it. */
  closeStreams(): void {
    for (const channel of this.#channels) channel.close()
    this.#channels.clear()
  }
}
