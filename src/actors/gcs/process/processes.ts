// The guest's processes as the actor knows them: their stdio channels, their one outstanding wait, and how they are asked for.

import type { MessagePort } from 'node:worker_threads'
import { GuestConnectionUnavailableError, InvalidStateError, ProviderUnavailableError } from '../../../errors.js'
import type { HvSocketListener, HvSocketTransport } from '../../../native/hvsocket.js'
import type { Clock } from '../../../native/clock.js'
import {
  decodeExitCode,
  decodeProcessId,
  executeBody,
  requestBody,
  WAIT_FOREVER,
  type Answer,
  type StdioRelay,
} from '../../../protocol/bridge/messages.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { FIRST_STDIO_PORT, vsockServiceId } from '../../../protocol/hvsocket.js'
import type { Gauges } from '../../environment.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { GuestConnection } from '../connection/connection.js'
import type { GuestInit, GuestRequests, StartedProcess } from '../contract.js'
import { signalOptions } from './signals.js'
import { InputChannel, OutputChannel } from './stdio-channel.js'

type StreamName = 'stdin' | 'stdout' | 'stderr'
type StdioChannel = InputChannel | OutputChannel
type Exit = { exitCode: number; known: boolean }

interface GuestProcessEntry {
  readonly pid: number
  readonly containerId: string
  channels: readonly StdioChannel[]
  /** Undefined once it has ended: an entry lives until its process is closed, and must not keep a dead connection. */
  connection: GuestConnection | undefined
  /** Settles once; a rejection is handed to whoever waits. */
  readonly exit: Promise<Exit>
}

interface OutstandingWait extends Pick<GuestProcessEntry, 'pid' | 'containerId'> {
  readonly connection: GuestConnection
  readonly exit: Promise<Exit>
  readonly settle: (exit: Exit) => void
}

/** How long the guest is asked to wait when a process is taken over, milliseconds: with 0 it may say "not yet" of one that has exited. */
const PROBE_MS = 50

