// The client of a control server: what another program of this user holds.

import { randomBytes } from 'node:crypto'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  AbortError,
  InvalidConfigError,
  OperationTimeoutError,
  ProtocolError,
  ProviderUnavailableError,
} from '../errors.js'
import type { CallOptions } from '../actors/mailbox/contract.js'
import { CALL_ROWS, checkCallOptions } from '../actors/mailbox/call-options.js'
import { openServiceDirectory } from '../native/service-process/directory.js'
import { readHolder } from '../native/service-process/holders.js'
import { serviceSecret } from '../native/service-process/secret.js'
import { row, STRING } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import { isGuid, normaliseGuid } from '../protocol/guid.js'
import { parseJson } from '../protocol/json.js'
import { controlAddress, HEADER, isControlName, isProof, proofOf, type ControlPlace } from './address.js'
import { ControlCommand } from './command.js'
import { errorOf } from './failure.js'
import { STDIO_PROTOCOL } from './frames.js'
import {
  CONTROL_VERSION,
  type ControlCallRequest,
  type ControlEvent,
  type ControlInfo,
  type ControlLogLine,
  type ControlStats,
  type ControlVm,
  type ControlVmDetails,
  type ControlVmStats,
  type CreateVmRequest,
  type ExecStart,
  type VmAction,
  type VmActionRequest,
} from './messages.js'

const HOLDER_ROWS = { directory: STRING, ...CALL_ROWS }
const HOLDER_PLACE = optionTable<Pick<ControlPlace, 'directory'> & CallOptions>('options', HOLDER_ROWS)

const PLACE = optionTable<ControlPlace & CallOptions>('options', {
  ...HOLDER_ROWS,
  name: row('a name of letters and digits', isControlName),
})

const MAX_ANSWER = 64 * 1024 * 1024

type Answer = IncomingMessage

export class ControlClient {
  /** Of the server, when it was first asked. */
  readonly info: ControlInfo
  readonly address: string
  readonly #secret: Uint8Array | undefined

  private constructor(address: string, secret: Uint8Array | undefined, info: ControlInfo) {
    this.address = address
    this.#secret = secret
    this.info = info
  }

  /**
   * Finds the control server of a directory.
   *
   * @throws {InvalidConfigError} a bad option, or a directory that others may enter
   * @throws {ProviderUnavailableError} nobody serves control there, or one of another version
   */
  static async connect(options: ControlPlace & CallOptions = {}): Promise<ControlClient> {
    const op = 'control.connect'
    checkOptions({ op }, options, PLACE)
    const directory = await openServiceDirectory({ op, given: options.directory, option: 'directory', create: false })
    return ControlClient.#at(controlAddress(options), await serviceSecret(directory), options, op)
  }

  /**
   * Finds the program that holds a VM's guest connection: that one runs commands in it and has its log.
   *
   * @param runtimeId as `list` tells it
   * @returns undefined when nobody holds it
   * @throws {InvalidConfigError} a bad option, no GUID, or a directory that others may enter
   * @throws {ProviderUnavailableError} its holder serves no control, is gone, or is of another version
   */
  static async holderOf(
    runtimeId: string,
    options: Pick<ControlPlace, 'directory'> & CallOptions = {},
  ): Promise<ControlClient | undefined> {
    const op = 'control.holderOf'
    checkOptions({ op }, options, HOLDER_PLACE)
    if (!isGuid(runtimeId))
      throw new InvalidConfigError({ op, path: 'runtimeId', value: runtimeId, reason: 'expected a GUID' })
    const directory = await openServiceDirectory({ op, given: options.directory, option: 'directory', create: false })
    const holder = readHolder(directory, normaliseGuid(runtimeId))
    if (holder === undefined) return undefined
    const { pid, control } = holder
    if (control !== '') return ControlClient.#at(control, await serviceSecret(directory), options, op)
    const reason = `the guest connection of ${runtimeId} is held by the process ${pid}, which serves no control`
    throw new ProviderUnavailableError({ op, reason })
  }

