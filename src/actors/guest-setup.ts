// The options of Host.createGuest, with their defaults.

import { InvalidConfigError } from '../errors.js'
import { BOOLEAN, COUNT, COUNT_OR_INFINITY, groupOr, MILLISECONDS, oneOf, row, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { isGuid, normaliseGuid } from '../protocol/guid.js'
import { LCOW_BRIDGE_PORT, vsockServiceId, WCOW_BRIDGE_SERVICE } from '../protocol/hvsocket.js'
import type { GuestInit } from './gcs/contract.js'
import type { VmSetup } from './vm-setup.js'
import type { GuestOptions } from './gcs/managers.js'
import { CALL_ROWS } from './mailbox/call-options.js'
import type { CallOptions } from './mailbox/contract.js'

const REQUEST_TIMEOUT_MS = 300_000
const MODIFY_CONCURRENCY = 4

const RECORDER = optionTable<Exclude<NonNullable<GuestOptions['recorder']>, false>>('recorder', {
  directory: TEXT,
  frames: COUNT,
  bytes: COUNT,
})

const RECONNECT_ATTEMPTS = 10
const RECONNECT_WITHIN_MS = 60_000

const RECONNECT = optionTable<Exclude<NonNullable<GuestOptions['reconnect']>, boolean>>('reconnect', {
  attempts: COUNT,
  withinMs: MILLISECONDS,
})

/** Host.createGuest. */
export const GUEST_OPTIONS = optionTable<GuestOptions & CallOptions>('options', {
  ...CALL_ROWS,
  serviceId: row('a GUID', isGuid),
  entropy: BOOLEAN,
  log: BOOLEAN,
  requestTimeoutMs: MILLISECONDS,
  onRequestTimeout: oneOf('reject', 'close'),
  modifyConcurrency: COUNT_OR_INFINITY,
  reconnect: groupOr('an object, true or false', [true, false], RECONNECT),
  recorder: groupOr('an object, or false', [false], RECORDER),
})

/** @throws {InvalidConfigError} naming the option */
export function setUpGuest(
  vm: { id: string; runtimeId: string; guestOS: GuestOS },
  options: GuestOptions & CallOptions,
  { dials, isGuessed }: VmSetup,
): GuestInit {
  const subject = { op: 'host.createGuest', id: vm.id }
  checkOptions(subject, options, GUEST_OPTIONS)
  if (isGuessed === true) {
    const reason =
      "the compute service does not say which system the VM runs: give openVM the option guestOS, 'linux' or 'windows'"
    throw new InvalidConfigError({ ...subject, path: 'guestOS', reason })
  }
  const {
    serviceId = dials.service ?? (vm.guestOS === 'linux' ? vsockServiceId(LCOW_BRIDGE_PORT) : WCOW_BRIDGE_SERVICE),
    entropy = dials.entropy,
    log = dials.log,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    onRequestTimeout = 'reject',
    modifyConcurrency = MODIFY_CONCURRENCY,
    reconnect = vm.guestOS === 'linux',
    recorder = {},
  } = options
  const limits = recorderLimits(recorder)
  const bounds = reconnectBounds(reconnect)
  return {
    vmId: vm.id,
    runtimeId: vm.runtimeId,
    guestOS: vm.guestOS,
    serviceId: normaliseGuid(serviceId),
    entropy,
    log,
    requestTimeoutMs,
    onRequestTimeout,
    modifyConcurrency,
    ...(bounds === undefined ? {} : { reconnect: bounds }),
    ...(limits === undefined ? {} : { recorder: limits }),
  }
}

function reconnectBounds(reconnect: NonNullable<GuestOptions['reconnect']>): GuestInit['reconnect'] {
  if (reconnect === false) return undefined
  const { attempts = RECONNECT_ATTEMPTS, withinMs = RECONNECT_WITHIN_MS } = reconnect === true ? {} : reconnect
  return { attempts, withinMs }
}

const RECORDED_FRAMES = 128
const RECORDED_BYTES = 32 * 1024

function recorderLimits(recorder: NonNullable<GuestOptions['recorder']>): GuestInit['recorder'] {
  if (recorder === false) return undefined
  const { directory, frames = RECORDED_FRAMES, bytes = RECORDED_BYTES } = recorder
  return { ...(directory === undefined ? {} : { directory }), frames, bytes }
}
