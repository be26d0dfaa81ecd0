// npm run fuzz: a million mutated frames, or as many as the first argument says. UVM_FUZZ_SEED repeats a run.

import { describeResult, Fuzzer, seedOfRun } from './fuzzer.js'

const MAX_GROWTH_BYTES = 512 * 1024 * 1024

const frames = Number(process.argv[2] ?? 1_000_000)
const seed = seedOfRun()
const stray: unknown[] = []
process.on('uncaughtException', (error) => stray.push(error))
process.on('unhandledRejection', (reason) => stray.push(reason))
console.log(`fuzzing with ${frames} frames; UVM_FUZZ_SEED=${seed} repeats this run`)
const result = await new Fuzzer(frames, seed).run(MAX_GROWTH_BYTES)
console.log(describeResult(result))
if (stray.length > 0 || result.frames < frames) {
  console.error(stray.length > 0 ? stray : 'some frames are missing')
  process.exitCode = 1
}
