// uvmctl: all commands together.

import { Command, CommanderError } from 'commander'
import { createRequire } from 'node:module'
import { addCompletion } from './commands/completion.js'
import { addDoctor } from './commands/doctor.js'
import { addDocuments } from './commands/documents.js'
import { addExec } from './commands/exec.js'
import { addFleet } from './commands/fleet.js'
import { addImage } from './commands/image.js'
import { addLifecycle } from './commands/lifecycle.js'
import { addLists } from './commands/lists.js'
import { addRun } from './commands/run.js'
import { addService } from './commands/service.js'
import { addStates } from './commands/states.js'
import { addStreams } from './commands/streams.js'
import { addTop } from './commands/top.js'
import { EXIT } from './exit-codes.js'
import { exitCodeOf, tell } from './failure.js'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

const EXIT_CODES = `
Exit codes: 0 done, 1 something failed, 2 the arguments or a file cannot be used (nothing was done), 3 no such VM, no service, or this
machine lacks what it takes; interrupted: 130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP. run and exec end with the exit code of their command.`

export function makeProgram(): Command {
  const program = new Command('uvmctl')
    .description('Runs, watches and looks after utility VMs.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this text')
    .addHelpText('after', EXIT_CODES)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'uvmctl: ')) })
  for (const add of [
    addRun,
    addLists,
    addLifecycle,
    addExec,
    addStreams,
    addTop,
    addStates,
    addFleet,
    addDocuments,
    addService,
    addImage,
    addDoctor,
    addCompletion,
  ])
    add(program)
  for (const command of program.commands) command.helpOption('--help', 'print this text')
  return program
}

/** @returns the exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // It has said what is wrong, or what was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.unusable
    tell(error)
    return exitCodeOf(error)
  }
}
