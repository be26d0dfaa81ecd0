// The journal: its text and what a crash leaves of it, what its records come to, and how it is kept on a disk that fails or is slow.

import assert from 'node:assert/strict'
import { systemClock, type Clock } from '#dist/native/clock.js'
import { Journal, type JournalFile } from '#dist/actors/journal/journal.js'
import type { JournalRecord } from '#dist/actors/journal/records.js'
import { JournalState } from '#dist/actors/journal/state.js'
import { JOURNAL_VERSION, journalLine, journalTitle, NoJournal, readJournal } from '#dist/actors/journal/text.js'
import { ManualClock } from '../../fakes/clock.js'

const RUNTIME = '11111111-2222-3333-4444-555555555555'

const VM: JournalRecord = {
  vm: {
    id: 'vm ü 1',
    runtimeId: RUNTIME,
    owner: 'tests',
    guestOS: 'linux',
    shutdownOptions: '{"Mechanism":"IntegrationService"}',
    dials: { entropy: true, log: true },
    outlivesHost: true,
    stays: true,
  },
}
const GUEST: JournalRecord = {
  guest: RUNTIME,
  options: {
    serviceId: '40000000-facb-11e6-bd58-64006a7986d3',
    entropy: true,
    log: false,
    requestTimeoutMs: Infinity,
    onRequestTimeout: 'close',
    modifyConcurrency: Infinity,
    reconnect: { attempts: Infinity, withinMs: 5 },
    recorder: false,
  },
  base: 2n ** 40n,
}
const started = (waitId: bigint, port = 5000): JournalRecord => ({
  process: RUNTIME,
  of: { pid: 7, containerId: 'c', waitId, ports: { stdout: port } },
})
const ALL: JournalRecord[] = [
  VM,
  GUEST,
  { connected: RUNTIME },
  started(3n),
  started(2n ** 53n + 1n),
  { container: RUNTIME, id: 'c' },
  { container: RUNTIME, id: 'd' },
  { processEnded: RUNTIME, waitId: 3n },
  { containerEnded: RUNTIME, id: 'd' },
]

function textOf(records: readonly JournalRecord[]): string {
  return journalTitle() + records.map(journalLine).join('')
}

function stateOf(records: Iterable<JournalRecord>): JournalState {
  const state = new JournalState()
  for (const record of records) state.apply(record)
  return state
}

/** A file in memory. */
class MemoryFile implements JournalFile {
  text: string
  appends = 0
  replaces = 0
  fails: Error | undefined
  hangs: Promise<void> = Promise.resolve()

  constructor(text = '') {
    this.text = text
  }

  read(): Promise<string> {
    return Promise.resolve(this.text)
  }

  async append(text: string): Promise<void> {
    this.appends++
    await this.hangs
    if (this.fails !== undefined) {
      // What a full disk leaves.
      this.text += text.slice(0, 5)
      throw this.fails
    }
    this.text += text
  }