/** Not found: the guest has forgotten the process, so it has exited, with a code that nobody knows. */
function exitOf(answer: Answer): Exit {
  return { exitCode: decodeExitCode(answer), known: answer.result === 0 }
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
  /** Waits that are outstanding, by request id: a process that is opened again shares its own. */
  readonly #waits = new Map<bigint, OutstandingWait>()
  /** Never reused, and advanced even when listening fails. */
  #nextPort = FIRST_STDIO_PORT

  constructor(options: ProcessesOptions) {
    this.#options = options
    this.seedNextPort(options.init.firstPort ?? 0)
  }

  /** Listens for the requested streams, starts the process, and sends its one wait. */
  async execute(
    connection: GuestConnection,
    input: GuestRequests['execute']['input'],
    call: ActorCall,
  ): Promise<StartedProcess> {
    const { containerId, parameters, op } = input
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
      if (call.isCancelled()) throw abandoned()
      const { ports } = listening
      const answer = await connection.request('ExecuteProcess', this.#executeBody(containerId, parameters, ports), {
        op,
        trace: call.trace,
        onLate: (late) => this.#discardLate(connection, containerId, late, discard),
      })
      if (call.isCancelled()) {
        this.#discardLate(connection, containerId, answer, discard)
        throw abandoned()
      }
      const pid = decodeProcessId(answer)
      const { exit, waitId } = this.#watch(connection, containerId, pid, channels, call)
      const { key } = input
      this.#entries.set(key, { pid, containerId, channels, connection, exit })
      for (const channel of channels) channel.started()
      return { key, pid, waitId, ports }
    } catch (error) {
      discard()
      throw error
    }
  }

  /** In the order stdin, stdout, stderr; only requested streams take a port. */
  async #listen(
    streams: Partial<Record<StreamName, MessagePort>>,
    op: string,
    saved: StartedProcess['ports'] = {},
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
        const port = saved[name] ?? this.#nextPort
        this.seedNextPort(port + 1)
        ports[name] = port
        const { clock, gauges, transport } = this.#options
        const listener = await this.#listenOn(port, name, op)
        const Kind = name === 'stdin' ? InputChannel : OutputChannel
        const channel = new Kind({ listener, port: local, clock, gauges, endedWhole: transport.endedWhole })
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
    call?: ActorCall,
  ): { exit: Promise<Exit>; waitId: bigint } {
    const waitId = connection.nextId
    const body = requestBody(containerId, { ProcessId: `${pid}`, TimeoutInMs: `${WAIT_FOREVER}` })
    const options = { op: 'process.wait', accept: [HRESULT.ERROR_NOT_FOUND], trace: call?.trace, outlives: true }
    const wait = this.#keepWait(
      connection,
      waitId,
      { pid, containerId },
      connection.request('WaitForProcess', body, options),
    )
    this.#track(wait.exit, channels)
    return { exit: wait.exit, waitId }
  }

  #track(exit: Promise<Exit>, channels: readonly StdioChannel[]): void {
    // A wait that failed says nothing of output that is still coming; only what has not connected is given up.
    const exited = (): void => {
      for (const channel of channels) channel.exited()
    }
    exit.then(exited, exited)
  }

  /** Settles as the wait is answered, or as a probe tells. */
  #keepWait(
    connection: GuestConnection,
    waitId: bigint,
    process: Pick<OutstandingWait, 'pid' | 'containerId'>,
    answer: Promise<Answer>,
  ): OutstandingWait {
    let settle: OutstandingWait['settle'] = () => undefined
    const exit = new Promise<Exit>((resolve, reject) => {
      settle = resolve
      answer.then((answered) => resolve(exitOf(answered)), reject)
    })
    const wait = { connection, exit, settle, ...process }
    this.#waits.set(waitId, wait)
    const answered = (): void => {
      if (this.#waits.get(waitId) === wait) this.#waits.delete(waitId)
    }
    exit.then(answered, answered)
    return wait
  }

  /**
   * The guest is back: an exit that it told while nobody listened is not told again, so it is asked once of each process whose wait is
   * outstanding. A failure means only that the wait is still to be answered.
   */
  probe(connection: GuestConnection): void {
    for (const wait of this.#waits.values()) if (wait.connection === connection) this.#probe(wait, 'process.wait')
  }

  #probe({ connection, pid, containerId, settle }: OutstandingWait, op: string): void {
    const body = requestBody(containerId, { ProcessId: `${pid}`, TimeoutInMs: `${PROBE_MS}` })
    const accept = [HRESULT.ERROR_NOT_FOUND]
    connection.request('WaitForProcess', body, { op, accept }).then(
      (answer) => settle(exitOf(answer)),
      () => undefined,
    )
  }

  // ------------------------------------------------------------------------------------------------------------- restore

  /** The port that the next stream will have. */
  get nextPort(): number {
    return this.#nextPort
  }

  /** Raises it; never lowers it. */
  seedNextPort(port: number): void {
    this.#nextPort = Math.max(this.#nextPort, port)
  }

  /**
   * Takes over a process that an earlier owner has started: listens on its ports again and adopts the wait that the owner has sent. The
   * answer to a wait may have gone to the earlier owner; so the guest is asked once whether the process has exited already.
   *
   * @throws {InvalidStateError} the wait is none that can still be answered on this connection
   */
  async reopen(connection: GuestConnection, input: GuestRequests['openProcess']['input']): Promise<StartedProcess> {
    const { pid, containerId, waitId, ports } = input
    const op = 'guest.openProcess'
    const exit = this.#sharedExit(connection, waitId) ?? this.#adoptedExit(connection, input, op)
    const { channels } = await this.#listen(input, op, ports)
    this.#track(exit, channels)
    for (const channel of channels) channel.started()
    const { key } = input
    this.#entries.set(key, { pid, containerId, channels, connection, exit })
    return { key, pid, waitId, ports }
  }

  #sharedExit(connection: GuestConnection, waitId: bigint): Promise<Exit> | undefined {
    const wait = this.#waits.get(waitId)
    return wait?.connection === connection ? wait.exit : undefined
  }

  #adoptedExit(connection: GuestConnection, input: GuestRequests['openProcess']['input'], op: string): Promise<Exit> {
    const { pid, containerId, waitId } = input
    const accept = [HRESULT.ERROR_NOT_FOUND]
    const adopted = connection.adoptWait(waitId, { op: 'process.wait', accept })
    if (adopted === undefined) {
      const reason = `the wait ${waitId} is outstanding for another process`
      throw new InvalidStateError({ op, id: this.#options.init.vmId, state: 'wait-unknown', reason })
    }
    const wait = this.#keepWait(connection, waitId, { pid, containerId }, adopted)
    this.#probe(wait, op)
    return wait.exit
  }

  /** A process that started after its caller had given up: closed, killed where the guest allows it, its wait kept. */
  #discardLate(connection: GuestConnection, containerId: string, answer: Answer, discard: () => void): void {
    discard()
    if (answer.result !== 0 || connection.closed) return
    const pid = decodeProcessId(answer)
    this.#watch(connection, containerId, pid, [])
    this.#killNobodys(connection, containerId, pid)
  }

  /** Its caller gave up before it had the process: closed, and killed where the guest allows it. */
  discard(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.close(key)
    if (entry.connection?.closed === false) this.#killNobodys(entry.connection, entry.containerId, entry.pid)
  }

  #killNobodys(connection: GuestConnection, containerId: string, pid: number): void {
    const body = requestBody(containerId, { ProcessId: `${pid}` })
    connection.request('SignalProcess', body, { op: 'process.kill' }).catch(() => undefined)
  }

  #entry(key: number, op: string): GuestProcessEntry {
    const entry = this.#entries.get(key)
    if (entry !== undefined) return entry
    throw new InvalidStateError({ op, id: this.#options.init.vmId, state: 'closed', reason: 'the process was closed' })
  }

  /** The entry of a process whose connection lives. @throws {GuestConnectionUnavailableError} */
  async #reachable(key: number, op: string): Promise<GuestProcessEntry & { connection: GuestConnection }> {
    const entry = this.#entry(key, op)
    const { connection } = entry
    if (connection?.closed === false) return { ...entry, connection }
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
    for (const entry of this.#entries.values()) {
      if (entry.connection?.closed !== true) continue
      entry.connection = undefined
      entry.channels = []
    }
  }
}
