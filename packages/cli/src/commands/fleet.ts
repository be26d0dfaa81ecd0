// uvmctl fleet up, status, down: all VMs of a fleet file.

import type { Command } from 'commander'
import type { ControlVm } from 'uvm-actors/control'
import { connect, connectOrStart } from '../connection.js'
import { EXIT, ExitWith, UsageError } from '../exit-codes.js'
import { exitCodeOf, tell } from '../failure.js'
import { readFleetFile } from '../fleet/file.js'
import { keepFleet, type KeptVm } from '../fleet/kept.js'
import { EXAMPLE_FLEET, fleetUp, progressFor } from '../fleet/up.js'
import { onInterruption } from '../interruption.js'
import { print, printList, printNote, type Column } from '../output.js'
import { VM_COLUMNS } from './lists.js'
import { count, withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'

interface UpOptions extends CommonOptions, PrintOptions {
  keep?: boolean
  threads?: number
}

const KEPT_COLUMNS: Column<KeptVm>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'RESULT', of: ({ ok, error }) => (ok ? 'ok' : (error ?? 'failed')) },
]

export function addFleet(program: Command): void {
  const fleet = program
    .command('fleet')
    .summary('all VMs of a fleet file')
    .description(
      "Takes the VMs of a fleet file through their life, or keeps them. Without a file: the library's example.",
    )
  fleet.helpOption('--help', 'print this text')
  withOutput(
    withDirectory(
      fleet
        .command('up')
        .summary('boot, use and tear down; with --keep they stay')
        .description(
          'Boots every VM of the fleet at once, applies its changes, runs its commands and tears it down; with --keep the VMs stay, held by the service.',
        )
        .argument('[file]', 'the fleet file')
        .option('--keep', 'leave the VMs, for `fleet down`')
        .option('--threads <count>', 'actor threads (default: one per core; not with --keep)', count),
    ),
  ).action(up)
  withOutput(
    withDirectory(
      fleet
        .command('status')
        .summary('list its VMs')
        .description('Lists the VMs of the fleet that are there.')
        .argument('[file]', 'the fleet file'),
    ),
  ).action(async (file: string | undefined, options: CommonOptions & PrintOptions) => {
    const plans = await readFleetFile(file ?? EXAMPLE_FLEET)
    const all = await (await connect(options)).list()
    const found = plans
      .map(({ id }) => all.find(({ Id }) => Id === id))
      .filter((vm): vm is ControlVm => vm !== undefined)
    printList(found, VM_COLUMNS, options)
    if (found.length < plans.length) {
      printNote(`uvmctl: ${plans.length - found.length} of ${plans.length} VMs are not there`)
      throw new ExitWith(EXIT.missing)
    }
  })
  withDirectory(
    fleet
      .command('down')
      .summary('end and remove its VMs')
      .description('Ends and removes the VMs of the fleet.')
      .argument('[file]', 'the fleet file'),
  ).action(async (file: string | undefined, options: CommonOptions) => {
    const ids = new Set((await readFleetFile(file ?? EXAMPLE_FLEET)).map(({ id }) => id))
    const client = await connect(options)
    let worst: number = EXIT.ok
    for (const { Id } of (await client.list()).filter(({ Id, held }) => held && ids.has(Id))) {
      try {
        await client.remove(Id, true)
        print(Id)
      } catch (error) {
        tell(error)
        worst ||= exitCodeOf(error)
      }
    }
    throw new ExitWith(worst)
  })
}

async function up(file: string | undefined, options: UpOptions): Promise<void> {
  const { keep = false, threads, json = false } = options
  if (threads === 0) throw new UsageError('--threads: expected an integer above 0')
  const plans = await readFleetFile(file ?? EXAMPLE_FLEET)
  if (!keep) throw new ExitWith(await fleetUp(plans, { json, threads }))
  const interruption = onInterruption((text) => printNote(`uvmctl: ${text}`))
  try {
    const client = await connectOrStart(options)
    const progress = progressFor(json || options.format !== undefined, plans.length)
    const vms = await keepFleet(client, plans, progress, interruption.signal)
    progress.end()
    printList(vms, KEPT_COLUMNS, options)
    throw new ExitWith(interruption.exitCode ?? (vms.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed))
  } finally {
    interruption.release()
  }
}
