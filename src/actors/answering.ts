// Where the program of a Host answers other programs. Nothing of its public surface: whoever serves control says it.

/** Of each Host: takes the address from now on, undefined for nowhere any more, and resolves when those who look for it would find it. */
export const ANSWERING = new WeakMap<object, (control: string | undefined) => Promise<void>>()
