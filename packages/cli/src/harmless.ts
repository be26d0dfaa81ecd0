// What a guest, a file or an id says must not move the cursor or colour the terminal of its host.

import { stripVTControlCharacters } from 'node:util'

/** One line without anything that steers a terminal. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
}
