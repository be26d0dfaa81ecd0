// What is known of the faults in the list, for the record. Pure.

/** @typedef {import('./mutant.js').Mutant} Mutant */

/**
 * @param {readonly Mutant[]} mutants
 * @param {(mutant: Mutant) => { outcome: 'survived' | 'killed' } | undefined} outcomeOf undefined: it was not tried as it is now
 */
export function summarise(mutants, outcomeOf) {
  const tried = mutants.filter((mutant) => outcomeOf(mutant) !== undefined)
  const alive = tried.filter((mutant) => outcomeOf(mutant)?.outcome === 'survived')
  const survivors = alive.filter(({ equivalent }) => equivalent === undefined).map(({ id }) => id)
  return {
    listed: mutants.length,
    tried: tried.length,
    killed: tried.length - alive.length,
    equivalent: alive.length - survivors.length,
    survived: survivors.length,
    survivors,
  }
}
