// Chance by name: a number in [0, 1) that depends only on the seed and on what it is for, so that each VM's trace repeats with its seed
// whatever the other VMs do.

/** Mixes 32 bits so that each input bit reaches each output bit (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Uniform in [0, 1) for one seed and one list of names. */
export function chance(seed: number, ...names: (string | number)[]): number {
  let hash = mix(seed | 0)
  for (const name of names.join('\0')) hash = mix(hash ^ (name.codePointAt(0) ?? 0))
  return mix(hash ^ 0x9e37_79b9) / 0x1_0000_0000
}

/** A stream of such numbers. */
export function chances(seed: number, ...names: (string | number)[]): () => number {
  let count = 0
  return () => chance(seed, ...names, count++)
}
