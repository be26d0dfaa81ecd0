#!/usr/bin/env node
// uvm-fleet: boots a fleet of utility VMs from a file, uses them, and tears them down.
//
// Exit codes: 0 all went well, 1 something failed, 2 the arguments or the file cannot be used; interrupted: 130 by Ctrl-C, 143 by SIGTERM,
// 129 by SIGHUP.

import { parseArgs } from 'node:util'
import { FleetFileError, readFleetFile } from './file.js'
import { EXAMPLE_FLEET, fleetUp } from './up.js'

const USAGE = `Usage: npm run demo -- [options] [fleet.json]

Boots every VM of the fleet file at once, applies its changes, runs its commands, and tears it down.
Without a file: the fleet of examples/fleet.json.

  --threads N   actor threads (default: one per core)
  --json        print one JSON document instead of progress and table
  --help        this text
`

const EXIT = { ok: 0, failed: 1, unusable: 2 } as const

interface Arguments {
  file: string
  json: boolean
  threads: number | undefined
}

class UsageError extends Error {}

function readArguments(argv: string[]): Arguments | 'help' {
  let parsed
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean' }, threads: { type: 'string' } },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals } = parsed
  if (values.help === true) return 'help'
  if (positionals.length > 1) throw new UsageError(`expected one fleet file, got ${positionals.length}`)
  const threads = values.threads === undefined ? undefined : Number(values.threads)
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new UsageError(`--threads: expected an integer above 0, got ${values.threads}`)
  }
  return { file: positionals[0] ?? EXAMPLE_FLEET, json: values.json === true, threads }
}

async function main(): Promise<number> {
  try {
    const given = readArguments(process.argv.slice(2))
    if (given === 'help') {
      process.stdout.write(USAGE)
      return EXIT.ok
    }
    return await fleetUp(await readFleetFile(given.file), given)
  } catch (error) {
    const usable = error instanceof FleetFileError || error instanceof UsageError
    process.stderr.write(`uvm-fleet: ${(error as Error).message}\n`)
    return usable ? EXIT.unusable : EXIT.failed
  }
}

// A reader that went away (| head) is no failure of the fleet.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
process.exitCode = await main()
