// What a Host writes down for the program after it, one record for each thing that happened: which VMs there are, what their guests are
// like, which processes and containers are waited for. No environment, no arguments, no path: nothing that could be secret. Pure.

import type { GuestOS } from '../../protocol/guest-os.js'
import { isRecord } from '../../protocol/json.js'

export interface VmRecord {
  id: string
  runtimeId: string
  /** Owner tag of its document; absent when this side does not know it. */
  owner?: string
  guestOS: GuestOS
  isGuessed?: true
  /** ShutdownOptions, as text. */
  shutdownOptions: string
  /** What its guest dials. */
  dials: { service?: string; entropy: boolean; log: boolean }
  /** False: the guest goes down with the program that holds its sockets. */
  outlivesHost: boolean
  /** It lives on without a handle; absent when nobody knows. */
  stays?: boolean
}

/** The options of createGuest that can be written down. */
export interface GuestRecord {
  serviceId: string
  entropy: boolean
  log: boolean
  requestTimeoutMs: number
  onRequestTimeout: 'reject' | 'close'
  modifyConcurrency: number
  /** Absent in what earlier versions wrote. */
  reconnect?: false | { attempts: number; withinMs: number }
  /** Without its directory: no path is written down. */
  recorder?: false | { frames: number; bytes: number }
}

export interface ProcessRecord {
  pid: number
  containerId?: string
  waitId: bigint
  ports: { stdin?: number; stdout?: number; stderr?: number }
}

export type JournalRecord =
  | { vm: VmRecord }
  /** A Guest was made whose request ids begin at `base`. */
  | { guest: string; options: GuestRecord; base: bigint }
  | { connected: string }
  | { process: string; of: ProcessRecord }
  /** Its exit is known, or nobody wants it any more. */
  | { processEnded: string; waitId: bigint }
  | { container: string; id: string }
  | { containerEnded: string; id: string }
  /** Nobody wants to hear of the VM any more. */
  | { gone: string }

// ---------------------------------------------------------------------------------------------------------------- as JSON

/** JSON has neither bigints nor Infinity. */
export function toJson(record: JournalRecord): string {
  return JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value === Infinity ? 'Infinity' : value,
  )
}

/** Undefined: it is no record. One that a later version has added to keeps what is known here. */
export function fromJson(text: string): JournalRecord | undefined {
  try {
    return read(JSON.parse(text))
  } catch {
    return undefined
  }
}

class NoRecord extends Error {}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  if (isRecord(value)) return value
  throw new NoRecord()
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new NoRecord()
}

function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new NoRecord()
}

function count(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new NoRecord()
}

/** A number above 0, or Infinity. */
function bound(value: unknown): number {
  if (value === 'Infinity') return Infinity
  if (typeof value === 'number' && value > 0) return value
  throw new NoRecord()
}

function requestId(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value)
  throw new NoRecord()
}

function oneOf<T extends string>(value: unknown, ...words: T[]): T {
  const word = words.find((known) => known === value)
  if (word !== undefined) return word
  throw new NoRecord()
}

/** A member that may be missing. */
function maybe<K extends string, T>(fields: Fields, name: K, reader: (value: unknown) => T): Partial<Record<K, T>> {
  return fields[name] === undefined ? {} : ({ [name]: reader(fields[name]) } as Partial<Record<K, T>>)
}

function read(value: unknown): JournalRecord | undefined {
  const fields = fieldsOf(value)
  if ('vm' in fields) return { vm: readVm(fieldsOf(fields['vm'])) }
  if ('guest' in fields) {
    const options = readGuest(fieldsOf(fields['options']))
    return { guest: text(fields['guest']), options, base: requestId(fields['base']) }
  }
  if ('connected' in fields) return { connected: text(fields['connected']) }
  if ('process' in fields) return { process: text(fields['process']), of: readProcess(fieldsOf(fields['of'])) }
  if ('processEnded' in fields) {
    return { processEnded: text(fields['processEnded']), waitId: requestId(fields['waitId']) }
  }
  if ('container' in fields) return { container: text(fields['container']), id: text(fields['id']) }
  if ('containerEnded' in fields) return { containerEnded: text(fields['containerEnded']), id: text(fields['id']) }
  if ('gone' in fields) return { gone: text(fields['gone']) }
  return undefined
}

function readVm(fields: Fields): VmRecord {
  const dials = fieldsOf(fields['dials'])
  return {
    id: text(fields['id']),
    runtimeId: text(fields['runtimeId']),
    ...maybe(fields, 'owner', text),
    guestOS: oneOf(fields['guestOS'], 'linux', 'windows'),
    ...(fields['isGuessed'] === true ? { isGuessed: true } : {}),
    shutdownOptions: text(fields['shutdownOptions']),
    dials: { ...maybe(dials, 'service', text), entropy: flag(dials['entropy']), log: flag(dials['log']) },
    outlivesHost: flag(fields['outlivesHost']),
    ...maybe(fields, 'stays', flag),
  }
}

function readGuest(fields: Fields): GuestRecord {
  return {
    serviceId: text(fields['serviceId']),
    entropy: flag(fields['entropy']),
    log: flag(fields['log']),
    requestTimeoutMs: bound(fields['requestTimeoutMs']),
    onRequestTimeout: oneOf(fields['onRequestTimeout'], 'reject', 'close'),
    modifyConcurrency: bound(fields['modifyConcurrency']),
    ...maybe(fields, 'reconnect', (value) => offOr(value, 'attempts', 'withinMs')),
    ...maybe(fields, 'recorder', (value) => offOr(value, 'frames', 'bytes')),
  }
}

/** False, or an object of bounds. */
function offOr<K extends string>(value: unknown, ...names: K[]): false | Record<K, number> {
  if (value === false) return false
  const fields = fieldsOf(value)
  return Object.fromEntries(names.map((name) => [name, bound(fields[name])])) as Record<K, number>
}

function readProcess(fields: Fields): ProcessRecord {
  const ports = fieldsOf(fields['ports'])
  return {
    pid: count(fields['pid']),
    ...maybe(fields, 'containerId', text),
    waitId: requestId(fields['waitId']),
    ports: { ...maybe(ports, 'stdin', count), ...maybe(ports, 'stdout', count), ...maybe(ports, 'stderr', count) },
  }
}