  async replace(text: string): Promise<void> {
    this.replaces++
    await this.hangs
    if (this.fails !== undefined) throw this.fails
    this.text = text
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

async function open(file: JournalFile, clock: Clock = systemClock): Promise<{ journal: Journal; failures: Error[] }> {
  const failures: Error[] = []
  const { journal } = await Journal.open(file, clock, { failed: (error) => failures.push(error) })
  return { journal, failures }
}

describe('the text of a journal', () => {
  it('gives back what was written, ids beyond 2^53 and Infinity included', () => {
    assert.deepEqual(readJournal(textOf(ALL)), { records: ALL, damaged: 0 })
  })

  it('cut anywhere, it gives the records before the cut and counts no damage', () => {
    const text = textOf(ALL)
    const ends = ALL.map((_, at) => textOf(ALL.slice(0, at + 1)).length)
    for (let length = 0; length <= text.length; length++) {
      const whole = ends.filter((end) => end <= length).length
      assert.deepEqual(readJournal(text.slice(0, length)), { records: ALL.slice(0, whole), damaged: 0 }, `${length}`)
    }
  })

  it('loses a damaged record and no other', () => {
    const text = textOf(ALL)
    const start = textOf(ALL.slice(0, 2)).length
    const length = journalLine(ALL[2]!).length - 1
    const rest = ALL.filter((_, at) => at !== 2)
    for (let at = start; at < start + length; at++) {
      const damagedText = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
      assert.deepEqual(readJournal(damagedText), { records: rest, damaged: 1 }, `${at}`)
    }
  })

  it('of something else, or of a newer version, is refused with what it is', () => {
    for (const text of [
      'hello\n',
      'hello',
      '\0\0',
      '{"a":1}\n',
      'uvm-actors journal x\n',
      '\n',
      `${journalTitle().trim()}0`,
    ]) {
      assert.throws(() => readJournal(text), NoJournal, JSON.stringify(text))
    }
    assert.throws(() => readJournal(`uvm-actors journal ${JOURNAL_VERSION + 1}\n`), {
      message: `is of the format ${JOURNAL_VERSION + 1}, and this version of the package knows ${JOURNAL_VERSION}`,
    })
  })

  it('a record with members of the wrong kind is none, however right its checksum', () => {
    const wrong = [
      { vm: { ...(VM as { vm: object }).vm, guestOS: 'bsd' } },
      { ...GUEST, base: 'x' },
      { process: RUNTIME, of: { pid: -1, waitId: '1', ports: {} } },
      { processEnded: RUNTIME, waitId: '-1' },
      { container: RUNTIME, id: 5 },
      { gone: null },
      { later: 'version' },
    ] as unknown as JournalRecord[]
    assert.deepEqual(readJournal(textOf(wrong)), { records: [], damaged: wrong.length })
  })
})

describe('what the records of a journal come to', () => {
  it('is the same after it was written anew', () => {
    const state = stateOf(ALL)
    assert.deepEqual([...stateOf(state.records()).records()], [...state.records()])
    const { guest } = state.of(RUNTIME)!
    assert.deepEqual([...guest!.processes.keys()], [2n ** 53n + 1n])
    assert.deepEqual([...guest!.containers], ['c'])
    assert.equal(guest!.isConnected, true)
    assert.equal(guest!.nextPort, 5001)
  })

  it('a further Guest keeps what is known of the system inside; a VM that is gone takes all along', () => {
    const state = stateOf([...ALL, { ...GUEST, base: 2n ** 41n } as JournalRecord])
    assert.equal(state.of(RUNTIME)!.guest!.base, 2n ** 41n)
    assert.equal(state.of(RUNTIME)!.guest!.processes.size, 1)
    state.apply({ gone: RUNTIME })
    state.apply(started(9n))
    assert.deepEqual([...state.records()], [])
  })

  it('is bounded: of the processes and containers of a guest the newest are remembered', () => {
    const state = stateOf([VM, GUEST])
    for (let at = 1; at <= 5000; at++) {
      state.apply(started(BigInt(at)))
      state.apply({ container: RUNTIME, id: `${at}` })
    }
    const { processes, containers } = state.of(RUNTIME)!.guest!
    assert.deepEqual([processes.size, containers.size], [4096, 4096])
    assert.equal(processes.has(5000n), true)
  })
})

describe('a journal', () => {
  it('is on disk when the one who added to it hears so, many records in one write', async () => {
    const file = new MemoryFile()
    const { journal } = await open(file)
    await Promise.all(ALL.map((record) => journal.add(record)))
    assert.deepEqual(readJournal(file.text).records, ALL)
    assert.equal(file.appends, 1)
    await journal.close()
    await journal.add({ gone: RUNTIME })
    assert.deepEqual(readJournal(file.text).records, ALL)
  })

  it('is written anew when opened: what a crash cut off is gone from it, and what follows can be read', async () => {
    const text = textOf(ALL)
    const file = new MemoryFile(text.slice(0, -3))
    const { journal } = await open(file)
    await journal.add({ container: RUNTIME, id: 'later' })
    const { records, damaged } = readJournal(file.text)
    assert.equal(damaged, 0)
    assert.equal(stateOf(records).of(RUNTIME)!.guest!.containers.has('later'), true)
  })

  it('stays small however much happens', async () => {
    const file = new MemoryFile(textOf([VM, GUEST]))
    const { journal } = await open(file)
    let longest = 0
    for (let at = 1n; at <= 5_000n; at++) {
      void journal.add(started(at))
      await journal.add({ processEnded: RUNTIME, waitId: at })
      longest = Math.max(longest, file.text.length)
    }
    assert.ok(longest < 80_000, `${longest}`)
    assert.equal(stateOf(readJournal(file.text).records).of(RUNTIME)!.guest!.processes.size, 0)
  })

  it('a write that fails is told once and loses nothing: the next that succeeds writes all', async () => {
    const file = new MemoryFile()
    const { journal, failures } = await open(file)
    await journal.add(VM)
    file.fails = new Error('no space left on device')
    await journal.add(GUEST)
    await journal.add({ connected: RUNTIME })
    assert.deepEqual(
      failures.map(({ message }) => message),
      ['no space left on device'],
    )
    file.fails = undefined
    await journal.add(started(4n))
    const { records, damaged } = readJournal(file.text)
    assert.deepEqual([records, damaged], [[VM, GUEST, { connected: RUNTIME }, started(4n)], 0])
  })

  it('a disk that hangs holds nobody up for longer than a second', async () => {
    const clock = new ManualClock()
    const file = new MemoryFile()
    const { journal } = await open(file, clock)
    let release = (): void => undefined
    file.hangs = new Promise((resolve) => (release = resolve))
    const added = journal.add(VM)
    clock.advance(1_000)
    await added
    assert.equal(readJournal(file.text).records.length, 0)
    release()
    await journal.add(GUEST)
    assert.deepEqual(readJournal(file.text).records, [VM, GUEST])
  })
})
