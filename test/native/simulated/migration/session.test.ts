// The two sides of a simulated migration, without a service around them: the order of calls, the transfer, and a peer that lies.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MessageChannel } from 'node:worker_threads'
import type { Duplex } from 'node:stream'
import fc from 'fast-check'
import type { HcsFailure } from '#dist/native/simulated/failure.js'
import {
  MigrationWire,
  PROTOCOL,
  type MigrationFrame,
  type MigrationSide,
} from '#dist/native/simulated/migration/wire.js'
import { packState, unpackState } from '#dist/native/simulated/state/codec.js'
import {
  MIGRATION_ORDER,
  MigrationSession,
  type MigratingSystem,
  type MigrationCall,
  type MigrationPhase,
} from '#dist/native/simulated/migration/session.js'
import { PortDuplex } from '#dist/native/simulated/thread/socket-port.js'
import { ManualClock } from '../../../fakes/clock.js'
import { pending, rejection } from '../../../support/expect.js'

const INVALID_STATE = 0x80370105
const CALLS: readonly MigrationCall[] = ['start', 'transfer', 'finalize', 'cancel']

interface Side {
  readonly session: MigrationSession
  readonly told: string[]
  /** What was done to the VM. */
  readonly done: string[]
  /** The state it was run with. */
  ran: Uint8Array | undefined
}

interface Pair {
  source: Side
  destination: Side
  streams: [Duplex, Duplex]
  clock: ManualClock
}

