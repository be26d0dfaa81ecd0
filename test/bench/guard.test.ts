// The hot path does not become slower unseen: what a guest call writes, sends, wakes and allocates is counted, not timed, so that a loaded
// machine says the same. A budget that is passed wants a look at what the change costs; one that is far from used up wants to be lowered.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

interface Counts {
  /** Writes to the guest's socket. */
  writes: number
  /** Messages between the threads, both ways. */
  messages: number
  /** Rounds of the event loop in which something came in, of everything on the one thread. */
  wakeUps: number
  /** Allocated on the heap, the answering guest's share included. */
  bytes: number
  /** Of garbage: none, or the bytes would not count. */
  collections: number
}

const GUARDED = fileURLToPath(new URL('./guard/guarded.js', import.meta.url))
/**
 * Nothing is collected: the young generation takes all that is allocated, MiB. Code is optimised when it is due rather than when another
 * thread comes to it, for what is allocated until then would depend on the machine's load.
 */
const V8 = ['--min-semi-space-size=128', '--max-semi-space-size=128', '--no-concurrent-recompilation']

async function count(outstanding: number, waves: number, recorder: 'recorded' | 'unrecorded'): Promise<Counts> {
  const args = [...V8, GUARDED, `${outstanding}`, `${waves}`, recorder]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Counts
}

describe('the budget of a guest call', () => {
  for (const { outstanding, waves, writes, messages, wakeUps, bytes, recorderBytes } of [
    { outstanding: 1, waves: 500, writes: 1, messages: 2, wakeUps: 2.5, bytes: 20_000, recorderBytes: 1200 },
    { outstanding: 256, waves: 8, writes: 0.012, messages: 0.08, wakeUps: 0.02, bytes: 10_500, recorderBytes: 700 },
  ]) {
    it(`with ${outstanding} on their way: writes, messages, wake-ups and bytes`, async () => {
      const [plain, recorded] = await Promise.all([
        count(outstanding, waves, 'unrecorded'),
        count(outstanding, waves, 'recorded'),
      ])
      for (const counts of [plain, recorded]) {
        const text = JSON.stringify({ plain, recorded })
        assert.equal(counts.collections, 0, text)
        assert(counts.writes > 0 && counts.writes <= writes, text)
        assert(counts.messages > 0 && counts.messages <= messages, text)
        assert(counts.wakeUps > 0 && counts.wakeUps <= wakeUps, text)
        assert(counts.bytes > 0 && counts.bytes <= bytes, text)
        assert(recorded.bytes - plain.bytes <= recorderBytes, text)
      }
    })
  }
})
