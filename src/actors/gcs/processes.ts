// The guest's processes as the actor knows them: their stdio channels, their one outstanding wait, and how they are asked for.

import type { MessagePort } from 'node:worker_threads'
import { GuestRPCError, InvalidStateError, type UVMError } from '../../errors.js'
import type { HvSocketTransport } from '../../native/hvsocket.js'
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

/** How long a stream may still connect after its process has exited, milliseconds. A Windows guest may dial late. */
const LATE_CONNECT_MS = 5_000

type StreamName = 'stdin' | 'stdout' | 'stderr'
type Exit = { exitCode: number; known: boolean }

interface GuestProcessEntry {
  readonly pid: number
  readonly containerId: string
  readonly channels: readonly (InputChannel | OutputChannel)[]
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
  readonly #channels = new Set<InputChannel | OutputChannel>()
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
    const { channels, ports } = await this.#listen(input)
    const discard = (): void => {
      for (const channel of channels) channel.close()
    }
    let given = false
    const forget = call.onCancel(() => (given = true))
    try {
      const answer = await connection.request('ExecuteProcess', this.#executeBody(containerId, parameters, ports), {
        op,
        onLate: (late) => this.#discardLate(connection, containerId, late, discard),
      })
      if (given) {
        this.#discardLate(connection, containerId, answer, discard)
        throw new InvalidStateError({ op, state: 'abandoned', reason: 'the caller gave up' })
      }
      const pid = decodeProcessId(answer)
      const entry = this.#watch(connection, containerId, pid, channels)
      const key = this.#nextKey++
      this.#entries.set(key, entry.process)
      return { key, pid, waitId: entry.waitId, ports }
    } catch (error) {
      discard()
      throw error
    } finally {
      forget()
    }
  }

  /** In the order stdin, stdout, stderr; only requested streams take a port. */
  async #listen(streams: Partial<Record<StreamName, MessagePort>>): Promise<{
    channels: (InputChannel | OutputChannel)[]
    ports: StartedProcess['ports']
  }> {
    const channels: (InputChannel | OutputChannel)[] = []
    const ports: StartedProcess['ports'] = {}
    try {
      for (const name of ['stdin', 'stdout', 'stderr'] as const) {
        const local = streams[name]
        if (local === undefined) continue
        const port = this.#nextPort++
        ports[name] = port
        const { runtimeId } = this.#options.init
        const listener = await this.#options.transport.listen({ runtimeId, serviceId: vsockServiceId(port) })
        const Kind = name === 'stdin' ? InputChannel : OutputChannel
        const channel = new Kind(listener, local, this.#options.gauges)
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
    channels: readonly (InputChannel | OutputChannel)[],
  ): { process: GuestProcessEntry; waitId: bigint } {
    const waitId = connection.nextId
    const body = requestBody(containerId, { ProcessId: `${pid}`, TimeoutInMs: `${WAIT_FOREVER}` })
    const exit = connection.request('WaitForProcess', body, { op: 'process.wait' }).then(
      (answer): Exit => ({ exitCode: decodeExitCode(answer), known: true }),
      (error: UVMError): Exit => {
        // The guest has forgotten it: it has exited, with a code that nobody knows.
        if (error instanceof GuestRPCError && error.result === HRESULT.ERROR_NOT_FOUND)
          return { exitCode: 0, known: false }
        throw error
      },
    )
    exit.then(
      () => this.#endUnconnected(channels),
      () => {
        for (const channel of channels) channel.close()
      },
    )
    return { process: { pid, containerId, channels, connection, exit }, waitId }
  }

  /** A stream that did not connect while its process ran hardly will: its reader must not wait for ever. */
  #endUnconnected(channels: readonly (InputChannel | OutputChannel)[]): void {
    const idle = channels.filter((channel) => !channel.isConnected)
    if (idle.length === 0) return
    this.#options.clock.after(LATE_CONNECT_MS, () => {
      for (const channel of idle) if (!channel.isConnected) channel.close()
    })
  }

  /** A process that started after its caller had given up: closed, killed where the guest allows it, its wait kept. */
  #discardLate(connection: GuestConnection, containerId: string, answer: Answer, discard: () => void): void {
    discard()
    if (answer.result !== 0 || connection.closed) return
    try {
      const pid = decodeProcessId(answer)
      this.#watch(connection, containerId, pid, []).process.exit.catch(() => undefined)
      const body = requestBody(containerId, { ProcessId: `${pid}` })
      connection.request('SignalProcess', body, { op: 'process.kill' }).catch(() => undefined)
    } catch {
      // An answer that cannot be read has ended the connection.
    }
  }

  #entry(key: number, op: string): GuestProcessEntry {
    const entry = this.#entries.get(key)
    if (entry !== undefined) return entry
    throw new InvalidStateError({ op, id: this.#options.init.vmId, state: 'closed', reason: 'the process was closed' })
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
    const { pid, containerId, connection } = this.#entry(key, op)
    const { guestOS, vmId } = this.#options.init
    const options = signalOptions(guestOS, signal, isSupported, { op, id: `${vmId}:${pid}` })
    const body = requestBody(containerId, {
      ProcessId: `${pid}`,
      ...(options === undefined ? {} : { Options: options }),
    })
    try {
      await connection.request('SignalProcess', body, { op, call })
      return true
    } catch (error) {
      if (error instanceof GuestRPCError && error.result === HRESULT.ERROR_NOT_FOUND) return false
      throw error
    }
  }

  async resize(key: number, width: number, height: number, call: ActorCall): Promise<void> {
    const op = 'process.resizeConsole'
    const { pid, containerId, connection } = this.#entry(key, op)
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
