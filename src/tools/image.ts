#!/usr/bin/env node
// npm run vm-image: builds the guest image for VMs on Linux, and the daemon for the host's side of vsock where this machine needs it.
//
// Exit codes: 0 built or there, 1 it cannot be built, 2 the arguments cannot be used, 3 this machine lacks what it is built with or
// from.

import { parseArgs } from 'node:util'
import { ImageError, InvalidConfigError } from '../errors.js'
import { buildImage } from '../native/qemu/image/build.js'
import { needsDaemon } from '../native/qemu/image/tools.js'
import { buildDaemon } from '../native/qemu/vsock/daemon.js'

const USAGE = `Usage: npm run vm-image -- [options]

Builds the kernel, the first file system and the manifest of a guest for VMs on Linux (x86-64), from the machine's Debian packages and the
guest agent's Go module. What is there already is not built again.

  --kernel <file>      a kernel of another distribution, with --modules
  --modules <folder>   its modules: .../lib/modules/<release>
  --busybox <file>     a static busybox, where this is no Debian
  --runtime <file>     a static runc or crun, where this is no Debian
  --cache <folder>     where to keep it (default: uvm-actors in the user's cache)
  --rebuild            builds again what is there
  --json               one line of JSON: { directory, kernel, initrd, key, daemon }
  --help               this text
`

const OPTIONS = {
  kernel: { type: 'string' },
  modules: { type: 'string' },
  busybox: { type: 'string' },
  runtime: { type: 'string' },
  cache: { type: 'string' },
  rebuild: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Nothing is wrong with the code: something is to be installed, or reached. */
const LACKS: ReadonlySet<string> = new Set([
  'no-go',
  'no-compiler',
  'no-cargo',
  'no-tool',
  'wrong-version',
  'index-unreachable',
])

async function main(argv: string[]): Promise<number> {
  try {
    const { cache, json, help, ...options } = parseArgs({ args: argv, options: OPTIONS }).values
    if (help === true) {
      process.stdout.write(USAGE)
      return 0
    }
    // A build that is interrupted leaves nothing behind.
    const ending = new AbortController()
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort())
    const { signal } = ending
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`)
    const where = cache === undefined ? {} : { cacheDirectory: cache }
    const image = await buildImage({ ...options, ...where, signal, onProgress })
    const again = options.rebuild === undefined ? {} : { rebuild: options.rebuild }
    const daemon = needsDaemon() ? await buildDaemon({ ...where, ...again, signal, onProgress }) : undefined
    const { directory, kernel, initrd, manifest } = image
    const lines = [`kernel  ${kernel}`, `initrd  ${initrd}`, ...(daemon === undefined ? [] : [`vsock   ${daemon}`])]
    process.stdout.write(
      json === true
        ? `${JSON.stringify({ directory, kernel, initrd, key: manifest.key, daemon })}\n`
        : `${lines.join('\n')}\n`,
    )
    return 0
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    process.stderr.write(`vm-image: ${message}\n`)
    if (error instanceof InvalidConfigError || code?.startsWith('ERR_PARSE_ARGS') === true) return 2
    return error instanceof ImageError && LACKS.has(error.reason) ? 3 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
