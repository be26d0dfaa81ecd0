// The state of a machine as a stream of QEMU's migration, which leaves and comes over a socket that the supervisor holds: QEMU itself
// writes no file, so it needs no shell, and what fails is seen here.

import { rmSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { HRESULT } from '../../protocol/hresult.js'
import { member } from '../../protocol/json.js'
import { HcsFailure, refusal } from '../simulated/failure.js'
import type { Machine } from './machine.js'
import type { QmpEvent } from './qmp.js'

const SOCKET = 'stream'
/** QEMU holds back at 128 MiB/s unless told otherwise, bytes a second. */
const BANDWIDTH = 64 * 1024 ** 3
/** The memory is in a file of its own, which both machines have. */
const WITHOUT_MEMORY = 'x-ignore-shared'

export interface StreamOptions {
  /** The VM's own directory. */
  readonly directory: string
  readonly withoutMemory: boolean
}

async function prepare(machine: Machine, { withoutMemory }: StreamOptions): Promise<void> {
  await machine.execute('migrate-set-capabilities', {
    capabilities: [
      { capability: 'events', state: true },
      { capability: WITHOUT_MEMORY, state: withoutMemory },
    ],
  })
  await machine.execute('migrate-set-parameters', { 'max-bandwidth': BANDWIDTH })
}

const isOver = ({ name, data }: QmpEvent): boolean =>
  name === 'MIGRATION' && ['completed', 'failed', 'cancelled'].includes(String(data['status']))

/** Gives the state of a machine that stands still, piece by piece. @throws {HcsFailure}; what `take` failed with */
export async function writeState(
  machine: Machine,
  take: (bytes: Uint8Array) => Promise<unknown>,
  options: StreamOptions,
): Promise<void> {
  const path = join(options.directory, SOCKET)
  rmSync(path, { force: true })
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  let copying: Promise<void> | undefined
  server.once('connection', (socket: Socket) => {
    copying = takeAll(socket, take)
    // It is waited for below.
    copying.catch(() => undefined)
  })
  try {
    await prepare(machine, options)
    await machine.until(isOver, () => machine.execute('migrate', { uri: `unix:${path}` }), 'saving', Infinity)
    const found = await machine.execute('query-migrate')
    // What the file failed with says more than that QEMU could not go on.
    await copying
    if (copying === undefined || member(found, 'status') !== 'completed') {
      throw refusal(
        HRESULT.E_FAIL,
        `QEMU could not save: ${String(member(found, 'error-desc') ?? member(found, 'status'))}`,
      )
    }
  } finally {
    server.close()
  }
}

/** Leaving it ends the stream, which QEMU sees. */
async function takeAll(socket: Socket, take: (bytes: Uint8Array) => Promise<unknown>): Promise<void> {
  for await (const bytes of socket) await take(bytes as Uint8Array)
}

/** Gives a machine that waits for it its state. @throws {HcsFailure} the state is damaged, or not of such a machine */
export async function readState(machine: Machine, source: Readable, options: StreamOptions): Promise<void> {
  const path = join(options.directory, SOCKET)
  rmSync(path, { force: true })
  try {
    await prepare(machine, options)
    await machine.until(
      isOver,
      async () => {
        await machine.execute('migrate-incoming', { uri: `unix:${path}` })
        // A state that ends early is QEMU's to notice.
        pipeline(source, connect(path)).catch(() => undefined)
      },
      'restoring',
      Infinity,
    )
    const found = await machine.execute('query-migrate')
    if (member(found, 'status') !== 'completed') throw new Error(String(member(found, 'status')))
  } catch (error) {
    if (error instanceof HcsFailure && error.hresult !== HRESULT.HCS_E_TERMINATED) throw error
    throw refusal(HRESULT.ERROR_FILE_CORRUPT, 'the saved state is damaged, or not that of a machine of this document')
  } finally {
    source.destroy()
  }
}
