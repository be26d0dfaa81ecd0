// A program's hold on a service process: found in its directory, or started there. Each Host joins as a client of its own; the hold itself
// is a client too, so that the service does not end between finding it and the first Host.

import type { Duplex } from 'node:stream'
import { AbortError, OperationTimeoutError, ProviderUnavailableError, UVMError } from '../../errors.js'
import { systemClock } from '../clock.js'
import { ownModule } from '../own-file.js'
import { relayBetween } from '../relay-stream.js'
import type { ServiceSetup } from './entry-contract.js'
import { enterService, NobodyThere, pause, type Entered } from './greet.js'
import { HandshakeError, type Entrance } from './handshake.js'
import { Lifeline } from './lifeline.js'
import { readServiceLock } from './lock.js'
import { RELAYED_FROM, type Holder } from './messages.js'
import { processStartTime } from './process-identity.js'
import type { ServiceProviderOptions } from './provider.js'
import { startService } from './start.js'

const PLACE = { from: 'native/service-process/client.js', base: import.meta.url, file: './provider.js' }
/** While another program's service starts: how often to look, and when to try to start one again, milliseconds. */
const LOOK_MS = 25
const LOOKS_PER_START = 40

export interface ReachOptions {
  op: string
  /** Checked by openServiceDirectory. */
  directory: string
  /** What the service must be. */
  provider: string
  /** How to start it; undefined: only one that runs is wanted. */
  start: Omit<ServiceSetup, 'directory'> | undefined
  /** Milliseconds for all of it. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export class ServiceProcess {
  readonly directory: string
  readonly pid: number
  /** Whether this call started it, so that it has the options that were given. */
  readonly started: boolean
  readonly #lifeline: Lifeline

  private constructor(lifeline: Lifeline, started: boolean) {
    this.#lifeline = lifeline
    this.directory = lifeline.hello.directory
    this.pid = lifeline.hello.pid
    this.started = started
  }

  /**
   * Finds the service of a directory, or starts it.
   *
   * @throws {ProviderUnavailableError} none runs and none is to be started, it cannot be started, or it is of another protocol or provider
   * @throws {OperationTimeoutError} it lives and does not answer
   * @throws {AbortError}
   */
  static async reach(options: ReachOptions): Promise<ServiceProcess> {
    const { op, directory, provider } = options
    const { entered, started } = await bounded(options, (signal) => enterOrStart(options, signal))
    const found = entered.hello
    if (found.provider === provider) return new ServiceProcess(new Lifeline(entered), started)
    entered.connection.close()
    const reason = `the service process of ${directory} (pid ${found.pid}) serves '${found.provider}', not '${provider}'`
    throw new ProviderUnavailableError({ op, reason })
  }

  /** One Host joins. @throws {ProviderUnavailableError} the service is gone */
  async join(op: string, timeoutMs: number): Promise<ServiceClient> {
    const entered = await bounded({ op, directory: this.directory, timeoutMs }, (signal) =>
      enterService(this.directory, { as: 'lifeline' }, signal),
    )
    return new ServiceClient(this.directory, new Lifeline(entered))
  }

  /** Leaves; the service and its other clients live on. */
  close(): Promise<void> {
    return this.#lifeline.leave()
  }
}

/** One Host at a service process. */
export class ServiceClient {
  readonly directory: string
  readonly #lifeline: Lifeline
  readonly #relays = new Set<() => void>()
  #sockets = RELAYED_FROM
  #left: Promise<void> | undefined

  constructor(directory: string, lifeline: Lifeline) {
    this.directory = directory
    this.#lifeline = lifeline
  }

