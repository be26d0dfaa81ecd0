// The variable segments of resource paths: what an argument must be to become one, and what the compute service takes for one. Every
// other question (ranges, existence) is the service's to answer.

import { parseGuid } from '../guid.js'
import { SCSI_CONTROLLER_GUIDS } from '../scsi.js'
import { isWellFormed } from '../text.js'

export interface Segment {
  /** What is wrong with an argument; undefined when it can stand in the path. */
  problem(value: unknown): string | undefined
  /** The segment that a right argument becomes, when that is another text. */
  text?(value: unknown): string
  /** Source of a regular expression with one group: what the service takes. */
  readonly pattern: string
}

/** Everything up to the end of the path, slashes and all. */
export const REST: Segment = {
  problem: (value) => {
    if (typeof value !== 'string' || value === '') return 'expected a non-empty string'
    if (value.includes('\0') || !isWellFormed(value)) return 'expected text without NUL and unpaired surrogates'
    return undefined
  },
  pattern: '([^]+)',
}

/** Any name without a slash. */
export const NAME: Segment = {
  problem: (value) =>
    REST.problem(value) ?? (String(value).includes('/') ? 'a segment of a resource path has no slash' : undefined),
  pattern: '([^/]+)',
}

/** Spelled as the caller did: the service compares it as a GUID, in braces or not. */
export const GUID: Segment = {
  problem: (value) => (typeof value === 'string' && parseGuid(value) !== undefined ? undefined : 'expected a GUID'),
  pattern: '(\\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\}?)',
}

/** The VMBus instance of a device: written as the document and the guest have it, in lower case. */
export const VMBUS_GUID: Segment = { ...GUID, text: (value) => String(value).toLowerCase() }

/** The number of a device. The service's range is narrower for each. */
export const NUMBER: Segment = {
  problem: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? undefined
      : 'expected an integer of 0 or more',
  pattern: '(\\d{1,15})',
}

/** A controller's number 0..3, which stands in the path as its GUID. The service finds one by any key. */
export const SCSI_CONTROLLER: Segment = {
  problem: (value) =>
    typeof value === 'number' && SCSI_CONTROLLER_GUIDS[value] !== undefined ? undefined : 'expected 0, 1, 2 or 3',
  text: (value) => SCSI_CONTROLLER_GUIDS[value as number] ?? '',
  pattern: NAME.pattern,
}
