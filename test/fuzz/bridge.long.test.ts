// The fuzz suite with another seed in each run.

import { testFuzzing } from './everyday.js'
import { seedOfRun } from './fuzzer.js'

testFuzzing(20_000, seedOfRun())
