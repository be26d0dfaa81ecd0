#!/usr/bin/env node
// uvm-containerd: the daemon that runs pods for containerd. The launcher starts it; people may too.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Daemon, DirectoryError } from './daemon.js'

const USAGE = `Usage: uvm-containerd daemon --directory DIR --containerd SOCKET --namespace NAME [--provider simulated|computecore|qemu]

  --directory DIR      where its socket lies; made, for this user alone
  --containerd SOCKET  containerd's ttrpc socket, which takes the events
  --namespace NAME     whose containers it runs
  --provider NAME      what runs the utility VMs; default: what this system has

containerd-shim-uvm-v1 starts one when containerd asks for the first pod. SIGTERM ends it, and its pods with it.
`

/** The exit codes: 0 ended by a signal, 1 failed, 2 misused. */
async function main(args: string[]): Promise<number> {
  let values, positionals
  try {
    ;({ values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        directory: { type: 'string' },
        containerd: { type: 'string' },
        namespace: { type: 'string' },
        provider: { type: 'string' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    }))
  } catch (error) {
    console.error(`uvm-containerd: ${(error as Error).message}`)
    return 2
  }
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  if (values.version === true) {
    console.log(version)
    return 0
  }
  if (values.help === true) {
    console.log(USAGE)
    return 0
  }
  const { directory, containerd, namespace, provider } = values
  if (
    positionals.join() !== 'daemon' ||
    directory === undefined ||
    containerd === undefined ||
    namespace === undefined
  ) {
    console.error(USAGE)
    return 2
  }
  if (provider !== undefined && provider !== 'simulated' && provider !== 'computecore' && provider !== 'qemu') {
    console.error(`uvm-containerd: there is no provider ${provider}; simulated, computecore or qemu are`)
    return 2
  }
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const daemon = await Daemon.open({
    directory,
    containerd,
    namespace,
    version,
    ...(provider === undefined ? {} : { host: { provider } }),
    onError: (error) => console.error(`uvm-containerd: ${error.message}`),
  })
  console.log(daemon.address)
  await ended
  await daemon.close()
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`uvm-containerd: ${error instanceof DirectoryError ? error.message : String(error)}`)
  process.exitCode = 1
}
