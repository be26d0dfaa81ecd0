// uvmctl ps, inspect: what there is.

import type { Command } from 'commander'
import type { ControlVm } from 'uvm-actors/control'
import { connect } from '../connection.js'
import { printList, printOne, type Column } from '../output.js'
import { withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'

export const VM_COLUMNS: Column<ControlVm>[] = [
  { head: 'ID', of: ({ Id }) => Id },
  { head: 'STATE', of: ({ State }) => State },
  { head: 'OS', of: ({ guestOS, RuntimeOsType }) => guestOS ?? RuntimeOsType?.toLowerCase() ?? '' },
  { head: 'OWNER', of: ({ Owner }) => Owner ?? '' },
  { head: 'GUEST', of: ({ held, connected }) => (connected ? 'connected' : held ? 'none' : 'elsewhere') },
  { head: 'RUNTIME ID', of: ({ RuntimeId }) => RuntimeId },
]

export function addLists(program: Command): void {
  withOutput(
    withDirectory(
      program
        .command('ps')
        .summary('list the VMs')
        .description('Lists the VMs that the compute service knows, whoever made them.'),
    ),
  )
    .addHelpText('after', "\nExamples:\n  uvmctl ps\n  uvmctl ps --format '{Id}' | xargs -n 1 uvmctl stop")
    .action(async (options: CommonOptions & PrintOptions) => {
      const client = await connect(options)
      printList(await client.list(), VM_COLUMNS, options)
    })
  withOutput(
    withDirectory(
      program
        .command('inspect')
        .summary('tell all about a VM')
        .description('Tells what is known of a VM: state, guest, capabilities, exit.')
        .argument('<vm>', 'id of the VM'),
    ),
  )
    .addHelpText('after', "\nExamples:\n  uvmctl inspect web\n  uvmctl inspect web --format '{exit.exitType}'")
    .action(async (vm: string, options: CommonOptions & PrintOptions) => {
      const client = await connect(options)
      const details = await client.inspect(vm)
      printOne(details, () => JSON.stringify(details, null, 2), options)
    })
}
