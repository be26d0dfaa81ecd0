// Where the program of a Host answers other programs. Nothing of its public surface: whoever serves control says it.

/** Who has to know where a program answers. Both resolve when those who look would find it so, or soon when the service does not answer. */
export interface Answering {
  /** An address at which it answers from now on; the newest counts. */
  begin(control: string): Promise<void>
  /** No more at that one. */
  end(control: string): Promise<void>
}

/** By Host. */
export const ANSWERING = new WeakMap<object, Answering>()
