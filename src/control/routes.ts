// What a control server can be asked: one table of methods and paths.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Host } from '../actors/host.js'
import { HOST_EVENTS, type HostEvents } from '../actors/host-events.js'
import { isRecord, JsonError, parseJson } from '../protocol/json.js'
import { ControlRequestError } from './failure.js'
import { toWireError } from '../errors-wire.js'
import { bigintAsText } from './log-book.js'
import type { Machines } from './machines.js'
import {
  VM_ACTIONS,
  type ControlCallRequest,
  type ControlInfo,
  type CreateVmRequest,
  type VmAction,
  type VmActionRequest,
} from './messages.js'

/** Largest body of a request, bytes: a document with its shares and devices is far below it. */
const MAX_BODY = 16 * 1024 * 1024

export interface ControlContext {
  host: Host
  machines: Machines
  info: ControlInfo
}

export interface Call {
  params: readonly string[]
  query: URLSearchParams
  /** Aborted when whoever asked goes away. */
  signal: AbortSignal
  request: IncomingMessage
  response: ServerResponse
}

/** Answers a value, which becomes the body; undefined when it has answered by itself. */
type Handler = (context: ControlContext, call: Call) => Promise<unknown>

interface Route {
  method: string
  /** Segments; ':' stands for a parameter. */
  path: readonly string[]
  handle: Handler
}

const route = (method: string, path: string, handle: Handler): Route => ({ method, path: path.split('/'), handle })

const ROUTES: readonly Route[] = [
  route('GET', 'info', ({ info }) => Promise.resolve(info)),
  route('GET', 'stats', async ({ host }) => ({ host: await host.stats() })),
  route('GET', 'events', streamEvents),
  route('GET', 'vms', ({ machines }, { signal }) => machines.list({ signal })),
  route('POST', 'vms', async ({ machines }, call) => {
    const body = await readBody(call.request)
    if (typeof body['id'] !== 'string' || !isRecord(body['document'])) {
      throw new ControlRequestError(400, 'expected { "id": "…", "document": { … } }')
    }
    return machines.create(body as unknown as CreateVmRequest, call.signal)
  }),
  route('GET', 'vms/:', ({ machines }, { params, signal }) => machines.details(params[0]!, { signal })),
  route('DELETE', 'vms/:', async ({ machines }, { params, query, signal }) => {
    await machines.remove(params[0]!, query.get('force') === 'true', signal)
    return {}
  }),
  route('GET', 'vms/:/stats', ({ machines }, { params, signal }) => machines.stats(params[0]!, { signal })),
  route('GET', 'vms/:/logs', streamLogs),
  route('POST', 'vms/:/call', async ({ machines }, call) => {
    const body = await readBody(call.request)
    if (!['host', 'guest'].includes(body['on'] as string) || typeof body['method'] !== 'string') {
      throw new ControlRequestError(400, 'expected { "on": "host" or "guest", "method": "…", "args": [ … ] }')
    }
    await machines.call(call.params[0]!, body as unknown as ControlCallRequest, call.signal)
    return {}
  }),
  route('POST', 'vms/:/:', async ({ machines }, call) => {
    const [id, action] = call.params
    if (!VM_ACTIONS.includes(action as VmAction)) {
      throw new ControlRequestError(404, `no such action; there are ${VM_ACTIONS.join(', ')}`)
    }
    const body = (await readBody(call.request)) as VmActionRequest
    return machines.act(id!, action as VmAction, body, call.signal)
  }),
]

/** @throws {ControlRequestError} 404 no such path, 405 another method */
export function findRoute(method: string, path: string): { handle: Handler; params: string[] } {
  const segments = path.split('/').slice(1)
  const version = segments.shift()
  if (version !== 'v1') throw new ControlRequestError(404, 'paths begin with /v1')
  const fitting = ROUTES.filter(({ path: known }) => fits(known, segments))
  if (fitting.length === 0) throw new ControlRequestError(404, `there is no ${path}`)
  const found = fitting.find((one) => one.method === method)
  if (found === undefined) {
    throw new ControlRequestError(405, `${path} knows ${[...new Set(fitting.map((one) => one.method))].join(' and ')}`)
  }
  const params = segments.filter((_, at) => found.path[at] === ':').map(decode)
  return { handle: found.handle, params }
}

function fits(path: readonly string[], segments: readonly string[]): boolean {
  return path.length === segments.length && path.every((part, at) => part === ':' || part === segments[at])
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ControlRequestError(400, `${segment} is no part of a path`)
  }
}

/** The parameters of a command's path, `/v1/vms/ID/exec`. @throws {ControlRequestError} */
export function execTarget(path: string): string {
  const segments = path.split('/').slice(1)
  if (segments.length === 4 && segments[0] === 'v1' && segments[1] === 'vms' && segments[3] === 'exec') {
    return decode(segments[2]!)
  }
  throw new ControlRequestError(404, 'only /v1/vms/ID/exec can be upgraded')
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > MAX_BODY) throw new ControlRequestError(413, `a body may have ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  if (length === 0) return {}
  try {
    const body = parseJson(Buffer.concat(chunks).toString('utf8'))
    if (isRecord(body)) return body
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new ControlRequestError(400, `the body is no JSON: ${error.message}`)
  }
  throw new ControlRequestError(400, 'expected a JSON object as the body')
}

/** A line of JSON each, held back while its reader is behind. */
async function writeLines(response: ServerResponse, lines: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  for await (const line of lines) {
    if (signal.aborted) return
    if (response.write(`${JSON.stringify(line, bigintAsText)}\n`)) continue
    await once(response, 'drain', { signal })
  }
}

function beginLines(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  // Whoever waits for the first line knows that somebody is there.
  response.flushHeaders()
}

async function streamEvents({ host }: ControlContext, { response, signal }: Call): Promise<undefined> {
  const names = Object.keys(HOST_EVENTS) as (keyof HostEvents)[]
  const streams = names.map((event) => ({ event, stream: host.events(event, { signal }) }))
  beginLines(response)
  const work = streams.map(({ event, stream }) => writeLines(response, told(event, stream), signal))
  await Promise.all(work.map((one) => one.catch(() => undefined)))
  response.end()
}

async function* told(event: string, stream: AsyncIterable<unknown[]>): AsyncIterable<unknown> {
  for await (const args of stream) {
    yield {
      event,
      time: new Date().toISOString(),
      args: args.map((arg) => (arg instanceof Error ? withoutStack(arg) : arg)),
    }
  }
}

function withoutStack(error: Error): { name: string; message: string; fields: unknown } {
  const { name, message, fields } = toWireError(error)
  return { name, message, fields }
}

async function streamLogs({ machines }: ControlContext, { params, query, response, signal }: Call): Promise<undefined> {
  const log = machines.log(params[0]!)
  const tail = query.get('tail')
  const count = tail === null ? undefined : Number(tail)
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    throw new ControlRequestError(400, 'tail: expected an integer of 0 or more')
  }
  const following = query.get('follow') === 'true' ? log.follow() : undefined
  beginLines(response)
  try {
    for (const entry of log.last(count)) response.write(`${JSON.stringify(entry, bigintAsText)}\n`)
    if (following !== undefined) {
      signal.addEventListener('abort', () => following.end(), { once: true })
      await writeLines(response, following, signal).catch(() => undefined)
    }
  } finally {
    following?.end()
  }
  response.end()
}
