// What the tests see of scripts/mutants.

const ROOT = new URL('../../../', import.meta.url)

export interface Fault {
  breaks: string
  from: string
  to: string
  tests?: string[]
  equivalent?: string
}

export type Mutant = Fault & { file: string; id: string }
export type Found = { outcome: 'survived' } | { outcome: 'killed'; file: string; title: string; error: string }

export interface Lane {
  readonly folder: string
  look(mutant: Mutant, groups: string[][]): Promise<Found>
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`scripts/mutants/${name}.js`, ROOT).href)) as T

export const { MUTANTS } = await load<{ MUTANTS: readonly Mutant[] }>('list')
export const { inFile, plant, problemOf } = await load<{
  inFile: (file: string, faults: Fault[]) => Mutant[]
  plant: (mutant: Mutant) => string
  problemOf: (source: string, fault: Fault) => string | undefined
}>('mutant')
export const { testsFor } = await load<{
  testsFor: (
    mutant: { file: string; tests?: string[] },
    all: string[],
    how?: { known?: string; isNear?: boolean },
  ) => string[][]
}>('order')
export const { Lane } = await load<{ Lane: new (folder: string) => Lane }>('lane')
export const { summarise } = await load<{
  summarise: (
    mutants: readonly Mutant[],
    outcomeOf: (mutant: Mutant) => { outcome: 'survived' | 'killed' } | undefined,
  ) => Record<string, unknown>
}>('summary')
