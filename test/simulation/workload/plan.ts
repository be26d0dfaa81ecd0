// What a run does: a list of actions, made from its seed alone, so that any part of it can be run again.

import { seededRandom, type Random } from '#dist/simulation/random.js'

/** With how many of a hundred actions each kind is done; those of the guest need one. */
const WEIGHTS = {
  create: 12,
  createTwice: 1,
  openTwice: 2,
  start: 10,
  pause: 3,
  resume: 4,
  save: 1,
  addDisk: 10,
  removeDisk: 5,
  updateMemory: 3,
  properties: 4,
  wait: 2,
  terminate: 3,
  shutdown: 1,
  close: 2,
  useClosed: 1,
  badArgument: 2,
  abortedBefore: 2,
  abortedDuring: 2,
  timedOut: 2,
  burst: 3,
  endBusy: 2,
  createGuest: 5,
  connect: 6,
  echo: 26,
  cat: 9,
  killed: 4,
  unread: 1,
  disconnect: 1,
  closeGuest: 1,
  container: 3,
  check: 4,
  list: 1,
  failing: 4,
  lateCreate: 1,
  crash: 1,
  serviceGone: 1,
  never: 0.1,
  cut: 1,
  comeBack: 2,
  loseThread: 0.5,
  restart: 0.6,
} as const

export type Kind = keyof typeof WEIGHTS

export interface Action {
  readonly number: number
  readonly slot: number
  readonly kind: Kind
  /** It does not wait for what the slot does before, nor does what follows wait for it. */
  readonly overlaps: boolean
  /** Virtual milliseconds before it. */
  readonly pauseMs: number
  /** Decides over arguments. */
  readonly seed: number
}

export interface Plan {
  readonly seed: number
  readonly slots: number
  readonly threads: number
  readonly dedicated: boolean
  /** Operations and boots at once; absent: no limit. */
  readonly limits: { operations: number; boots: number } | undefined
  /** The program is killed now and then; every other VM stays without it. */
  readonly restarts: boolean
  /** How much goes wrong on the way: 0..1. */
  readonly roughness: number
  readonly actions: readonly Action[]
}

const KINDS = Object.keys(WEIGHTS) as Kind[]
const TOTAL = KINDS.reduce((sum, kind) => sum + WEIGHTS[kind], 0)

/** Those that are not in every plan. */
type Rare = { readonly [K in Kind]?: boolean }

function pickKind(random: Random, rare: Rare): Kind {
  let left = random.next() * TOTAL
  for (const kind of KINDS) {
    left -= WEIGHTS[kind]
    if (left < 0) return rare[kind] === false ? 'check' : kind
  }
  return 'check'
}

export function makePlan(seed: number, steps: number): Plan {
  const random = seededRandom(Math.imul(seed, 0x85eb_ca6b) ^ 0x5157)
  const slots = 2 + random.below(5)
  // After that little is certain.
  const losesThreads = random.chance(0.3)
  const restarts = random.chance(0.3)
  return {
    seed,
    slots,
    threads: 1 + random.below(3),
    dedicated: random.chance(0.1),
    limits: random.chance(0.5) ? { operations: 1 + random.below(3), boots: 1 + random.below(2) } : undefined,
    restarts,
    roughness: random.chance(0.5) ? random.next() : 0,
    actions: Array.from({ length: steps }, (_, number) => ({
      number,
      slot: random.below(slots),
      kind: pickKind(random, { loseThread: losesThreads, restart: restarts }),
      overlaps: random.chance(0.15),
      pauseMs: random.chance(0.2) ? random.below(50) : 0,
      seed: random.below(0x7fff_ffff),
    })),
  }
}