describe('migration session', () => {
  const streams: Duplex[] = []

  afterEach(() => {
    for (const stream of streams.splice(0)) stream.destroy()
  })

  function streamPair(): [Duplex, Duplex] {
    const { port1, port2 } = new MessageChannel()
    const pair: [Duplex, Duplex] = [new PortDuplex(port1), new PortDuplex(port2)]
    streams.push(...pair)
    return pair
  }

  function side(of: MigrationSide, clock: ManualClock, passes: number, state: Uint8Array, problem?: number): Side {
    const made = { told: [] as string[], done: [] as string[], ran: undefined as Uint8Array | undefined }
    const system: MigratingSystem = {
      capture: () => state,
      blackout: () => made.done.push('blackout'),
      problemOf: () => problem,
      run: (bytes) => {
        made.done.push('run')
        made.ran = bytes
      },
      end: () => made.done.push('end'),
      notify: ({ Event, Result }) => made.told.push(Result === 'Success' ? `${Event}` : `${Event} ${Result}`),
    }
    return Object.assign(made, { session: new MigrationSession(of, system, clock, passes) })
  }

  function pair(state: Uint8Array = randomBytes(10), passes = 2, problem?: number): Pair {
    const clock = new ManualClock()
    return {
      source: side('Source', clock, passes, state),
      destination: side('Destination', clock, passes, state, problem),
      streams: streamPair(),
      clock,
    }
  }

  async function started(made = pair()): Promise<Pair> {
    const { source, destination, streams: ends } = made
    await Promise.all([source.session.start(7, ends[0]), destination.session.start(7, ends[1])])
    return made
  }

  async function transferred(made?: Pair): Promise<Pair> {
    const running = await started(made)
    await Promise.all([running.source.session.transfer(), running.destination.session.transfer()])
    return running
  }

  /** A pair of which this side is in the given phase. */
  const inPhase: Record<MigrationPhase, (of: 'source' | 'destination') => Promise<Pair>> = {
    prepared: async () => pair(),
    started: () => started(),
    transferring: async (of) => {
      const made = await started()
      made[of].session.transfer().catch(() => undefined)
      return made
    },
    transferred: () => transferred(),
    failed: async (of) => {
      const made = await transferred()
      made[of].session.cancel()
      return made
    },
    over: async (of) => {
      const made = await transferred()
      made[of].session.finalize('Resume')
      return made
    },
  }

  function call(made: Pair, of: 'source' | 'destination', name: MigrationCall): Promise<void> {
    const { session } = made[of]
    switch (name) {
      case 'start':
        return session.start(7, made.streams[of === 'source' ? 0 : 1])
      case 'transfer':
        return session.transfer()
      case 'finalize':
        return Promise.resolve().then(() => session.finalize('Stop'))
      case 'cancel':
        return Promise.resolve().then(() => session.cancel())
    }
  }

  for (const phase of Object.keys(MIGRATION_ORDER) as MigrationPhase[]) {
    for (const of of ['source', 'destination'] as const) {
      it(`HCS-091 a ${of} that is ${phase} takes ${MIGRATION_ORDER[phase].join(' and ') || 'nothing'}`, async () => {
        for (const name of CALLS) {
          const made = await inPhase[phase](of)
          assert.equal(made[of].session.phase, phase)
          const outcome = call(made, of, name).then(
            () => undefined,
            (error: HcsFailure) => error.hresult,
          )
          // A destination that was not started has nothing to cancel.
          const isLegal =
            MIGRATION_ORDER[phase].includes(name) &&
            !(of === 'destination' && phase === 'prepared' && name === 'cancel')
          if (isLegal) {
            if (await pending(outcome)) made[of].session.exited()
            assert.notEqual(await outcome, INVALID_STATE, name)
          } else {
            assert.equal(await outcome, INVALID_STATE, name)
            assert.equal(made[of].session.phase, phase, `${name} changes nothing`)
          }
          made.source.session.stop()
          made.destination.session.stop()
        }
      })
    }
  }

  it('a state of many frames crosses unchanged, and only the last pass counts', async () => {
    const state = randomBytes(1_000_001)
    const { source, destination } = await transferred(pair(state, 1))
    assert.equal(destination.ran, undefined)
    destination.session.finalize('Resume')
    assert.deepEqual(Buffer.from(destination.ran!), state)
    assert.deepEqual(source.done, ['blackout'])
    source.session.finalize('Stop')
    assert.deepEqual(source.done, ['blackout', 'end'])
    assert.deepEqual(source.told, [
      'SetupDone',
      'TransferInProgress',
      'BlackoutStarted',
      'OfflineDone',
      'BlackoutExited',
      'MigrationDone',
    ])
  })

  it('finalize without an operation stops the source and resumes the destination; a source that failed goes on', async () => {
    const good = await transferred()
    good.source.session.finalize(undefined)
    good.destination.session.finalize(undefined)
    assert.deepEqual(good.source.done, ['blackout', 'end'])
    assert.deepEqual(good.destination.done, ['run'])
    const bad = await started()
    bad.source.session.cancel()
    bad.source.session.finalize(undefined)
    assert.deepEqual(bad.source.done, ['run'])
    assert.deepEqual(bad.source.told, ['SetupDone', 'MigrationFailed MigrationCancelled', 'MigrationRecoveryDone'])
  })

  it('a source that goes on after all tells the destination, so that no two of it run', async () => {
    const { source, destination } = await transferred()
    source.session.finalize('Resume')
    assert.deepEqual(source.done, ['blackout', 'run'])
    while (destination.session.phase !== 'failed') await new Promise((resolve) => setImmediate(resolve))
    assert.equal(destination.told.at(-1), 'MigrationFailed SourceMigrationFailed')
  })

  it('a start waits for the other side for a moment of its clock only', async () => {
    const { source, streams: ends, clock } = pair()
    const starting = source.session.start(7, ends[0])
    clock.advance(249)
    assert.equal(await pending(starting), true)
    clock.advance(1)
    await starting
    assert.equal(clock.timers, 0)
    assert.deepEqual(source.told, [])
    source.session.stop()
  })

  it('two sources are no pair', async () => {
    const { source, streams: ends, clock } = pair()
    const other = side('Source', clock, 1, randomBytes(1))
    const results = [source.session.start(7, ends[0]), other.session.start(7, ends[1])].map((start) =>
      rejection<HcsFailure>(start),
    )
    for (const error of await Promise.all(results)) assert.equal(error.hresult, 0x80070057)
  })

  it('a state that the destination cannot run ends the transfer of both', async () => {
    const { source, destination } = await started(pair(randomBytes(5), 1, 0x8007000d))
    const results = [source.session.transfer(), destination.session.transfer()].map((one) => rejection<HcsFailure>(one))
    const [here, there] = await Promise.all(results)
    assert.equal(here?.hresult, 0x80004005)
    assert.equal(there?.hresult, 0x8007000d)
    const failed = 'MigrationFailed DestinationMigrationFailed'
    assert.deepEqual([source.told.at(-1), destination.told.at(-1)], [failed, failed])
  })

  const piece = (pass: number, isLast: boolean, size = 1): MigrationFrame => {
    return { kind: 'piece', pass, bytes: new Uint8Array(size), isLast }
  }
  const hello = (side: MigrationSide): MigrationFrame => ({ kind: 'hello', protocol: PROTOCOL, side, sessionId: 7 })

  const lies: [what: string, to: MigrationSide, frames: MigrationFrame[]][] = [
    ['speaks before it says hello', 'Source', [{ kind: 'ready' }]],
    ['sends state unasked', 'Destination', [hello('Source'), piece(1, true)]],
    ['takes what was not sent', 'Source', [hello('Destination'), { kind: 'taken' }]],
    ['is complete before anything came', 'Source', [hello('Destination'), { kind: 'complete' }]],
    ['is ready twice', 'Source', [hello('Destination'), { kind: 'ready' }, { kind: 'ready' }]],
    ['sends state to a source', 'Source', [hello('Destination'), piece(0, true)]],
  ]
  for (const [what, to, frames] of lies) {
    it(`a peer that ${what} is a lost connection`, async () => {
      const { clock, streams: ends } = pair()
      const victim = side(to, clock, 1, randomBytes(1))
      victim.session.start(7, ends[0]).catch(() => undefined)
      const peer = new MigrationWire(ends[1], { frame: () => undefined, lost: () => undefined })
      for (const frame of frames) peer.send(frame)
      while (victim.session.phase !== 'failed') await new Promise((resolve) => setImmediate(resolve))
      assert.match(victim.told.at(-1) ?? '', /^MigrationFailed (Source|Destination)MigrationFailed$/)
      assert.equal(ends[0].destroyed || ends[0].writableEnded, true)
      peer.destroy()
    })
  }
})

