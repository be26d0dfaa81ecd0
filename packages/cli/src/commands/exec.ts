// uvmctl exec: a command in a VM that runs, or in one of its containers.

import type { Command } from 'commander'
import { attach, terminalSize } from '../attach.js'
import { connectToHolder } from '../connection.js'
import { ExitWith, UsageError } from '../exit-codes.js'
import { variable, withDirectory, type CommonOptions } from './options.js'

interface ExecOptions extends CommonOptions {
  interactive?: boolean
  tty?: boolean
  container?: string
  env?: Record<string, string>
  workdir?: string
  user?: string
}

export function addExec(program: Command): void {
  withDirectory(
    program
      .command('exec')
      .summary('run a command in a VM that runs')
      .description('Runs a command in a VM, or in a container of it. Ends with the exit code of the command.')
      .argument('<vm>', 'id of the VM')
      .argument('<command...>', 'what to run, after --')
      .option('-i, --interactive', 'standard input goes to the command')
      .option('-t, --tty', 'this terminal is the terminal of the command')
      .option('-c, --container <id>', 'in that container')
      .option('-e, --env <NAME=VALUE>', 'a variable of the command; may be given again', variable)
      .option('-w, --workdir <dir>', 'its working directory')
      .option('-u, --user <name>', 'its user (Windows guests)'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  uvmctl exec -it web -- sh\n  tar c . | uvmctl exec -i web -- tar x -C /data\n  uvmctl exec -c app web -- ps',
    )
    .action(async (vm: string, args: string[], options: ExecOptions) => {
      const { interactive = false, tty = false, container, env, workdir, user } = options
      if (tty && !(process.stdin.isTTY && process.stdout.isTTY)) {
        throw new UsageError('--tty: there is no terminal here; leave it out')
      }
      const client = await connectToHolder(vm, options)
      const command = await client.exec(vm, {
        args,
        stdin: interactive,
        ...(container === undefined ? {} : { container }),
        ...(env === undefined ? {} : { env }),
        ...(workdir === undefined ? {} : { workingDirectory: workdir }),
        ...(user === undefined ? {} : { user }),
        ...(tty ? { terminal: terminalSize() } : {}),
      })
      throw new ExitWith(await attach(command, { interactive, terminal: tty }))
    })
}
