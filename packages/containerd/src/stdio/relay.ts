// A process's streams joined with those of the host, at the pace of whoever is slower.

import type { GuestProcessHandle } from 'uvm-actors'
import { finished } from 'node:stream/promises'
import type { Readable, Writable } from 'node:stream'
import type { HostStdio } from './open.js'

export interface Relay {
  /** Resolves once what the process has written is with the host, or cannot be brought there. */
  readonly drained: Promise<void>
  /** What has not been read is given up, and all that follows. */
  discard(): void
}

export function relay(process: GuestProcessHandle, host: HostStdio): Relay {
  if (host.stdin !== undefined && process.stdin !== null) void feed(host.stdin.open(), process.stdin)
  // One file for both streams ends with the later of them.
  const outputs = [copy(process.stdout, host.stdout), copy(process.stderr, host.stderr)]
  const drained = Promise.all(outputs).then(async () => {
    const sinks = new Set([host.stdout, host.stderr].filter((one) => one !== undefined))
    await Promise.all(
      [...sinks].map(async (sink) => {
        sink.end()
        await finished(sink, { readable: false }).catch(() => undefined)
      }),
    )
    host.close()
  })
  const discard = (): void => {
    for (const output of [process.stdout, process.stderr]) output?.unpipe().resume()
    host.close()
  }
  return { drained, discard }
}

async function feed(from: Readable, to: Writable): Promise<void> {
  to.on('error', () => from.destroy())
  to.on('close', () => from.destroy())
  from.pipe(to, { end: false })
  // A stream that is given up has no end; the process's goes with it.
  await finished(from, { writable: false }).catch(() => undefined)
  to.end()
}

async function copy(from: Readable | null, to: Writable | undefined): Promise<void> {
  if (from === null) return
  if (to === undefined) {
    from.resume()
  } else {
    // Whoever read it is gone: the process is not held up for that.
    to.on('error', () => from.unpipe(to).resume())
    from.pipe(to, { end: false })
  }
  await finished(from, { writable: false }).catch(() => undefined)
}
