// Drives mutated frames into a guest connection, over a real socket and through the whole actor, and watches what comes of them.
//
// A round makes some calls, answers each with the bytes of a mutator, and a last one legally: when that is answered, everything before it
// was decoded. When the connection ends instead, the calls say how far the host came: frames behind the one that ended it do not count, and
// their mutators go on owing them. A second guest in the same thread must never notice.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Container, Guest, GuestProcess } from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../fakes/guest.js'
import { frame, TYPE, type Peer } from '../peer/peer.js'
import { legal, MUTATORS, SILENCE, type Mutator, type Target } from './mutators.js'
import { Random } from './random.js'

/** Calls of a round that should leave the connection alive, and of one that likely ends it. */
const LONG_ROUND = 32
const SHORT_ROUND = 2
const PROPERTIES = 0x10100901
/** Turns of the event loop in which an answer that was sent is surely seen. */
const TURNS = 300
/** And in which every caller has heard of it. */
const SETTLE_TURNS = 30
/** A call that takes longer hangs, milliseconds. */
const HANG_MS = 30_000
/** Rounds between two looks at the neighbour and at memory. */
const CHECK_EVERY = 50

export interface FuzzResult {
  readonly seed: number
  /** Frames that were decoded on a live connection. */
  readonly frames: number
  readonly connections: number
  /** Frames by mutator. */
  readonly byMutator: ReadonlyMap<string, number>
  /** Calls by the class of their error, `answered` when there was none. */
  readonly outcomes: ReadonlyMap<string, number>
  /** Highest growth of resident memory, bytes. */
  readonly peakBytes: number
}

interface Call {
  readonly target: Target
  readonly abort: AbortController
  readonly done: Promise<void>
  /** Class of the error, or `answered`. */
  outcome?: string
}

export class Fuzzer {
  readonly #random: Random
  readonly #seed: number
  readonly #owed = new Map<Mutator, number>()
  readonly #byMutator = new Map<string, number>()
  readonly #outcomes = new Map<string, number>()
  readonly #startBytes = process.memoryUsage.rss()
  #peakBytes = 0
  #frames = 0
  #connections = 0
  #fake!: FakeGuest
  #neighbour!: FakeGuest
  #neighbourPeer!: Peer
  #peer: Peer | undefined
  #container: Container | undefined
  /** Processes that run, whose waits are targets of their own. */
  #waits: { process: GuestProcess; id: bigint }[] = []
  /** Calls of the present round. */
  #made: Promise<unknown>[] = []
  /** The bytes of the present round, for the report of a failure. */
  #sent: Buffer[] = []

  constructor(frames: number, seed: number) {
    this.#seed = seed
    this.#random = new Random(seed)
    // Silence is no frame.
    const shares = MUTATORS.reduce((total, { name, share }) => total + (name === SILENCE ? 0 : share), 0)
    for (const mutator of MUTATORS) this.#owed.set(mutator, Math.ceil((frames * mutator.share) / shares))
  }

