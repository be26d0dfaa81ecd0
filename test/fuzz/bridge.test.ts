// The everyday part of the fuzz suite; `npm run fuzz` runs a million frames.

import assert from 'node:assert/strict'
import { describeResult, Fuzzer, seedOfRun } from './fuzzer.js'
import { MUTATORS } from './mutators.js'

const FRAMES = 20_000
const MIB = 1024 * 1024

describe('fuzzing the guest connection', () => {
  it(`${FRAMES} mutated frames, decoded on live connections, harm nobody`, async function () {
    const seed = seedOfRun()
    const result = await new Fuzzer(FRAMES, seed).run(256 * MIB).catch((error: unknown) => {
      throw new Error(`UVM_FUZZ_SEED=${seed} repeats this`, { cause: error })
    })
    console.log(describeResult(result).replace(/^/gm, '      '))
    assert(result.frames >= FRAMES)
    for (const { name } of MUTATORS) assert(result.byMutator.get(name)! > 0, name)
    // Whatever a guest does, a call ends as an answer or with one of these.
    const known = ['answered', 'AbortError', 'BridgeClosedError', 'GuestRPCError', 'ProtocolError']
    assert.deepEqual(
      [...result.outcomes.keys()].sort().filter((name) => !known.includes(name)),
      [],
    )
  })
})
