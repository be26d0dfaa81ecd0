// A program of its own: the whole flow, everything closed, and then nothing that would keep the process. Prints what was open when, as
// one JSON document; it must end by itself.

import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { Host, type HostOptions, type HostStats } from '#dist/index.js'
import { linux, windows } from './documents.js'

export interface WholeLife {
  /** Directories of Hosts that were there while they lived, and are there still. */
  directories: { during: number; after: number }
  /** Entries of /proc/self/fd and /proc/self/task; absent where the system does not tell. */
  fds?: { before: number; during: number; after: number }
  tasks?: { before: number; during: number; after: number }
  /** When every VM and guest was closed, the Host still open. */
  idle: HostStats
  exits: string[]
}

const [optionsText = '{}', mode = 'close'] = process.argv.slice(2)
const options = JSON.parse(optionsText) as HostOptions

function count(what: 'fd' | 'task'): number {
  const directory = `/proc/self/${what}`
  return existsSync(directory) ? readdirSync(directory).length : 0
}

async function life(host: Host): Promise<string[]> {
  const exits: string[] = []
  const vms = await Promise.all(
    ['linux', 'windows', 'linux', 'windows'].map(async (os, index) => {
      const vm = await host.createVM(`${os}-${index}`, os === 'linux' ? linux() : windows())
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const request = os === 'linux' ? { args: ['sh', '-c', 'echo hi; uname'] } : { commandLine: 'cmd /c echo hi' }
      await guest.execInUVM(request)
      return { vm, guest }
    }),
  )
  during.directories = (await readdir(tmpdir())).filter((name) => name.startsWith('uvm-')).length
  during.fds = count('fd')
  during.tasks = count('task')
  await Promise.all(
    vms.map(async ({ vm, guest }) => {
      await vm.terminate()
      exits.push((await vm.wait()).exitType)
      await guest.close()
      await vm.close()
    }),
  )
  return exits
}

const during = { directories: 0, fds: 0, tasks: 0 }

// The pool of the runtime's own threads starts with the first file operation, and stays.
await readdir(tmpdir())
// So does the descriptor that libuv keeps in reserve (/dev/null) from a loop's first stream on.
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
server.close()
await once(server, 'close')
const before = { fds: count('fd'), tasks: count('task') }
const host = await Host.open(options)
const exits = await life(host)
if (mode === 'unref') {
  // An open Host that is unref'd does not keep the process.
  host.unref().ref().unref()
} else {
  const idle = await host.stats()
  await host.close()
  const report: WholeLife = {
    directories: {
      during: during.directories,
      after: (await readdir(tmpdir())).filter((name) => name.startsWith('uvm-')).length,
    },
    ...(existsSync('/proc/self/task')
      ? {
          fds: { before: before.fds, during: during.fds, after: count('fd') },
          tasks: { before: before.tasks, during: during.tasks, after: count('task') },
        }
      : {}),
    idle,
    exits,
  }
  process.stdout.write(JSON.stringify(report))
}
