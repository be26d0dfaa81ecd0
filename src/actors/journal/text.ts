// The text of a journal: a line that says what it is, then a line for each record, its checksum in front. What a crash left of the last
// line is no record; so is a line that something has damaged. Pure.

import { fromJson, toJson, type JournalRecord } from './records.js'

/** Of the format. A journal of a newer one is refused: it may say what this version does not know, and would lose. */
export const JOURNAL_VERSION = 1
const TITLE = 'uvm-actors journal '

export function journalTitle(): string {
  return `${TITLE}${JOURNAL_VERSION}\n`
}

export function journalLine(record: JournalRecord): string {
  const text = toJson(record)
  return `${checksum(text)} ${text}\n`
}

export interface JournalContent {
  records: JournalRecord[]
  /** Lines that are no records, except for the last one that a crash has cut off. */
  damaged: number
}

/** Why a text cannot be taken for a journal, in words that follow "it". */
export class NoJournal extends Error {}

/** @throws {NoJournal} of something else, or of a newer version */
export function readJournal(text: string): JournalContent {
  const lines = text.split('\n')
  const [title = '', ...rest] = lines
  // A crash came before its title was written.
  if (lines.length === 1 && journalTitle().startsWith(title)) return { records: [], damaged: 0 }
  const version = title.startsWith(TITLE) ? title.slice(TITLE.length) : ''
  if (lines.length === 1 || !/^\d+$/.test(version)) throw new NoJournal('holds something that is no journal')
  if (Number(version) > JOURNAL_VERSION) {
    throw new NoJournal(`is of the format ${version}, and this version of the package knows ${JOURNAL_VERSION}`)
  }
  // The last piece is '' after a whole line, and no record otherwise.
  const whole = rest.slice(0, -1)
  const records = whole.map(readLine).filter((record) => record !== undefined)
  return { records, damaged: whole.length - records.length }
}

function readLine(line: string): JournalRecord | undefined {
  const text = line.slice(9)
  return line.slice(0, 9) === `${checksum(text)} ` ? fromJson(text) : undefined
}

/** CRC-32 of the UTF-16 units, as eight hexadecimal digits. */
function checksum(text: string): string {
  let crc = 0xffff_ffff
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    crc = (crc >>> 8) ^ TABLE[(crc ^ unit) & 0xff]!
    crc = (crc >>> 8) ^ TABLE[(crc ^ (unit >>> 8)) & 0xff]!
  }
  return (~crc >>> 0).toString(16).padStart(8, '0')
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1
  return value
})
