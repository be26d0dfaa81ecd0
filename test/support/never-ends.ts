// A program that is told to end and does not: run by the tests of interruptions.

import { onInterruption } from '#cli/interruption.js'

const { signal } = onInterruption((text) => process.stdout.write(`${text}\n`))
signal.addEventListener('abort', () => process.stdout.write('going on\n'))
setInterval(() => undefined, 60_000)
process.stdout.write('ready\n')
