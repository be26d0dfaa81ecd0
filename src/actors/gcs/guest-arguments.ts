// Arguments of the guest manager, checked before anything is sent.

import { InvalidConfigError, UnsupportedGuestError } from '../../errors.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import { isRecord, member } from '../../protocol/json.js'
import { documentText, isWellFormed } from '../arguments.js'
import { ANYTHING, BOOLEAN, group } from '../../options/rows.js'
import { checkOptions, optionTable } from '../../options/table.js'
import { CALL_ROWS } from '../mailbox/call-options.js'
import type { CallOptions, CallSubject } from '../mailbox/contract.js'
import type { ConnectOptions, CreateContainerOptions } from './managers.js'
import { NULL_CONTAINER_ID } from './contract.js'

function refuse(subject: CallSubject, path: string, value: unknown, reason: string): InvalidConfigError {
  return new InvalidConfigError({ ...subject, path, value, reason })
}

/** @throws {InvalidConfigError} no text, empty, with NUL or an unpaired surrogate, or the null id, which names the UVM itself */
export function checkContainerId(subject: CallSubject, id: unknown): asserts id is string {
  if (typeof id !== 'string' || id === '') throw refuse(subject, 'id', id, 'expected a non-empty string')
  if (id.includes('\0') || !isWellFormed(id)) {
    throw refuse(subject, 'id', id, 'expected text without NUL and unpaired surrogates')
  }
  if (id === NULL_CONTAINER_ID) throw refuse(subject, 'id', id, 'the null id names the VM itself, not a container')
}

/** The capability that a container's document needs, if any. */
export function neededCapability(config: unknown): string | undefined {
  const system = member(config, 'CWCOWHostedSystem') ?? config
  const isHostProcess = member(member(system, 'Container'), 'IsolationType') === 'HostProcess'
  return isHostProcess ? 'HostProcessContainerSupported' : undefined
}

const INITIAL_STATE = optionTable<NonNullable<ConnectOptions['initialState']>>('initialState', { timezone: ANYTHING })

/** Guest.createConnection. */
export const CONNECT_OPTIONS = optionTable<ConnectOptions & CallOptions>('options', {
  ...CALL_ROWS,
  coldStart: BOOLEAN,
  initialState: group(INITIAL_STATE),
})

/** Guest.createContainer. */
export const CREATE_CONTAINER_OPTIONS = optionTable<CreateContainerOptions & CallOptions>('options', {
  ...CALL_ROWS,
  unchecked: BOOLEAN,
})

/** @throws {InvalidConfigError} an option that is not known or of the wrong type, or a time zone that cannot be serialised */
export function connectInput(
  subject: CallSubject,
  options: ConnectOptions & CallOptions,
): { coldStart?: boolean; timeZone: string } {
  checkOptions(subject, options, CONNECT_OPTIONS)
  const { coldStart, initialState } = options
  const zone = initialState?.timezone
  const timeZone = zone === undefined ? '' : documentText(subject, 'TimeZoneInformation', zone)
  return { ...(coldStart === undefined ? {} : { coldStart }), timeZone }
}

/** Largest vsock port. */
const MAX_PORT = 0xffff_ffff

/** @throws {InvalidConfigError} no integer from 0 to 0xFFFFFFFF */
export function checkPort(subject: CallSubject, path: string, port: unknown): asserts port is number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return
  throw refuse(subject, path, port, 'expected a vsock port, 0 to 0xFFFFFFFF')
}

/** A request id as bigint. @throws {InvalidConfigError} no integer from `low` to 2^63 - 1 */
export function requestId(subject: CallSubject, path: string, value: unknown, low: bigint): bigint {
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  const id = isInteger ? BigInt(value) : -1n
  if (id >= low && id < 1n << 63n) return id
  throw refuse(subject, path, value, `expected an integer of ${low} or more`)
}

/** What `save` of a process gave, perhaps through JSON or another codec that lost the bigint. */
export interface SavedInput {
  pid: number
  containerId: string
  waitId: bigint
  ports: { stdin?: number; stdout?: number; stderr?: number }
}

/** @throws {InvalidConfigError} a member of the wrong type; a wait id of 0, which is always the handshake's */
export function savedInput(subject: CallSubject, saved: unknown): SavedInput {
  if (!isRecord(saved)) throw refuse(subject, 'saved', saved, 'expected what GuestProcess.save gave')
  const { pid, containerId, ports = {} } = saved
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 0 || pid > 0xffff_ffff) {
    throw refuse(subject, 'saved.pid', pid, 'expected a process id')
  }
  if (containerId !== undefined) checkContainerId(subject, containerId)
  const waitId = requestId(subject, 'saved.waitId', saved['waitId'], 1n)
  if (!isRecord(ports)) throw refuse(subject, 'saved.ports', ports, 'expected an object')
  const kept: SavedInput['ports'] = {}
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const port = ports[name]
    // Port 0: the stream was not asked for.
    if (port === undefined || port === 0) continue
    checkPort(subject, `saved.ports.${name}`, port)
    kept[name] = port
  }
  return { pid, containerId: containerId ?? NULL_CONTAINER_ID, waitId, ports: kept }
}

/**
 * The Settings of a ModifyServiceSettings request as JSON text: an inner document goes as base64 of its JSON, an empty one is left out.
 *
 * @throws {InvalidConfigError} no object, or one that cannot be serialised
 */
export function serviceSettings(subject: CallSubject, settings: unknown): string {
  const inner = member(settings, 'Settings')
  if (inner === undefined || inner === null || inner === '') {
    const { Settings: _, ...rest } = isRecord(settings) ? settings : { Settings: undefined }
    return documentText(subject, 'LogForwardServiceRPCRequest', isRecord(settings) ? rest : settings)
  }
  // Base64 has neither braces nor brackets: such text is a document that is still to be encoded.
  const isEncoded = typeof inner === 'string' && !/^\s*[[{]/.test(inner)
  const text = typeof inner === 'string' ? inner : documentText(subject, undefined, inner)
  const encoded = isEncoded ? inner : Buffer.from(text, 'utf8').toString('base64')
  return documentText(subject, 'LogForwardServiceRPCRequest', { ...(settings as object), Settings: encoded })
}

/** @throws {UnsupportedGuestError} a method meant for other guest systems */
export function checkSystem(subject: CallSubject, guestOS: GuestOS, systems: readonly GuestOS[]): void {
  if (systems.includes(guestOS)) return
  const reason = `it is meant for ${systems.join(' and ')} guests and this one is a ${guestOS} guest`
  throw new UnsupportedGuestError({ ...subject, reason })
}