describe('migration link', () => {
  /** Frames that come out of bytes cut at random, and whether the link was lost. */
  async function read(chunks: Uint8Array[]): Promise<{ frames: MigrationFrame[]; lost: number }> {
    const { port1, port2 } = new MessageChannel()
    const [near, far] = [new PortDuplex(port1), new PortDuplex(port2)]
    const seen = { frames: [] as MigrationFrame[], lost: 0 }
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    new MigrationWire(near, {
      frame: (frame) => seen.frames.push(frame),
      lost: () => {
        seen.lost++
        end()
      },
    })
    for (const chunk of chunks) far.write(chunk)
    far.end()
    await ended
    far.destroy()
    return seen
  }

  function encode(frames: MigrationFrame[]): Uint8Array {
    return Buffer.concat(
      frames.map((frame) => {
        const body = packState(frame)
        const head = Buffer.alloc(4)
        head.writeUInt32LE(body.byteLength)
        return Buffer.concat([head, body])
      }),
    )
  }

  const frame: fc.Arbitrary<MigrationFrame> = fc.oneof(
    fc.record({ kind: fc.constant('ready' as const) }),
    fc.record({ kind: fc.constant('taken' as const) }),
    fc.record({ kind: fc.constant('failed' as const), result: fc.string() }),
    fc.record({
      kind: fc.constant('piece' as const),
      pass: fc.nat(),
      bytes: fc.uint8Array(),
      isLast: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('hello' as const),
      protocol: fc.constant(PROTOCOL),
      side: fc.constantFrom('Source' as const, 'Destination' as const),
      sessionId: fc.nat(),
    }),
  )

  it('frames come out as they went in, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 5 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
        async (frames, cuts) => {
          const bytes = encode(frames)
          const ends = [0, ...cuts.map((cut) => Math.min(cut, bytes.byteLength)), bytes.byteLength].sort(
            (a, b) => a - b,
          )
          const chunks = ends.slice(1).map((end, index) => bytes.slice(ends[index], end))
          const seen = await read(chunks.filter((chunk) => chunk.byteLength > 0))
          const plain = (list: MigrationFrame[]): unknown =>
            list.map((one) => ('bytes' in one ? { ...one, bytes: [...one.bytes] } : { ...one }))
          assert.deepEqual(plain(seen.frames), plain(frames))
          assert.equal(seen.lost, 1)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('bytes that are no frames end the link, once, and never throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }), async (chunks) => {
        assert.equal((await read(chunks)).lost, 1)
      }),
      { numRuns: 50 },
    )
    const huge = Buffer.alloc(4)
    huge.writeUInt32LE(0xffff_ffff)
    assert.deepEqual(await read([huge]), { frames: [], lost: 1 })
    for (const body of [
      { kind: 'piece', pass: 1 },
      { kind: 'hello', protocol: 'other' },
      { kind: '__proto__' },
      [],
      5,
      null,
    ]) {
      assert.deepEqual(await read([encode([body as never])]), { frames: [], lost: 1 })
    }
  })

  it('a state keeps its maps, sets and 64-bit integers', () => {
    const state = {
      scsi: new Map([['a', new Map([[1, { Path: 'x', Size: 2n ** 63n }]])]]),
      pipes: new Set(['p']),
      none: undefined,
    }
    assert.deepEqual(unpackState(packState(state)), state)
  })
})
