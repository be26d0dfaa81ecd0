// uvmctl run: one VM from a document, a command inside, its exit code ours.

import type { Command } from 'commander'
import { randomBytes } from 'node:crypto'
import type { GuestOS } from 'uvm-actors'
import type { ControlClient } from 'uvm-actors/control'
import { attach, terminalSize } from '../attach.js'
import { connectOrStart } from '../connection.js'
import { readDocument } from '../document-file.js'
import { EXIT, ExitWith, UsageError } from '../exit-codes.js'
import { onInterruption } from '../interruption.js'
import { print, printNote } from '../output.js'
import { OWNER } from '../service.js'
import { seconds, variable, withDirectory, type CommonOptions } from './options.js'

interface RunOptions extends CommonOptions {
  name?: string
  os?: string
  keep?: boolean
  tty?: boolean
  env?: Record<string, string>
  workdir?: string
  timeout?: number
}

export function addRun(program: Command): void {
  withDirectory(
    program
      .command('run')
      .summary('make a VM from a document, run a command in it')
      .description(
        'Makes a VM from a ComputeSystem document, starts it, connects its guest and runs a command inside, with this terminal where there is one. The VM is removed when the command has ended. Without a command the VM stays, and its id is printed.',
      )
      .argument('<file>', "the document, JSON; '-' reads standard input")
      .argument('[command...]', 'what to run, after --')
      .option('--name <id>', 'id of the VM (default: one that is made up)')
      .option('--os <system>', "'linux' or 'windows' (default: what the document says)")
      .option('--keep', 'leave the VM when the command has ended')
      .option('--no-tty', 'no terminal for the command, although there is one here')
      .option('-e, --env <NAME=VALUE>', 'a variable of the command; may be given again', variable)
      .option('-w, --workdir <dir>', 'its working directory')
      .option('--timeout <seconds>', 'for the VM to be up', seconds),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  uvmctl run vm.json -- sh\n  uvmctl run vm.json -- sh -c "cat /proc/meminfo" | grep MemFree\n  uvmctl run --name web --keep vm.json',
    )
    .action(async (file: string, command: string[], options: RunOptions) => {
      throw new ExitWith(await run(file, command, options))
    })
}

async function run(file: string, args: string[], options: RunOptions): Promise<number> {
  const { os, name, timeout } = options
  if (os !== undefined && os !== 'linux' && os !== 'windows')
    throw new UsageError("--os: expected 'linux' or 'windows'")
  const document = await readDocument(file)
  document.Owner ??= OWNER
  const id = name ?? `uvm-${randomBytes(4).toString('hex')}`
  const client = await connectOrStart(options)
  const interruption = onInterruption((text) => printNote(`uvmctl: ${text}`))
  try {
    await client.create(
      {
        id,
        document,
        ...(os === undefined ? {} : { guestOS: os as GuestOS }),
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
      },
      { signal: interruption.signal },
    )
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode
    throw error
  } finally {
    interruption.release()
  }
  if (args.length === 0) {
    print(id)
    return EXIT.ok
  }
  try {
    return await execIn(client, id, args, options)
  } finally {
    if (options.keep === true) printNote(`uvmctl: the VM ${id} stays`)
    else await client.remove(id, true)
  }
}

async function execIn(client: ControlClient, id: string, args: string[], options: RunOptions): Promise<number> {
  const terminal = options.tty !== false && process.stdin.isTTY && process.stdout.isTTY
  const command = await client.exec(id, {
    args,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.workdir === undefined ? {} : { workingDirectory: options.workdir }),
    ...(terminal ? { terminal: terminalSize() } : {}),
  })
  return attach(command, { interactive: true, terminal })
}