  get #guest(): Guest {
    return this.#fake.guest
  }

  /** Until every mutator has had its part. @throws {Error} a hang, growth beyond `maxBytes`, or harm to the neighbour */
  async run(maxBytes: number): Promise<FuzzResult> {
    const recorder = { frames: 64, bytes: 64 * 1024 }
    this.#fake = await fakeGuest('linux', { modifyConcurrency: Infinity, recorder })
    this.#neighbour = await fakeGuest()
    this.#neighbourPeer = await this.#neighbour.connect()
    // Stacks of errors by the thousand would be most of the work.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      for (let round = 0; [...this.#owed.values()].some((owed) => owed > 0); round++) {
        await this.#limited(this.#round())
        if (round % CHECK_EVERY === 0) await this.#check(maxBytes)
      }
      await this.#check(maxBytes)
    } finally {
      Error.stackTraceLimit = stackTraceLimit
      this.#peer?.destroy()
      await this.#fake.close()
      await this.#neighbour.close()
    }
    return {
      seed: this.#seed,
      frames: this.#frames,
      connections: this.#connections,
      byMutator: this.#byMutator,
      outcomes: this.#outcomes,
      peakBytes: this.#peakBytes,
    }
  }

  async #limited(round: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const fail = (): void => reject(new Error(`a call hangs; seed ${this.#seed}, sent ${this.#dump()}`))
      timer = setTimeout(fail, HANG_MS)
    })
    await Promise.race([round, late]).finally(() => clearTimeout(timer))
  }

  #dump(): string {
    return this.#sent.map((bytes) => bytes.subarray(0, 2000).toString('hex')).join(' | ')
  }

  /** The neighbour still answers, has had nothing else, and memory is within its bound. */
  async #check(maxBytes: number): Promise<void> {
    this.#peakBytes = Math.max(this.#peakBytes, process.memoryUsage.rss() - this.#startBytes)
    assert(this.#peakBytes < maxBytes, `memory grew by ${this.#peakBytes} bytes; seed ${this.#seed}`)
    assert.equal(this.#neighbourPeer.unread, 0)
    const dumping = this.#neighbour.guest.dumpStacks()
    this.#neighbourPeer.answer(await this.#neighbourPeer.next(TYPE.dumpStacks), { GuestStacks: 'unharmed' })
    assert.equal(await dumping, 'unharmed')
  }

  async #connect(): Promise<Peer> {
    const connecting = this.#guest.createConnection({ coldStart: false })
    const peer = await this.#fake.dial()
    await Promise.all([connecting, peer.shakeHands()])
    this.#connections++
    for (const { process } of this.#waits.splice(0)) process.close().catch(() => undefined)
    await this.#container?.close()
    this.#container = await this.#guest.openContainer('c')
    this.#container.wait().catch(() => undefined)
    return (this.#peer = peer)
  }

  #count(map: Map<string, number>, key: string): void {
    map.set(key, (map.get(key) ?? 0) + 1)
  }

  /** Follows a call; what it comes to is kept. */
  #follow(target: Target, promise: Promise<unknown>, abort: AbortController): Call {
    const call: Call = {
      target,
      abort,
      done: promise.then(
        () => this.#settle(call, 'answered'),
        (error: Error) => this.#settle(call, error.constructor.name),
      ),
    }
    return call
  }

  #settle(call: Call, outcome: string): void {
    call.outcome = outcome
    this.#count(this.#outcomes, outcome)
  }

  /** Makes calls of every kind and takes their requests. */
  async #calls(peer: Peer, count: number): Promise<Call[]> {
    const made = Array.from({ length: count }, () => this.#make())
    const calls: Call[] = []
    // Waits of processes that started meanwhile come among them.
    for (const { process, id } of this.#waits.splice(0)) {
      calls.push(this.#follow({ id, type: TYPE.wait }, this.#waited(process), new AbortController()))
    }
    while (made.length > 0) {
      const { id, type } = await peer.next()
      const index = made.findIndex((one) => one.type === type)
      if (index === -1) continue
      const [one] = made.splice(index, 1)
      calls.push(this.#follow({ id, type }, one!.promise, one!.abort))
    }
    return calls
  }

  async #waited(process: GuestProcess): Promise<void> {
    await process.wait().finally(() => process.close())
  }

  #make(): { type: number; promise: Promise<unknown>; abort: AbortController } {
    const abort = new AbortController()
    const { signal } = abort
    const guest = this.#guest
    const kinds: Record<number, () => Promise<unknown>> = {
      [TYPE.dumpStacks]: () => guest.dumpStacks({ signal }),
      [TYPE.modify]: () => guest.addLCOWMappedVirtualDisk({ MountPath: '/m', Lun: 1 }, { signal }),
      [TYPE.execute]: () => guest.createProcess({ CommandArgs: ['x'] }, { signal }).then((one) => this.#started(one)),
      [PROPERTIES]: () => this.#container!.propertiesV2([], { signal }),
    }
    const type = Number(this.#random.pick(Object.keys(kinds)))
    const promise = kinds[type]!()
    this.#made.push(promise)
    promise.catch(() => undefined)
    return { type, promise, abort }
  }

  /** Some are kept for their waits; the handle of the others goes, as a careful caller's would. */
  #started(process: GuestProcess): void {
    if (this.#waits.length < SHORT_ROUND) this.#waits.push({ process, id: process.save().waitId })
    else process.close().catch(() => undefined)
  }

  #owing(isHarmful: boolean): [Mutator, number][] {
    return [...this.#owed].filter(([mutator, owed]) => owed > 0 && (mutator.isHarmful === true) === isHarmful)
  }

  #choose(owing: [Mutator, number][]): Mutator | undefined {
    let at = this.#random.below(sum(owing))
    for (const [mutator, owed] of owing) {
      at -= owed
      if (at < 0) return mutator
    }
    return undefined
  }

  async #round(): Promise<void> {
    const peer = this.#peer ?? (await this.#connect())
    const harmful = this.#owing(true)
    const harmless = this.#owing(false)
    const rounds = sum(harmless) / LONG_ROUND
    const isHarmful = this.#random.next() * (sum(harmful) + rounds) < sum(harmful)
    this.#made = []
    let calls: Call[]
    let barrier: Call
    try {
      calls = await this.#calls(peer, isHarmful ? SHORT_ROUND : LONG_ROUND)
      barrier = this.#follow(...(await this.#barrier(peer)))
    } catch {
      // The round before took the barrier's id, whose answer was then one too many.
      this.#peer = undefined
      await Promise.allSettled(this.#made)
      return
    }
    const frames: { call: Call; mutator: Mutator; bytes: Buffer }[] = []
    for (const [index, call] of calls.entries()) {
      // The harm comes last, behind what is decoded for certain.
      const mutator = this.#choose(isHarmful && index === calls.length - 1 ? harmful : harmless)
      if (mutator === undefined) continue
      frames.push({ call, mutator, bytes: mutator.make(call.target, this.#random) })
      if (mutator.ends === true) break
    }
    this.#sent = frames.map(({ bytes }) => bytes)
    const ends = frames.at(-1)?.mutator.ends === true
    await this.#write(peer, Buffer.concat(ends ? this.#sent : [...this.#sent, this.#legal(barrier.target)]))
    if (ends) peer.socket.end()
    await this.#until(barrier, peer)
    if (barrier.outcome === 'answered') return this.#survived(peer, calls, frames)
    peer.destroy()
    await Promise.all([...calls, barrier].map(({ done }) => done))
    this.#peer = undefined
    this.#countUpToTheEnd(frames)
  }

  async #barrier(peer: Peer): Promise<[Target, Promise<unknown>, AbortController]> {
    const promise = this.#guest.dumpStacks()
    this.#made.push(promise)
    promise.catch(() => undefined)
    for (;;) {
      const { id, type } = await peer.next()
      if (type === TYPE.dumpStacks) return [{ id, type }, promise, new AbortController()]
    }
  }

  #legal(target: Target): Buffer {
    return frame(((target.type & 0x0fff_ffff) | 0x2000_0000) >>> 0, target.id, legal(target, this.#random))
  }

  /** In one piece, or split anywhere. */
  async #write(peer: Peer, bytes: Buffer): Promise<void> {
    let offset = 0
    if (this.#random.next() < 0.1) {
      for (let piece = 0; piece < 8 && offset < bytes.length; piece++) {
        const length = 1 + this.#random.below(64)
        peer.send(bytes.subarray(offset, offset + length))
        offset += length
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    if (offset < bytes.length && !peer.socket.write(bytes.subarray(offset)) && !peer.socket.destroyed) {
      await Promise.race([once(peer.socket, 'drain').catch(() => undefined), peer.closed])
    }
  }

  /** Waits for the barrier. A frame that claims more bytes than came leaves the host waiting: the guest then hangs up. */
  async #until(barrier: Call, peer: Peer): Promise<void> {
    for (let turn = 0; turn < TURNS && barrier.outcome === undefined; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (barrier.outcome === undefined) peer.socket.end()
    await barrier.done
  }

  /** Everything was decoded. What has had no answer is given up, and answered late. */
  async #survived(peer: Peer, calls: Call[], frames: { call: Call; mutator: Mutator }[]): Promise<void> {
    for (const { mutator } of frames) this.#decoded(mutator)
    // Some answers have a longer way to their caller than the barrier's.
    for (let turn = 0; turn < SETTLE_TURNS && calls.some(({ outcome }) => outcome === undefined); turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    const unanswered = calls.filter(({ outcome }) => outcome === undefined)
    for (const { abort } of unanswered) abort.abort()
    for (const { target } of unanswered) peer.send(this.#legal(target))
    await Promise.all(unanswered.map(({ done }) => done))
  }

  /** Calls settle in the order of their answers: the first frame behind the last of them is the one that ended the connection. */
  #countUpToTheEnd(frames: { call: Call; mutator: Mutator }[]): void {
    const own = frames.map(({ call }) => call.outcome !== 'BridgeClosedError')
    const last = own.lastIndexOf(true)
    const isKiller = frames[last]?.call.outcome === 'ProtocolError'
    for (const { mutator } of frames.slice(0, isKiller ? last + 1 : last + 2)) this.#decoded(mutator)
  }

  #decoded(mutator: Mutator): void {
    this.#owed.set(mutator, this.#owed.get(mutator)! - 1)
    this.#count(this.#byMutator, mutator.name)
    if (mutator.name !== SILENCE) this.#frames++
  }
}

function sum(owing: readonly [unknown, number][]): number {
  return owing.reduce((total, [, owed]) => total + owed, 0)
}

/** The result as lines for people. */
export function describeResult({ seed, frames, connections, byMutator, outcomes, peakBytes }: FuzzResult): string {
  const table = (map: ReadonlyMap<string, number>): string[] =>
    [...map].sort((a, b) => b[1] - a[1]).map(([name, count]) => `  ${name.padEnd(32)} ${count}`)
  return [
    `seed ${seed}: ${frames} frames decoded on ${connections} connections, memory grew by ${Math.round(peakBytes / 1024 / 1024)} MiB`,
    'frames by mutator',
    ...table(byMutator),
    'calls by outcome',
    ...table(outcomes),
  ].join('\n')
}

/** UVM_FUZZ_SEED, or one of its own. */
export function seedOfRun(): number {
  const given = process.env['UVM_FUZZ_SEED']
  return given === undefined ? Date.now() >>> 0 : Number(given) >>> 0
}
