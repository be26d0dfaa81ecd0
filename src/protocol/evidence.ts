// On what evidence a rule of the compute service stands.

/** D: documented. S: visible in shipping clients. R: observed on a real host and published. A: assumed. */
export type Evidence = 'D' | 'S' | 'R' | 'A'
