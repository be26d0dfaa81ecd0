// What a program and a service process say to each other. A connection begins with three greetings: the client's hello, the service's
// hello, the client's entering; then the service lets it in. From there on
//   - a lifeline (one per Host, from its main thread) asks what concerns the Host as a whole, and its end is the end of the Host;
//   - a thread (one per actor thread) speaks the messages of `native/remote/wire.ts`;
//   - a stream carries the bytes of one relayed socket, without frames.
// What comes from the other end is read by the functions below and by nothing else.

import { isRecord } from '../../protocol/json.js'
import type { HcsFileCall } from '../hcs.js'
import type { ServiceCall, SystemOp, ToService } from '../remote/wire.js'

/** Of the protocol. Ends that differ in it do not understand each other. */
export const PROTOCOL_MAJOR = 1

/** Numbers of relayed streams begin above this: a number below it names no stream that could still come. */
export const RELAYED_FROM = 2n ** 62n

export type Role = 'lifeline' | 'thread' | 'stream'

export interface ClientHello {
  major: number
  /** Of the package, for people. */
  version: string
  /** 32 random bytes. */
  nonce: Uint8Array
}

export interface ServiceHello {
  major: number
  version: string
  pid: number
  /** What it serves: 'simulated'. */
  provider: string
  directory: string
  nonce: Uint8Array
  /** Where both ends share a secret. */
  proof?: Uint8Array | undefined
}

export interface Entering {
  as: Role
  /** Of a thread or a stream: the client it belongs to, as its lifeline was told. */
  client: string
  /** Of a stream: the number it can be taken under. */
  socket: string
  proof?: Uint8Array | undefined
}

export type Greeting = { hello: ClientHello } | { enter: Entering }
export type ServiceGreeting = { hello: ServiceHello } | { entered: string } | { refused: string }

/** Who holds the guest connection of a VM. */
export interface Holder {
  pid: number
  /** When that process began, as its system words it; '' where it cannot be had. */
  startTime: string
  /** Where it can be asked things, '' when nowhere. */
  control: string
}

export type LifelineRequest = { number: number } & (
  | { claim: string; holder: Holder }
  | { release: string }
  /** Close my handles. */
  | { leave: true }
)
export type LifelineAnswer = { number: number } & ({ ok: true } | { held: Holder } | { fails: string })

/** The peer said something that is no message of this protocol. */
export class MessageError extends Error {}

function wrong(what: string): never {
  throw new MessageError(`${what} is not as the protocol has it`)
}

function text(value: unknown, what: string): string {
  return typeof value === 'string' ? value : wrong(what)
}

function count(value: unknown, what: string): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : wrong(what)
}

function bytes(value: unknown, what: string): Uint8Array {
  return value instanceof Uint8Array ? value : wrong(what)
}

function proofOf(message: Record<string, unknown>): { proof?: Uint8Array } {
  return message['proof'] == null ? {} : { proof: bytes(message['proof'], 'a proof') }
}

/** A hello is read leniently: one of another major has only `major` and `version` in common with ours. @throws {MessageError} */
export function readClientHello(message: unknown): ClientHello {
  const hello = isRecord(message) && isRecord(message['hello']) ? message['hello'] : wrong('a hello')
  const nonce = hello['nonce'] instanceof Uint8Array ? hello['nonce'] : new Uint8Array()
  return { major: count(hello['major'], 'a major'), version: text(hello['version'], 'a version'), nonce }
}

/** @throws {MessageError} */
export function readServiceHello(message: unknown): ServiceHello {
  const hello = isRecord(message) && isRecord(message['hello']) ? message['hello'] : wrong('a hello')
  const major = count(hello['major'], 'a major')
  const version = text(hello['version'], 'a version')
  const isOurs = major === PROTOCOL_MAJOR
  return {
    major,
    version,
    pid: isOurs ? count(hello['pid'], 'a pid') : Number(hello['pid']),
    provider: isOurs ? text(hello['provider'], 'a provider') : String(hello['provider']),
    directory: isOurs ? text(hello['directory'], 'a directory') : String(hello['directory']),
    nonce: isOurs ? bytes(hello['nonce'], 'a nonce') : new Uint8Array(),
    ...(isOurs ? proofOf(hello) : {}),
  }
}

