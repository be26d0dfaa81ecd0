// What chance there is in tests is the same in every run, so that none fails for chance. `UVM_SEED` makes it another.

import fc from 'fast-check'

export const SEED = Number(process.env['UVM_SEED'] ?? 1)

/** Of whatever comes from fast-check. */
export function fixSeed(): void {
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED })
}
