// Journals of simulated Hosts: texts in memory, by their directory. They outlive the Host, as a file outlives its program.

import type { JournalFile } from '../actors/journal/journal.js'
import { InvalidStateError } from '../errors.js'

export class SimulatedJournals {
  readonly #texts = new Map<string, string>()
  readonly #held = new Set<string>()

  /** @throws {InvalidStateError} 'journal-held' */
  async open(directory: string): Promise<JournalFile> {
    if (this.#held.has(directory)) {
      const reason = `the journal ${directory} is held by another Host`
      throw new InvalidStateError({ op: 'host.open', state: 'journal-held', reason })
    }
    this.#held.add(directory)
    return {
      read: async () => this.#texts.get(directory) ?? '',
      append: async (text) => void this.#texts.set(directory, (this.#texts.get(directory) ?? '') + text),
      replace: async (text) => void this.#texts.set(directory, text),
      close: async () => void this.#held.delete(directory),
    }
  }

  /** The programs that held them are gone. */
  release(): void {
    this.#held.clear()
  }
}
