// The options of Host.createGuest, with their defaults.

import { InvalidConfigError } from '../errors.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { isRecord } from '../protocol/json.js'
import { isGuid, normaliseGuid } from '../protocol/guid.js'
import { LCOW_BRIDGE_PORT, vsockServiceId, WCOW_BRIDGE_SERVICE } from '../protocol/hvsocket.js'
import type { GuestInit } from './gcs/contract.js'
import type { GuestOptions } from './gcs/managers.js'
import type { GuestDials } from './vm-setup.js'

const REQUEST_TIMEOUT_MS = 300_000
const MODIFY_CONCURRENCY = 4

/** @throws {InvalidConfigError} naming the option */
export function setUpGuest(
  vm: { id: string; runtimeId: string; guestOS: GuestOS },
  options: GuestOptions,
  dials: GuestDials,
): GuestInit {
  const refuse = (path: string, value: unknown, reason: string): never => {
    throw new InvalidConfigError({ op: 'host.createGuest', id: vm.id, path, value, reason })
  }
  const {
    serviceId = vm.guestOS === 'linux' ? vsockServiceId(LCOW_BRIDGE_PORT) : WCOW_BRIDGE_SERVICE,
    entropy = dials.entropy,
    log = dials.log,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    onRequestTimeout = 'reject',
    modifyConcurrency = MODIFY_CONCURRENCY,
    recorder = {},
  } = options
  const given: unknown = serviceId
  if (!isGuid(given)) refuse('serviceId', given, 'expected a GUID')
  if (typeof entropy !== 'boolean') refuse('entropy', entropy, 'expected a boolean')
  if (typeof log !== 'boolean') refuse('log', log, 'expected a boolean')
  if (!(typeof requestTimeoutMs === 'number' && requestTimeoutMs > 0)) {
    refuse('requestTimeoutMs', requestTimeoutMs, 'expected milliseconds above 0, or Infinity')
  }
  if (onRequestTimeout !== 'reject' && onRequestTimeout !== 'close') {
    refuse('onRequestTimeout', onRequestTimeout, "expected 'reject' or 'close'")
  }
  if (!(Number.isSafeInteger(modifyConcurrency) && modifyConcurrency > 0) && modifyConcurrency !== Infinity) {
    refuse('modifyConcurrency', modifyConcurrency, 'expected an integer above 0, or Infinity')
  }
  const limits = recorderLimits(recorder, refuse)
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
    ...(limits === undefined ? {} : { recorder: limits }),
  }
}

const RECORDED_FRAMES = 128
const RECORDED_BYTES = 32 * 1024

function recorderLimits(
  recorder: unknown,
  refuse: (path: string, value: unknown, reason: string) => never,
): GuestInit['recorder'] {
  if (recorder === false) return undefined
  if (!isRecord(recorder)) return refuse('recorder', recorder, 'expected an object, or false')
  const { directory, frames = RECORDED_FRAMES, bytes = RECORDED_BYTES } = recorder
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
  if (!isCount(frames)) return refuse('recorder.frames', frames, 'expected an integer above 0')
  if (!isCount(bytes)) return refuse('recorder.bytes', bytes, 'expected an integer above 0')
  if (directory === undefined) return { frames, bytes }
  if (typeof directory === 'string' && directory !== '') return { directory, frames, bytes }
  return refuse('recorder.directory', directory, 'expected a non-empty string')
}
