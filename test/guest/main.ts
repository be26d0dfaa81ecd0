// npm run test:guest: drives everything that a Linux guest must do, prints a table, and ends with 1 when an outcome is not the expected one.
//
//   npm run test:guest                       the built-in guest
//   npm run test:guest -- --dial DIRECTORY   any guest: it dials the Unix sockets DIRECTORY/RUNTIME_ID.vsock_PORT
//
// --rows PATTERN: only the rows whose name matches. --agent 0.14: with the outcomes of that version. With --dial: --runtime-id GUID (else a fixed one, printed), --adapter GUID (else network rows are left out), --without disks,pmem for what
// its machine lacks, --log (listens for the agent's log on port 109), --restart SECONDS (how long to wait for an agent that died).

import { mkdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isGuid } from '#dist/protocol/guid.js'
import { BRIDGE, RawHost } from '../peer/host.js'
import { DialledGuest } from '../support/raw-guest.js'
import { builtinSubject } from './builtin.js'
import { EARLIER, EXPECTED } from './expected.js'
import { ROWS } from './rows.js'
import { BREAKS } from './rows-last.js'
import { Subject, type Hardware } from './subject.js'

const RUNTIME_ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const LOG_SERVICE = 'vsock_109'
/** A row that takes longer has no outcome. */
const ROW_MS = 60_000

/** A guest to ask, and how to get the next one after a row that ended it. */
interface Source {
  readonly has: Hardware
  next(): Promise<Subject>
  close(): Promise<void>
}

function builtin(): Source {
  const open: (() => Promise<void>)[] = []
  return {
    has: { disks: true, adapter: 'its own', pmem: true },
    next: async () => {
      const { subject, close } = await builtinSubject()
      open.push(close)
      return subject
    },
    close: async () => {
      for (const close of open) await close()
    },
  }
}

async function dialled(directory: string, flags: Flags): Promise<Source> {
  const runtimeId = (flags['runtime-id'] ?? RUNTIME_ID).toLowerCase()
  if (!isGuid(runtimeId)) throw new Error('--runtime-id: a GUID without braces')
  await mkdir(directory, { recursive: true })
  const host = new RawHost(directory, runtimeId)
  const lacks = new Set((flags.without ?? '').split(','))
  const has = { disks: !lacks.has('disks'), pmem: !lacks.has('pmem'), adapter: flags.adapter }
  if (flags.log === true) void drain(host)
  const guest = new DialledGuest(host, 'linux', await host.listen(BRIDGE.linux))
  process.stdout.write(`waiting for a guest at ${directory}/${runtimeId}.${BRIDGE.linux}\n`)
  const patience = Number(flags.restart ?? 60) * 1000
  return {
    has,
    next: () => within(patience, Subject.connect(guest, has), 'no guest has dialled'),
    close: () => Promise.resolve(host.stopListening()),
  }
}

async function drain(host: RawHost): Promise<void> {
  const listener = await host.listen(LOG_SERVICE)
  for (;;) (await listener.accept()).resume()
}

async function within<T>(ms: number, work: Promise<T>, reason: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(new Error(reason)), ms)))
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** The outcomes that are not the expected ones. */
async function drive(source: Source, pattern: RegExp, isEarlier: boolean): Promise<number> {
  let different = 0
  let subject: Subject | undefined
  const chosen = ROWS.filter(({ id }) => pattern.test(id))
  for (const row of chosen) {
    if (row.needs !== undefined && source.has[row.needs] !== true && typeof source.has[row.needs] !== 'string') {
      print(' ', row.id, 'left out', '')
      continue
    }
    let found: string
    try {
      subject ??= await source.next()
      found = await within(ROW_MS, row.run(subject), `no outcome within ${ROW_MS / 1000} s`)
      // One that survived is asked again.
      if (found === BREAKS) subject = undefined
    } catch (error) {
      found = error instanceof Error ? error.message : String(error)
    }
    const { outcome = '', evidence = '' } = EXPECTED[row.id] ?? {}
    const wanted = (isEarlier ? EARLIER[row.id] : undefined) ?? outcome
    const isEqual = found === wanted
    if (!isEqual) {
      different++
      // Nobody knows what it left: the next row has a connection of its own, with its disks mounted.
      subject?.bridge.socket.destroy()
      subject = undefined
    }
    print(isEqual ? '=' : '≠', row.id, evidence, isEqual ? wanted : `${wanted}  got ${found}`)
  }
  process.stdout.write(`${chosen.length} rows, ${different} different\n`)
  return different
}

function print(mark: string, id: string, evidence: string, outcome: string): void {
  process.stdout.write(`${mark}  ${id.padEnd(75)}  ${evidence.padEnd(14)}  ${outcome}\n`)
}

interface Flags {
  dial?: string | undefined
  'runtime-id'?: string | undefined
  adapter?: string | undefined
  without?: string | undefined
  restart?: string | undefined
  log?: boolean | undefined
  rows?: string | undefined
  agent?: string | undefined
}

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    dial: text,
    'runtime-id': text,
    adapter: text,
    without: text,
    restart: text,
    rows: text,
    agent: text,
    log: { type: 'boolean' },
  },
})
const source = values.dial === undefined ? builtin() : await dialled(values.dial, values)
const different = await drive(source, new RegExp(values.rows ?? '', 'u'), values.agent === '0.14')
await source.close()
process.exit(different === 0 ? 0 : 1)
