// A run of the fuzzer as a test.

import assert from 'node:assert/strict'
import { describeResult, Fuzzer } from './fuzzer.js'
import { MUTATORS } from './mutators.js'

const MIB = 1024 * 1024

export function testFuzzing(frames: number, seed: number): void {
  describe('fuzzing the guest connection', () => {
    it(`${frames} mutated frames, decoded on live connections, harm nobody`, async () => {
      const result = await new Fuzzer(frames, seed).run(256 * MIB).catch((error: unknown) => {
        throw new Error(`UVM_FUZZ_SEED=${seed} repeats this`, { cause: error })
      })
      console.log(describeResult(result).replace(/^/gm, '      '))
      assert(result.frames >= frames)
      for (const { name } of MUTATORS) assert(result.byMutator.get(name)! > 0, name)
      // Whatever a guest does, a call ends as an answer or with one of these.
      const known = ['answered', 'AbortError', 'BridgeClosedError', 'GuestRPCError', 'ProtocolError']
      assert.deepEqual(
        [...result.outcomes.keys()].sort().filter((name) => !known.includes(name)),
        [],
      )
    })
  })
}
