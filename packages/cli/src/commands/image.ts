// uvmctl image: what VMs under QEMU boot.

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { buildImage, buildVsockDaemon, needsVsockDaemon } from 'uvm-actors-image'
import { ExitWith } from '../exit-codes.js'
import { harmless } from '../harmless.js'
import { onInterruption } from '../interruption.js'
import { printNote, printOne } from '../output.js'
import { withOutput, type PrintOptions } from './options.js'

interface BuildOptions extends PrintOptions {
  kernel?: string
  modules?: string
  busybox?: string
  runtime?: string
  cache?: string
  rebuild?: boolean
}

export function addImage(program: Command): void {
  const image = program
    .command('image')
    .summary('build what VMs under QEMU boot')
    .description('Guest images for real VMs on Linux, under QEMU.')
  image.helpOption('--help', 'print this text')
  withOutput(
    image
      .command('build')
      .summary('build the guest image, unless it is there')
      .description(
        "Builds kernel, first file system and manifest of a guest for VMs on Linux (x86-64), of this machine's Debian packages and the guest agent's Go module, and the daemon for the host's side of vsock where this machine needs it. What is there already is not built again.",
      )
      .option('--kernel <file>', 'a kernel of another distribution, with --modules')
      .option('--modules <folder>', 'its modules: .../lib/modules/<release>')
      .option('--busybox <file>', 'a static busybox, where this is no Debian')
      .option('--runtime <file>', 'a static runc or crun, where this is no Debian')
      .option('--cache <folder>', "where to keep it (default: uvm-actors in the user's cache)")
      .option('--rebuild', 'build again what is there'),
  )
    .helpOption('--help', 'print this text')
    .addHelpText(
      'after',
      '\nExamples:\n  uvmctl image build\n  uvmctl image build --json\n  uvmctl image build --kernel /boot/vmlinuz-6.6 --modules /lib/modules/6.6\n\nExit code 3: this machine lacks what it is built with or from; the error says what brings it.',
    )
    .action(build)
}

async function build(options: BuildOptions): Promise<void> {
  const { rebuild = false, cache } = options
  // A build that is interrupted leaves nothing behind.
  const interruption = onInterruption(() => undefined)
  const how = {
    rebuild,
    signal: interruption.signal,
    onProgress: (line: string) => printNote(harmless(line)),
    ...(cache === undefined ? {} : { cacheDirectory: resolve(cache) }),
  }
  try {
    const { directory, kernel, initrd, manifest } = await buildImage({ ...how, ...filesOf(options) })
    const daemon = needsVsockDaemon() ? await buildVsockDaemon(how) : undefined
    const text = (): string =>
      [`kernel  ${kernel}`, `initrd  ${initrd}`, ...(daemon === undefined ? [] : [`vsock   ${daemon}`])].join('\n')
    printOne({ directory, kernel, initrd, key: manifest.key, daemon }, text, options)
  } catch (error) {
    if (interruption.exitCode === undefined) throw error
    throw new ExitWith(interruption.exitCode)
  } finally {
    interruption.release()
  }
}

function filesOf(options: BuildOptions): Partial<Record<'kernel' | 'modules' | 'busybox' | 'runtime', string>> {
  const { kernel, modules, busybox, runtime } = options
  const given = Object.entries({ kernel, modules, busybox, runtime }).filter(([, path]) => path !== undefined)
  return Object.fromEntries(given.map(([name, path]) => [name, resolve(path!)]))
}
