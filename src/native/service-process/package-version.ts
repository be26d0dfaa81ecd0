// The version of this package, for people: it decides nothing.

import { createRequire } from 'node:module'

export function packageVersion(): string {
  try {
    return (createRequire(import.meta.url)('../../../package.json') as { version: string }).version
  } catch {
    // Bundled into somebody else's file.
    return 'unknown'
  }
}
