// Root of every run: an error that nobody caught fails the test that runs, at once, or a hook of its own at the end of the run. It never
// ends the run: mocha itself would, for an error that comes between two tests.

import { fixSeed } from './support/seed.js'

fixSeed()

/** Fails the test that runs; undefined between tests. */
let failTest: ((error: Error) => void) | undefined
let last = 'before the first test'
/** What came while no test ran. */
const outside: string[] = []
let isOver = false

function onStray(reason: unknown): void {
  const error = reason instanceof Error ? reason : new Error(String(reason))
  if (failTest !== undefined) failTest(error)
  else if (isOver) failProcess(error)
  else outside.push(`${last}: ${error.stack ?? error.message}`)
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const
for (const event of EVENTS) process.on(event, onStray)

/** Its errors have been counted: all that is left is the exit code, which mocha sets when the process ends. */
function failProcess(error: Error): void {
  console.error('uncaught after the run:', error)
  process.on('exit', () => (process.exitCode = 1))
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The test, which fails with what nobody catches until the turn after its end. */
function guarded(fn: Mocha.AsyncFunc | Mocha.Func): Mocha.AsyncFunc {
  return async function (this: Mocha.Context) {
    const stray = new Promise<never>((_resolve, reject) => (failTest = reject))
    const fail = failTest
    const body = async (): Promise<void> => {
      await (fn as Mocha.AsyncFunc).call(this)
      await turn()
    }
    try {
      await Promise.race([body(), stray])
    } finally {
      // One that ran out of its time may end while another runs.
      if (failTest === fail) failTest = undefined
    }
  }
}

export const mochaHooks = {
  beforeAll(): void {
    for (const event of EVENTS) {
      for (const listener of process.rawListeners(event)) {
        if (listener !== onStray) process.off(event, listener as () => void)
      }
    }
  },
  beforeEach(this: Mocha.Context): void {
    const test = this.currentTest
    // One that takes a callback is mocha's alone: what is uncaught in it is told at the end.
    if (test?.fn !== undefined && test.fn.length === 0) test.fn = guarded(test.fn)
    last = `uncaught in or after "${test?.fullTitle() ?? 'a test'}"`
  },
  afterEach(): void {
    failTest = undefined
  },
  afterAll: async function nothingIsUncaught(): Promise<void> {
    await turn()
    isOver = true
    if (outside.length > 0) throw new Error(outside.join('\n\n'))
  },
}
