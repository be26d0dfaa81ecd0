// The everyday part of the fuzz suite, the same in every run. The long tests run more, and `npm run fuzz` a million frames, of another
// seed each time.

import { testFuzzing } from './everyday.js'

testFuzzing(4000, Number(process.env['UVM_FUZZ_SEED'] ?? 1))
