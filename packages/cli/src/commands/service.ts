// uvmctl service: the program behind the others.

import type { Command } from 'commander'
import { startService } from '../connection.js'
import { ExitWith, UsageError } from '../exit-codes.js'
import { print } from '../output.js'
import { runService } from '../service.js'
import { withDirectory, type CommonOptions } from './options.js'

interface Options extends CommonOptions {
  idle?: string
  detach?: boolean
}

export function addService(program: Command): void {
  withDirectory(
    program
      .command('service')
      .summary('hold the VMs, and serve the other commands')
      .description(
        'Holds the VMs that `run` makes and serves control, until it is interrupted. `run` starts one where there is none. Off Windows its VMs are in a process of their own and outlive it; the next one takes them over.',
      )
      .option('--idle <seconds>', 'end after so long without VMs')
      .option('-d, --detach', 'start it in the background'),
  ).action(async (options: Options) => {
    const idle = options.idle === undefined ? undefined : Number(options.idle)
    if (idle !== undefined && !(idle > 0)) throw new UsageError('--idle: expected seconds above 0')
    if (options.detach === true) return print(`started, pid ${await startService(options)}`)
    const { directory } = options
    throw new ExitWith(
      await runService({ ...(directory === undefined ? {} : { directory }), ...(idle === undefined ? {} : { idle }) }),
    )
  })
}
