// Root of every run: an event nobody caught fails the run, whichever test was running when it came.
const stray: unknown[] = []

process.on('uncaughtException', (error) => stray.push(error))
process.on('unhandledRejection', (reason) => stray.push(reason))

/** By the test after which each was seen: told at the end, so that the tests that follow still run. */
const seen: string[] = []

function note(where: string): void {
  if (stray.length > 0) seen.push(`${where}: ${describe(stray.splice(0))}`)
}

export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    note(`uncaught in "${this.currentTest?.fullTitle() ?? 'a test'}" or before it`)
  },
  afterAll(): void {
    note('uncaught after the last test')
    if (seen.length > 0) throw new Error(seen.join('\n\n'))
  },
}

function describe(errors: unknown[]): string {
  return errors.map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error))).join('\n')
}
