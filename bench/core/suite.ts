// What a suite is: it asks questions of contenders, each answered by samples that are taken in turns.

/** By name of the metric; the name stands in the metrics of the question. */
export type Sample = Readonly<Record<string, number>>

export interface Contender {
  /** 'ours', or 'ours, ...' for one of several; everything else is an alternative. */
  readonly name: string
  sample(): Promise<Sample>
}

export interface Metric {
  readonly unit: string
  readonly better: 'more' | 'less'
}

export interface Question {
  readonly name: string
  readonly params: Readonly<Record<string, string | number>>
  readonly metrics: Readonly<Record<string, Metric>>
  readonly contenders: readonly Contender[]
  /** At most so many rounds, where one takes long. */
  readonly rounds?: number
  /** Rounds that do not count, default 1; 0 where every sample is of a fresh process. */
  readonly warmup?: number
  /** 'fixed': the contenders of a round follow each other as they are listed. */
  readonly order?: 'turns' | 'fixed'
}

/** What a suite is run with. */
export interface Bench {
  readonly quick: boolean
  /** The larger number in a whole run, the smaller one in a quick one. */
  size(whole: number, quick: number): number
  /** Takes the samples of a question; a quick run stops early when the time of the suite is over. */
  ask(question: Question): Promise<void>
  /** Whether a quick run has no time left for another question. */
  readonly isLate: boolean
  /** What a reader of the record must know besides. */
  note(text: string): void
}

export interface Suite {
  readonly name: string
  /** What it asks, in a sentence. */
  readonly about: string
  run(bench: Bench): Promise<void>
}

export function isOurs(contender: string): boolean {
  return contender === 'ours' || contender.startsWith('ours,')
}
