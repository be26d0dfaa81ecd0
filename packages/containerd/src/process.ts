// One process of a task, its init or one beside it: from its request to its exit, with its streams.

import type { GuestProcessHandle } from 'uvm-actors'
import { TtrpcError } from 'uvm-ttrpc'
import { toStatus } from './failure.js'
import { openStdio, type HostStdio, type LoggedProcess, type StdioRequest } from './stdio/open.js'
import { relay, type Relay } from './stdio/relay.js'

/** How long a deleted process's output may take to be read, ms: a reader that does not read is not waited for. */
const DRAIN_MS = 10_000

/** How long an exit waits for the output before it, ms. */
const EXIT_DRAIN_MS = 2000
const SIGKILL = 9
/** Exit code of what SIGKILL ended. */
export const KILLED = 137

export type ProcessState = 'created' | 'running' | 'stopped'

export interface ProcessExit {
  /** 128 and the signal's number when a signal ended it. */
  status: number
  /** Milliseconds since 1970. */
  atMs: number
}

type Start = (pipes: {
  CreateStdInPipe: boolean
  CreateStdOutPipe: boolean
  CreateStdErrPipe: boolean
  EmulateConsole: boolean
}) => Promise<GuestProcessHandle>

export class TaskProcess {
  readonly stdio: StdioRequest
  /** Of the pod's daemon: the guest's own numbers mean nothing on this host. */
  readonly pid = process.pid
  readonly exited: Promise<ProcessExit>
  #exit: ProcessExit | undefined
  #settle!: (exit: ProcessExit) => void
  #state: ProcessState = 'created'
  #isStarting = false
  readonly #host: HostStdio
  #process: GuestProcessHandle | undefined
  #relay: Relay | undefined

  /** Opens the host's ends at once: whoever waits at the other end of a FIFO hears of it. */
  static async open(stdio: StdioRequest, of: LoggedProcess): Promise<TaskProcess> {
    return new TaskProcess(stdio, await openStdio(stdio, of))
  }

  private constructor(stdio: StdioRequest, host: HostStdio) {
    this.stdio = stdio
    this.#host = host
    this.exited = new Promise((resolve) => (this.#settle = resolve))
  }

  get state(): ProcessState {
    return this.#state
  }

  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  /** @throws {TtrpcError} */
  async start(start: Start): Promise<void> {
    if (this.#state !== 'created' || this.#isStarting)
      throw new TtrpcError(
        'FAILED_PRECONDITION',
        `the process is ${this.#isStarting ? 'starting' : this.#state}; it starts once`,
      )
    this.#isStarting = true
    const { stdin, stdout, stderr } = this.#host
    try {
      this.#process = await start({
        CreateStdInPipe: stdin !== undefined,
        CreateStdOutPipe: stdout !== undefined,
        CreateStdErrPipe: stderr !== undefined,
        EmulateConsole: this.stdio.terminal,
      })
    } catch (error) {
      this.ended(255)
      throw toStatus(error)
    } finally {
      this.#isStarting = false
    }
    // It may have been ended meanwhile.
    if (this.state === 'created') this.#state = 'running'
    this.#relay = relay(this.#process, this.#host)
    void this.#watch(this.#process)
  }

  async #watch(process: GuestProcessHandle): Promise<void> {
    // Of a guest that is gone, or does not know any more: as after a kill.
    const status = await process.wait().then(
      ({ exitCode }) => exitCode,
      () => KILLED,
    )
    const atMs = Date.now()
    // Whoever hears of the end may look no further: what was written comes first, as far as its reader reads.
    await within(EXIT_DRAIN_MS, this.#relay?.drained)
    this.ended(status, atMs)
  }

  /** It has ended, or never will run. The first to say so is heard. */
  ended(status: number, atMs = Date.now()): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#exit = { status: status >>> 0, atMs }
    if (this.#process === undefined) this.#host.close()
    this.#settle(this.#exit)
  }

  /** @throws {TtrpcError} NOT_FOUND when it has ended */
  async signal(signal: number): Promise<void> {
    if (this.#state === 'stopped') throw new TtrpcError('NOT_FOUND', 'the process has ended already')
    if (this.#process === undefined) throw new TtrpcError('FAILED_PRECONDITION', 'the process has not been started')
    const delivered = await this.#process.signal({ Signal: signal }).catch((error: unknown) => {
      throw toStatus(error)
    })
    if (!delivered) throw new TtrpcError('NOT_FOUND', 'the process has ended already')
    if (signal === SIGKILL) void this.#finish()
  }

  /** A guest tells of an end once the output before it has left: one that is killed does not wait for a reader that reads nothing. */
  async #finish(): Promise<void> {
    await within(EXIT_DRAIN_MS, this.exited)
    if (this.state !== 'stopped') this.#relay?.discard()
  }

  /** Of one that has ended: nothing. */
  async resize(width: number, height: number): Promise<void> {
    if (this.#state === 'stopped' || this.#process === undefined) return
    await this.#process.resizeConsole(width, height).catch((error: unknown) => {
      if (this.#state !== 'stopped') throw toStatus(error)
    })
  }

  closeInput(): void {
    this.#host.stdin?.end()
  }

  /** Gives up its streams, once their readers have what there is, and its handle. */
  async release(): Promise<void> {
    await within(DRAIN_MS, this.#relay?.drained)
    this.#host.close()
    await this.#process?.close()
  }
}

async function within(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  const late = new Promise<void>((resolve) => {
    AbortSignal.timeout(ms).addEventListener('abort', () => resolve())
  })
  await Promise.race([promise, late])
}