  /** The provider module for one more actor thread. */
  link(): { module: string; options: ServiceProviderOptions } {
    return {
      module: ownModule('service-provider', PLACE),
      options: { directory: this.directory, client: this.#lifeline.client },
    }
  }

  /** Makes a stream of this thread known to the service, which can take it once; `release` gives it up before that. `ended`: it is its owner's again. */
  relaySocket(stream: Duplex): { socket: bigint; release: () => void; ended: Promise<void> } {
    const socket = ++this.#sockets
    const giveUp = new AbortController()
    const release = (): void => giveUp.abort(new Error('the stream was given up'))
    const entrance: Entrance = { as: 'stream', client: this.#lifeline.client, socket }
    this.#relays.add(release)
    const taken = enterService(this.directory, entrance, giveUp.signal)
      .then((entered) => relayWhenTaken(stream, entered, giveUp.signal))
      // The call that names it is told that there is no such stream.
      .catch(() => undefined)
      .finally(() => this.#relays.delete(release))
    return { socket, release, ended: taken.then((end) => end && relayed(end)) }
  }

  /**
   * Claims the guest connection of a VM for this process.
   *
   * @returns who holds it, when somebody else does
   * @throws {ProviderUnavailableError} the service is gone
   */
  claim(runtimeId: string, control = ''): Promise<Holder | undefined> {
    const { pid } = process
    return this.#lifeline.claim(runtimeId, { pid, startTime: processStartTime(pid) ?? '', control })
  }

  release(runtimeId: string): Promise<void> {
    return this.#lifeline.release(runtimeId)
  }

  /** Closes every handle of this client. From `force` on without waiting for the service. Idempotent; never rejects. */
  leave(force?: Promise<unknown>): Promise<void> {
    for (const release of this.#relays) release()
    return (this.#left ??= this.#lifeline.leave(force))
  }
}

/** Resolves when the relay through it is over. */
function relayed(end: Duplex): Promise<void> {
  return new Promise((resolve) => (end.closed ? resolve() : end.once('close', resolve)))
}

/** Waits until the service takes the stream, then relays; resolves when that has begun with our end, or with nothing when it was given up. */
function relayWhenTaken(stream: Duplex, { connection }: Entered, signal: AbortSignal): Promise<Duplex | undefined> {
  connection.socket.unref()
  return new Promise((resolve) => {
    const giveUp = (): void => connection.close()
    signal.addEventListener('abort', giveUp, { once: true })
    const done = (end?: Duplex): void => {
      signal.removeEventListener('abort', giveUp)
      resolve(end)
    }
    connection.open({
      onMessage: () => {
        const end = connection.toRaw()
        relayBetween(stream, end)
        done(end)
      },
      onClose: () => done(),
    })
    if (signal.aborted) giveUp()
    else connection.resume()
  })
}

async function enterOrStart(
  { directory, start }: ReachOptions,
  signal: AbortSignal,
): Promise<{ entered: Entered; started: boolean }> {
  let started = false
  for (;;) {
    for (let look = 0; ; look++) {
      try {
        return { entered: await enterService(directory, { as: 'lifeline' }, signal), started }
      } catch (error) {
        if (!(error instanceof NobodyThere)) throw error
        if (start === undefined) {
          throw new ProviderUnavailableError({ reason: `no service process runs in ${directory}`, cause: error })
        }
      }
      if (look % LOOKS_PER_START === 0) break
      await pause(LOOK_MS, signal)
    }
    const answer = await startService({ ...start, directory }, signal)
    if ('failed' in answer) {
      throw new ProviderUnavailableError({
        reason: `the service process of ${directory} cannot be started: ${answer.failed}`,
      })
    }
    started = 'ready' in answer
    // Busy: somebody else's is about to listen, or is ending.
    if (!started) await pause(LOOK_MS, signal)
  }
}

/** Runs `work` within the caller's time and signal; what it throws becomes one of our errors. */
async function bounded<T>(
  { op, directory, timeoutMs, signal }: Pick<ReachOptions, 'op' | 'directory' | 'timeoutMs' | 'signal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController()
  const abort = (): void => end.abort(new AbortError({ op, cause: signal?.reason }))
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const timer = systemClock.after(timeoutMs, () => {
    const pid = readServiceLock(directory)?.pid
    const who = typeof pid === 'number' ? ` (pid ${pid})` : ''
    const reason = `the service process of ${directory}${who} does not answer`
    end.abort(new OperationTimeoutError({ op, timeoutMs, reason }))
  })
  try {
    return await work(end.signal)
  } catch (error) {
    if (error instanceof ProviderUnavailableError)
      throw new ProviderUnavailableError({ op, reason: error.message, cause: error.cause })
    if (error instanceof UVMError) throw error
    const said = error instanceof Error ? error.message : String(error)
    const reason =
      error instanceof HandshakeError || error instanceof NobodyThere ? said : `it cannot be reached: ${said}`
    throw new ProviderUnavailableError({ op, reason: `the service process of ${directory}: ${reason}`, cause: error })
  } finally {
    timer.clear()
    signal?.removeEventListener('abort', abort)
  }
}
