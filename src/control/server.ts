// The control server of a program: what its Host holds, for other programs of the same user. HTTP/1.1 on a Unix socket or a named pipe, so
// that `curl --unix-socket` works; lines of JSON where an answer is a stream; an upgraded connection for a command's streams.

import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ANSWERING } from '../actors/answering.js'
import { Host } from '../actors/host.js'
import type { UVMError } from '../errors.js'
import { InvalidConfigError, InvalidStateError } from '../errors.js'
import { openPrivateDirectory } from '../native/service-process/directory.js'
import { packageVersion } from '../native/service-process/package-version.js'
import { serviceSecret } from '../native/service-process/secret.js'
import { bindSocketFile, listen } from '../native/unix-socket/socket-file.js'
import { row, STRING } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import {
  controlAddress,
  controlDirectory,
  HEADER,
  isControlName,
  isProof,
  proofOf,
  type ControlPlace,
} from './address.js'
import { ControlRequestError, failureOf, statusOf } from './failure.js'
import { serveExec } from './exec-session.js'
import { STDIO_PROTOCOL } from './frames.js'
import { bigintAsText } from './log-book.js'
import { Machines } from './machines.js'
import { CONTROL_VERSION } from './messages.js'
import { execTarget, findRoute, type ControlContext } from './routes.js'

const BACKLOG = 128

/** A peer that says nothing costs its connection, milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000

const PLACE = optionTable<ControlPlace>('options', {
  directory: STRING,
  name: row('a name of letters and digits', isControlName),
})

export interface ControlServer {
  /** The socket, or the name of the pipe. */
  readonly address: string
  /** Ends every connection and takes the socket away; the Host and its VMs stay. Idempotent. */
  close(): Promise<void>
}

/**
 * Serves what `host` holds to other programs of this user, until it is closed.
 *
 * @throws {InvalidConfigError} a bad option, or a directory that others may enter
 * @throws {InvalidStateError} 'in-use': somebody serves control under that name
 * @throws {UVMError} the socket cannot be made
 */
export async function serveControl(host: Host, options: ControlPlace = {}): Promise<ControlServer> {
  const op = 'control.serve'
  if (!(host instanceof Host))
    throw new InvalidConfigError({ op, path: 'host', secret: host, reason: 'expected a Host' })
  checkOptions({ op }, options, PLACE)
  const directory = controlDirectory(options)
  await openPrivateDirectory(directory, (reason, cause) => {
    throw new InvalidConfigError({ op, path: 'directory', value: directory, reason, cause })
  })
  const secret = await serviceSecret(directory)
  const server = new ControlHttp(host, secret)
  try {
    await server.listen(controlAddress(options))
  } catch (error) {
    server.abandon()
    throw bindFailure(op, controlAddress(options), error)
  }
  await ANSWERING.get(host)?.begin(server.address)
  return server
}

function bindFailure(op: string, address: string, cause: unknown): UVMError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    const reason = `somebody serves control at ${address} already; end it, or take another name`
    return new InvalidStateError({ op, state: 'in-use', reason, cause })
  }
  return new InvalidConfigError({
    op,
    path: 'directory',
    value: address,
    reason: `cannot listen there: ${message}`,
    cause,
  })
}

class ControlHttp implements ControlServer {
  address = ''
  readonly #context: ControlContext
  readonly #secret: Uint8Array | undefined
  readonly #http: HttpServer
  readonly #sockets = new Set<Duplex>()
  readonly #commands = new Set<Promise<void>>()
  #bound: { server: Server; release(): void } | undefined
  #closing: Promise<void> | undefined

  constructor(host: Host, secret: Uint8Array | undefined) {
    const info = {
      control: CONTROL_VERSION,
      version: packageVersion(),
      pid: process.pid,
      since: new Date().toISOString(),
    }
    this.#context = { host, machines: new Machines(host), info }
    this.#secret = secret
    this.#http = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 }, (request, response) => {
      void this.#answer(request, response)
    })
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    )
    this.#http.on('clientError', (_error, socket: Duplex) => socket.destroy())
  }

  async listen(address: string): Promise<void> {
    this.address = address
    const onConnection = (socket: Socket): void => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
      this.#http.emit('connection', socket)
      socket.resume()
    }
    this.#bound =
      process.platform === 'win32'
        ? { server: await listen(address, BACKLOG, onConnection), release: () => undefined }
        : await bindSocketFile(address, BACKLOG, onConnection)
  }

  abandon(): void {
    this.#context.machines.close()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { host, machines } = this.#context
    machines.close()
    const said = ANSWERING.get(host)?.end(this.address)
    this.#bound?.release()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      if (this.#bound === undefined) resolve()
      else this.#bound.server.close(() => resolve())
    })
    this.#http.close()
    await Promise.all([...this.#commands, said])
  }

  #admit(request: IncomingMessage): void {
    if (this.#secret === undefined) return
    const { [HEADER.nonce]: nonce, [HEADER.proof]: proof } = request.headers
    if (!isProof(this.#secret, 'client', nonce, proof))
      throw new ControlRequestError(403, 'the secret of the directory is not known')
  }

  #proof(request: IncomingMessage): Record<string, string> {
    const nonce = request.headers[HEADER.nonce]
    if (this.#secret === undefined || typeof nonce !== 'string') return {}
    return { [HEADER.proof]: proofOf(this.#secret, 'server', nonce) }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    // One listener for each event that is followed.
    setMaxListeners(0, gone.signal)
    response.on('close', () => gone.abort())
    response.on('error', () => gone.abort())
    for (const [name, value] of Object.entries(this.#proof(request))) response.setHeader(name, value)
    try {
      this.#admit(request)
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://uvm')
      const { handle, params } = findRoute(request.method ?? '', pathname)
      const call = { params, query: searchParams, signal: gone.signal, request, response }
      const body = await handle(this.#context, call)
      if (body !== undefined) send(response, 200, body)
    } catch (error) {
      if (!response.headersSent) send(response, statusOf(error), failureOf(error))
      else response.destroy()
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      this.#admit(request)
      if (request.headers.upgrade !== STDIO_PROTOCOL) {
        throw new ControlRequestError(426, `expected an upgrade to ${STDIO_PROTOCOL}`)
      }
      const { pathname } = new URL(request.url ?? '/', 'http://uvm')
      const guest = this.#context.machines.guest(execTarget(pathname))
      const proof = Object.entries(this.#proof(request)).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${STDIO_PROTOCOL}\r\n${proof.join('')}\r\n`,
      )
      const command = serveExec(guest, socket, head).finally(() => this.#commands.delete(command))
      this.#commands.add(command)
    } catch (error) {
      const body = JSON.stringify(failureOf(error), bigintAsText)
      const status = statusOf(error)
      socket.end(
        `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      )
    }
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body, bigintAsText)}\n`)
}
