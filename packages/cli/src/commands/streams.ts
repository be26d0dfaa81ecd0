// uvmctl logs, events, stats: what happens.

import type { Command } from 'commander'
import type { ControlClient, ControlVmStats } from 'uvm-actors/control'
import { connect, connectToHolder } from '../connection.js'
import { harmless } from '../harmless.js'
import { onInterruption } from '../interruption.js'
import { print, printEntry, printList, type Column } from '../output.js'
import { ExitWith } from '../exit-codes.js'
import { count, withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'

type Options = CommonOptions & PrintOptions

export function addStreams(program: Command): void {
  withOutput(
    withDirectory(
      program
        .command('logs')
        .summary("print a guest's log")
        .description("Prints what the agent in a VM's guest has logged.")
        .argument('<vm>', 'id of the VM')
        .option('-f, --follow', 'go on until the VM ends')
        .option('-n, --tail <count>', 'the last entries only', count),
    ),
  ).action(async (vm: string, options: Options & { follow?: boolean; tail?: number }) => {
    const { follow = false, tail } = options
    await each(
      options,
      () => connectToHolder(vm, options),
      (client, signal) => client.logs(vm, { follow, signal, ...(tail === undefined ? {} : { tail }) }),
      (entry) => {
        const { time, level, message } = entry
        return `${time === undefined ? '' : `${String(time)} `}${level} ${message}`
      },
    )
  })
  withOutput(
    withDirectory(
      program
        .command('events')
        .summary('print what happens to the VMs')
        .description('Prints what happens, until it is interrupted.'),
    ),
  ).action((options: Options) =>
    each(
      options,
      () => connect(options),
      (client, signal) => client.events({ signal }),
      ({ time, event, args }) => `${time} ${event} ${args.map(shown).join(' ')}`,
    ),
  )
  withOutput(
    withDirectory(
      program
        .command('stats')
        .summary('print what VMs use')
        .description('Prints memory and processor time of the VMs that run.')
        .argument('[vm...]', 'ids of VMs (default: all that the service holds)'),
    ),
  ).action(async (vms: string[], options: Options) => {
    printList(await statsOf(await connect(options), vms), STATS_COLUMNS, options)
  })
}

function shown(arg: unknown): string {
  return typeof arg === 'string' ? arg : JSON.stringify(arg)
}

/** A line for each, until there are no more or a signal comes. */
async function each<T extends object>(
  options: Options,
  find: () => Promise<ControlClient>,
  open: (client: ControlClient, signal: AbortSignal) => AsyncIterable<T>,
  text: (entry: T) => string,
): Promise<void> {
  const interruption = onInterruption(() => undefined)
  try {
    const client = await find()
    for await (const entry of open(client, interruption.signal)) {
      if (options.json === true || options.format !== undefined) printEntry(entry, options)
      else print(harmless(text(entry)))
    }
  } catch (error) {
    if (interruption.exitCode === undefined) throw error
    throw new ExitWith(interruption.exitCode)
  } finally {
    interruption.release()
  }
}

/** Those named, or all that run and are held. A VM that ends meanwhile is left out unless it was named. */
export async function statsOf(client: ControlClient, vms: readonly string[]): Promise<ControlVmStats[]> {
  if (vms.length > 0) return Promise.all(vms.map((vm) => client.vmStats(vm)))
  const running = (await client.list()).filter(({ held, State }) => held && State === 'Running')
  const all = await Promise.all(running.map(({ Id }) => client.vmStats(Id).catch(() => undefined)))
  return all.filter((one) => one !== undefined)
}

export const STATS_COLUMNS: Column<ControlVmStats>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'MEMORY', of: ({ Statistics }) => bytes(Statistics?.Memory?.MemoryUsageCommitBytes) },
  { head: 'CPU TIME', of: ({ Statistics }) => time(Statistics?.Processor?.TotalRuntime100ns) },
  { head: 'UP', of: ({ Statistics }) => time(Statistics?.Uptime100ns) },
]

type Quantity = number | bigint | string | undefined

function bytes(value: Quantity): string {
  if (value === undefined) return '-'
  const mib = Number(value) / 1024 / 1024
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${mib.toFixed(0)} MiB`
}

/** Of 100 ns each. */
function time(value: Quantity): string {
  return value === undefined ? '-' : `${(Number(value) / 1e7).toFixed(1)} s`
}
