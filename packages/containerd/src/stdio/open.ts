// The host's ends of a process's streams: FIFOs of containerd, files, and programs that log.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, createWriteStream, openSync, closeSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { TtrpcError } from 'uvm-ttrpc'
import { parseTarget } from './uri.js'

export interface StdioRequest {
  stdin: string
  stdout: string
  stderr: string
  terminal: boolean
}

export interface HostStdio {
  stdin: Input | undefined
  stdout: Writable | undefined
  stderr: Writable | undefined
  /** Gives up whatever is open. Idempotent. */
  close(): void
}

export interface Input {
  /**
   * Called once, when the process has started: a client that writes to the FIFO waits for its reader, and would tell of its end too early
   * otherwise, while the process has no name yet.
   */
  open(): Readable
  /** Nobody will write any more: the stream ends behind what is in it already. Idempotent. */
  end(): void
}

/** How long a program that logs may take until it says that it is ready, ms. */
const LOGGER_READY_MS = 10_000

/** Ids that a program which logs is told. */
export interface LoggedProcess {
  namespace: string
  id: string
}

/** @throws {TtrpcError} INVALID_ARGUMENT or NOT_FOUND, that names the stream */
export async function openStdio(request: StdioRequest, of: LoggedProcess): Promise<HostStdio> {
  const opened: (() => void)[] = []
  const close = (): void => {
    for (const one of opened.splice(0)) one()
  }
  try {
    const out = parseTarget('stdout', request.stdout)
    const err = parseTarget('stderr', request.terminal ? '' : request.stderr)
    const stdin = await findInput(request.stdin, opened)
    if (out.kind === 'binary') {
      const logger = await openLogger(out, of, opened)
      return { stdin, stdout: logger.stdout, stderr: err.kind === 'none' ? undefined : logger.stderr, close }
    }
    const stdout = await openOutput('stdout', out, opened)
    // Both in one file: one stream, or they would write over each other.
    const isShared = out.kind === 'file' && err.kind === 'file' && out.path === err.path
    return { stdin, stdout, stderr: isShared ? stdout : await openOutput('stderr', err, opened), close }
  } catch (error) {
    close()
    throw error
  }
}

async function findInput(value: string, opened: (() => void)[]): Promise<Input | undefined> {
  const target = parseTarget('stdin', value)
  if (target.kind === 'none') return undefined
  if (target.kind !== 'fifo') throw new TtrpcError('INVALID_ARGUMENT', `stdin: a FIFO is expected`)
  const { path } = target
  await checkFifo('stdin', path)
  let writer: number | undefined
  let isEnded = false
  const end = (): void => {
    isEnded = true
    if (writer !== undefined) closeSync(writer)
    writer = undefined
  }
  const open = (): Readable => {
    const stream = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })
    stream.on('error', () => undefined)
    // Held until CloseIO, so that a client which goes away and comes back does not end the stream, and what it wrote last is read.
    if (!isEnded) writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    opened.push(() => stream.destroy())
    return stream
  }
  opened.push(end)
  return { open, end }
}

async function openOutput(
  what: string,
  target: ReturnType<typeof parseTarget>,
  opened: (() => void)[],
): Promise<Writable | undefined> {
  switch (target.kind) {
    case 'none':
      return undefined
    case 'fifo': {
      await checkFifo(what, target.path)
      // Also for reading: it opens without anybody at the other end, and outlives one that goes away.
      const stream = new Socket({ fd: openSync(target.path, constants.O_RDWR | constants.O_NONBLOCK), readable: false })
      stream.on('error', () => undefined)
      opened.push(() => stream.destroy())
      return stream
    }
    case 'file': {
      await mkdir(dirname(target.path), { recursive: true, mode: 0o700 })
      const stream = createWriteStream(target.path, { flags: 'a', mode: 0o600 })
      stream.on('error', () => undefined)
      await once(stream, 'open')
      opened.push(() => stream.destroy())
      return stream
    }
    case 'binary':
      throw new TtrpcError('INVALID_ARGUMENT', `${what}: a program takes both streams, and is named by stdout`)
  }
}

async function checkFifo(what: string, path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new TtrpcError('NOT_FOUND', `${what} ${path}: ${cause.code ?? cause.message}`, { cause })
  })
  if (!found.isFIFO()) throw new TtrpcError('INVALID_ARGUMENT', `${what} ${path} is no FIFO`)
}

/** The program reads the streams at descriptors 3 and 4, and closes 5 when it is ready. */
async function openLogger(
  { path, args }: { path: string; args: string[] },
  { namespace, id }: LoggedProcess,
  opened: (() => void)[],
): Promise<{ stdout: Writable; stderr: Writable }> {
  const child = spawn(path, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, CONTAINER_ID: id, CONTAINER_NAMESPACE: namespace },
  })
  const [stdout, stderr, ready] = child.stdio.slice(3) as [Socket, Socket, Socket]
  for (const stream of [stdout, stderr, ready]) stream.on('error', () => undefined)
  opened.push(() => {
    for (const stream of [stdout, stderr, ready]) stream.destroy()
  })
  try {
    await new Promise<void>((resolve, reject) => {
      const late = AbortSignal.timeout(LOGGER_READY_MS)
      late.addEventListener('abort', () => reject(new Error(`not ready within ${LOGGER_READY_MS} ms`)))
      child.once('error', reject)
      child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code} before it was ready`)))
      ready.once('end', resolve).once('close', resolve).resume()
    })
  } catch (cause) {
    child.kill('SIGKILL')
    throw new TtrpcError('FAILED_PRECONDITION', `the logging program ${path}: ${(cause as Error).message}`, { cause })
  }
  return { stdout, stderr }
}
