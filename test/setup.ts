// Root of every run: an event nobody caught fails the run, whichever test was running when it came.
const stray: unknown[] = []

process.on('uncaughtException', (error) => stray.push(error))
process.on('unhandledRejection', (reason) => stray.push(reason))

export const mochaHooks = {
  afterEach(): void {
    if (stray.length > 0) throw new Error(`uncaught in this test or before it: ${describe(stray.splice(0))}`)
  },
  afterAll(): void {
    if (stray.length > 0) throw new Error(`uncaught after the last test: ${describe(stray.splice(0))}`)
  },
}

function describe(errors: unknown[]): string {
  return errors.map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error))).join('\n')
}