  static async #at(
    address: string,
    secret: Uint8Array | undefined,
    options: CallOptions,
    op: string,
  ): Promise<ControlClient> {
    const found = new ControlClient(address, secret, {} as ControlInfo)
    const info = (await found.#ask('GET', 'info', undefined, options, op)) as ControlInfo
    if (info.control === CONTROL_VERSION) return new ControlClient(address, secret, info)
    const reason = `${address} speaks control version ${String(info.control)} (package ${String(info.version)}), and this is ${CONTROL_VERSION}`
    throw new ProviderUnavailableError({ op, reason })
  }

  list(options?: CallOptions): Promise<ControlVm[]> {
    return this.#ask('GET', 'vms', undefined, options, 'control.list') as Promise<ControlVm[]>
  }

  create(request: CreateVmRequest, options?: CallOptions): Promise<ControlVmDetails> {
    return this.#ask('POST', 'vms', request, options, 'control.create') as Promise<ControlVmDetails>
  }

  inspect(id: string, options?: CallOptions): Promise<ControlVmDetails> {
    return this.#ask('GET', vm(id), undefined, options, 'control.inspect') as Promise<ControlVmDetails>
  }

  /** 'kill' and 'stop' answer the exit. */
  act(id: string, action: VmAction, request: VmActionRequest = {}, options?: CallOptions): Promise<unknown> {
    return this.#ask('POST', `${vm(id)}/${action}`, request, options, `control.${action}`)
  }

  /** A change of the VM ('host') or inside its guest, by the name of its method. */
  async call(id: string, request: ControlCallRequest, options?: CallOptions): Promise<void> {
    await this.#ask('POST', `${vm(id)}/call`, request, options, `control.${request.method}`)
  }

  async remove(id: string, force = false, options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', `${vm(id)}?force=${String(force)}`, undefined, options, 'control.remove')
  }

  stats(options?: CallOptions): Promise<ControlStats> {
    return this.#ask('GET', 'stats', undefined, options, 'control.stats') as Promise<ControlStats>
  }

  vmStats(id: string, options?: CallOptions): Promise<ControlVmStats> {
    return this.#ask('GET', `${vm(id)}/stats`, undefined, options, 'control.stats') as Promise<ControlVmStats>
  }

  /** Of its Host, from now on; ends with the server. */
  events(options?: Pick<CallOptions, 'signal'>): AsyncIterableIterator<ControlEvent> {
    return this.#lines('events', options, 'control.events') as AsyncIterableIterator<ControlEvent>
  }

  /** The last `tail` entries of the guest's log (default: all that are kept); with `follow` what comes, until the VM ends. */
  logs(
    id: string,
    { tail, follow = false, ...options }: { tail?: number; follow?: boolean } & Pick<CallOptions, 'signal'> = {},
  ): AsyncIterableIterator<ControlLogLine> {
    const query = `follow=${String(follow)}${tail === undefined ? '' : `&tail=${tail}`}`
    return this.#lines(`${vm(id)}/logs?${query}`, options, 'control.logs') as AsyncIterableIterator<ControlLogLine>
  }

  /** Runs a command in the VM, or in a container of it. */
  async exec(id: string, start: ExecStart, options?: CallOptions): Promise<ControlCommand> {
    const op = 'control.exec'
    const { request, failed, release } = this.#request('POST', `${vm(id)}/exec`, options, op, {
      connection: 'Upgrade',
      upgrade: STDIO_PROTOCOL,
    })
    try {
      const upgraded = new Promise<ControlCommand>((resolve, reject) => {
        request.on('upgrade', (response: Answer, socket: Duplex, head: Buffer) => {
          try {
            this.#trust(response, request, op)
            resolve(new ControlCommand(socket, head, start, { op, id }))
          } catch (error) {
            socket.destroy()
            reject(error as Error)
          }
        })
        request.on('response', (response: Answer) => {
          readText(response).then((text) => reject(errorOf(readAnswer(text))), reject)
        })
      })
      request.end()
      const command = await Promise.race([upgraded, failed])
      try {
        await Promise.race([command.started, failed])
      } catch (error) {
        command.close()
        throw error
      }
      return command
    } finally {
      release()
    }
  }

  async #ask(
    method: string,
    path: string,
    body: unknown,
    options: CallOptions | undefined,
    op: string,
  ): Promise<unknown> {
    const { request, failed, release } = this.#request(method, path, options, op)
    try {
      const answered = new Promise<Answer>((resolve) => request.on('response', resolve))
      if (body === undefined) request.end()
      else request.end(JSON.stringify(body))
      const response = await Promise.race([answered, failed])
      this.#trust(response, request, op)
      const text = await Promise.race([readText(response), failed])
      if (response.statusCode === 200) return readAnswer(text)
      throw errorOf(readAnswer(text))
    } finally {
      release()
    }
  }

  async *#lines(path: string, options: CallOptions | undefined, op: string): AsyncIterableIterator<unknown> {
    const { request, failed, release } = this.#request('GET', path, options, op)
    try {
      const answered = new Promise<Answer>((resolve) => request.on('response', resolve))
      request.end()
      const response = await Promise.race([answered, failed])
      this.#trust(response, request, op)
      if (response.statusCode !== 200) throw errorOf(readAnswer(await Promise.race([readText(response), failed])))
      let rest = ''
      response.setEncoding('utf8')
      const chunks = response[Symbol.asyncIterator]() as AsyncIterator<string>
      for (;;) {
        const { done, value } = await Promise.race([chunks.next(), failed])
        if (done === true) return
        const lines = (rest + value).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > MAX_ANSWER) throw new ProtocolError({ op, reason: 'a line of the answer is too long' })
        for (const line of lines) if (line !== '') yield readAnswer(line)
      }
    } finally {
      release()
      request.destroy()
    }
  }

  /** `failed` rejects with what ends the request: nobody there, the caller's signal or time. It never resolves. */
  #request(
    method: string,
    path: string,
    options: CallOptions | undefined,
    op: string,
    headers: Record<string, string> = {},
  ): { request: ClientRequest; failed: Promise<never>; release: () => void } {
    if (options !== undefined) {
      const { signal, timeoutMs } = options
      checkCallOptions(
        { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
        { op, id: '' },
      )
    }
    const nonce = randomBytes(16).toString('hex')
    const proofs =
      this.#secret === undefined
        ? {}
        : { [HEADER.nonce]: nonce, [HEADER.proof]: proofOf(this.#secret, 'client', nonce) }
    const request = httpRequest({
      socketPath: this.address,
      method,
      path: `/v1/${path}`,
      headers: { ...headers, ...proofs },
      // A connection each: nothing stays open behind the caller.
      agent: false,
    })
    const { signal, timeoutMs } = options ?? {}
    let release = (): void => undefined
    const failed = new Promise<never>((_resolve, reject) => {
      const onAbort = (): void => end(new AbortError({ op, cause: signal?.reason }))
      const end = (error: Error): void => {
        reject(error)
        request.destroy()
      }
      const timer =
        timeoutMs === undefined || timeoutMs === Infinity
          ? undefined
          : AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1))
      const onTime = (): void => end(new OperationTimeoutError({ op, timeoutMs: timeoutMs ?? 0, sent: true }))
      timer?.addEventListener('abort', onTime, { once: true })
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted === true) onAbort()
      request.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(op, this.address, error)))
      release = () => {
        timer?.removeEventListener('abort', onTime)
        signal?.removeEventListener('abort', onAbort)
      }
    })
    failed.catch(() => undefined)
    return { request, failed, release }
  }

  /** Where there is a secret, whoever answers has to know it. */
  #trust(response: Answer, request: ClientRequest, op: string): void {
    if (this.#secret === undefined) return
    if (isProof(this.#secret, 'server', request.getHeader(HEADER.nonce), response.headers[HEADER.proof])) return
    response.destroy()
    const reason = `whoever answers at ${this.address} does not know the secret of the directory`
    throw new ProviderUnavailableError({ op, reason })
  }
}

function vm(id: string): string {
  return `vms/${encodeURIComponent(id)}`
}

async function readText(response: Answer): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > MAX_ANSWER) throw new ProtocolError({ op: 'control', reason: 'the answer is too long' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readAnswer(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new ProtocolError({
      op: 'control',
      reason: 'the control server answered with something that is no JSON',
      cause,
    })
  }
}

function unreachable(op: string, address: string, cause: NodeJS.ErrnoException): ProviderUnavailableError {
  const why =
    cause.code === 'ENOENT'
      ? 'nobody serves control there'
      : cause.code === 'ECONNREFUSED'
        ? 'its server is gone and left the socket behind'
        : cause.message
  return new ProviderUnavailableError({ op, reason: `${address}: ${why}; start one with \`uvmctl service\``, cause })
}
