// npm run fuzz: a million mutated frames, or as many as the first argument says. UVM_FUZZ_SEED repeats a run.

import { describeResult, Fuzzer, seedOfRun } from './fuzzer.js'

const MAX_GROWTH_BYTES = 256 * 1024 * 1024

const frames = Number(process.argv[2] ?? 1_000_000)
const seed = seedOfRun()
const stray: unknown[] = []
process.on('uncaughtException', (error) => stray.push(error))
process.on('unhandledRejection', (reason) => stray.push(reason))
console.log(`fuzzing with ${frames} frames; UVM_FUZZ_SEED=${seed} repeats this run`)
try {
  const result = await new Fuzzer(frames, seed).run(MAX_GROWTH_BYTES)
  console.log(describeResult(result))
  if (result.frames < frames) throw new Error('some frames are missing')
  if (stray.length > 0) throw new AggregateError(stray, 'an error that nobody caught')
} catch (error) {
  console.error(error)
  process.exit(1)
}