/** @throws {MessageError} */
export function readEntering(message: unknown): Entering {
  const enter = isRecord(message) && isRecord(message['enter']) ? message['enter'] : wrong('an entering')
  const as = enter['as']
  if (as !== 'lifeline' && as !== 'thread' && as !== 'stream') return wrong('a role')
  return { as, client: text(enter['client'], 'a client'), socket: text(enter['socket'], 'a socket'), ...proofOf(enter) }
}

/** @throws {MessageError} */
export function readEntered(message: unknown): { entered: string } | { refused: string } {
  if (!isRecord(message)) return wrong('an answer')
  if (typeof message['refused'] === 'string') return { refused: message['refused'] }
  return { entered: text(message['entered'], 'an answer') }
}

function readHolder(value: unknown): Holder {
  if (!isRecord(value)) return wrong('a holder')
  return {
    pid: count(value['pid'], 'a pid'),
    startTime: text(value['startTime'], 'a start time'),
    control: text(value['control'], 'a control socket'),
  }
}

/** @throws {MessageError} */
export function readLifelineRequest(message: unknown): LifelineRequest {
  if (!isRecord(message)) return wrong('a request')
  const number = count(message['number'], 'a number')
  if (message['leave'] === true) return { number, leave: true }
  if (message['release'] !== undefined) return { number, release: text(message['release'], 'a runtime id') }
  return { number, claim: text(message['claim'], 'a runtime id'), holder: readHolder(message['holder']) }
}

/** @throws {MessageError} */
export function readLifelineAnswer(message: unknown): LifelineAnswer {
  if (!isRecord(message)) return wrong('an answer')
  const number = count(message['number'], 'a number')
  if (message['ok'] === true) return { number, ok: true }
  if (message['held'] !== undefined) return { number, held: readHolder(message['held']) }
  return { number, fails: text(message['fails'], 'an answer') }
}

const OPS: Readonly<Record<SystemOp, true>> = {
  start: true,
  shutdown: true,
  terminate: true,
  pause: true,
  resume: true,
  save: true,
  modify: true,
  properties: true,
  crash: true,
  'initialize-source': true,
  'start-source': true,
  transfer: true,
  finalize: true,
  cancel: true,
}

const FILE_CALLS: Readonly<Record<HcsFileCall, true>> = {
  'grant-group-access': true,
  'revoke-group-access': true,
  'create-guest-state': true,
  'create-runtime-state': true,
  'processor-compatibility': true,
}

/** @throws {MessageError} */
export function readThreadMessage(message: unknown): ToService {
  if (!isRecord(message)) return wrong('a message')
  if (message['handled'] !== undefined) return { handled: count(message['handled'], 'a stream of events') }
  const number = count(message['number'], 'a number')
  const call = readCall(message['call'])
  return message['events'] == null
    ? { number, call }
    : { number, call, events: count(message['events'], 'a stream of events') }
}

function readCall(value: unknown): ServiceCall {
  if (!isRecord(value)) return wrong('a call')
  const get = (name: string): string => text(value[name], name)
  switch (value['do']) {
    case 'create':
      return { do: 'create', id: get('id'), document: get('document') }
    case 'open':
      return { do: 'open', id: get('id') }
    case 'adopt':
    case 'close':
      return { do: value['do'], token: get('token') }
    case 'operate': {
      const op = get('op')
      if (!Object.hasOwn(OPS, op)) return wrong('an operation')
      const call = { do: 'operate', token: get('token'), op: op as SystemOp, argument: get('argument') } as const
      const socket = value['socket']
      if (socket == null) return call
      if (typeof socket !== 'bigint' && !Number.isSafeInteger(socket)) return wrong('a socket')
      return { ...call, socket: BigInt(socket as bigint) }
    }
    case 'enumerate':
    case 'serviceProperties':
      return { do: value['do'], query: get('query') }
    case 'modifyService':
      return { do: 'modifyService', settings: get('settings') }
    case 'grantAccess':
    case 'revokeAccess':
      return { do: value['do'], vmId: get('vmId'), path: get('path') }
    case 'workingSet':
      return { do: 'workingSet', runtimeId: get('runtimeId') }
    case 'file': {
      const what = get('what')
      return Object.hasOwn(FILE_CALLS, what)
        ? { do: 'file', what: what as HcsFileCall, path: get('path') }
        : wrong('a call on a file')
    }
    default:
      return wrong('a call')
  }
}
