// The bridge as a state machine: random histories of calls, answers, losses and mistakes, against a model that knows what must come of them.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Bridge } from '#dist/actors/gcs/connection/bridge.js'
import type { BridgeEffect, BridgeOptions } from '#dist/actors/gcs/connection/bridge-contract.js'
import type { Leftovers } from '#dist/actors/gcs/connection/restore.js'
import { frame } from '../../../peer/peer.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'
const TIMEOUT_MS = 100

interface Call {
  id: bigint
  isWait: boolean
  handshake: boolean
  deadlineMs: number
  abandoned: boolean
  settled: 'settle' | 'fail' | 'late' | undefined
}

type Action =
  | { do: 'call'; isWait: boolean; ownMs: number | undefined }
  | { do: 'answer'; which: number; result: number; cuts: number[] }
  | { do: 'abandon'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'register'; which: number }
  | { do: 'notify'; which: number }
  | { do: 'migrate'; on: boolean }
  | { do: 'lose' }
  | { do: 'resume'; answered: boolean }
  | { do: 'seed'; by: number }
  | { do: 'violate'; how: number }
  | { do: 'close' }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      isWait: fc.boolean(),
      ownMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which: fc.nat(30),
      result: fc.constantFrom(0, -2147467259),
      cuts: fc.array(fc.nat(80), { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abandon' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(150) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const), which: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('notify' as const), which: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('migrate' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), answered: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seed' as const), by: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('violate' as const), how: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
)

/** Runs a history; every step is checked against the model. */
class History {
  readonly bridge: Bridge
  readonly calls: Call[] = []
  readonly containers = new Set<string>()
  link: 'up' | 'down' | 'resuming' | 'closed' = 'up'
  migrating = false
  nowMs = 0
  nextId = 0n
  closes = 0

  constructor(readonly options: BridgeOptions) {
    this.bridge = new Bridge(options)
  }

  get outstanding(): Call[] {
    return this.calls.filter(({ settled, abandoned }) => settled === undefined || (abandoned && settled === 'fail'))
  }

  /** What happened must be allowed: nothing settles twice, nothing is said after the end. */
  perform(effects: BridgeEffect[]): void {
    for (const effect of effects) {
      assert.equal(this.closes, 0, `${effect.do} after the end`)
      if (effect.do === 'settle' || effect.do === 'fail' || effect.do === 'late') {
        const call = this.calls.find(({ id }) => id === effect.id)
        assert(call !== undefined, `${effect.do} of the unknown request ${effect.id}`)
        if (effect.do === 'late') assert(call.abandoned && call.settled !== 'late')
        else assert(!call.abandoned && call.settled === undefined, `${effect.do} after ${call.settled}`)
        call.settled = effect.do
      } else if (effect.do === 'close') this.closes++
    }
  }

  receive(bytes: Buffer, cuts: number[] = []): void {
    const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
    places.slice(1).forEach((end, index) => this.perform(this.bridge.receive(bytes.subarray(places[index], end))))
  }

  ended(): void {
    this.link = 'closed'
    assert.equal(this.closes, 1)
    assert.equal(this.bridge.closed, true)
    for (const call of this.calls) assert(call.abandoned || call.settled !== undefined, `${call.id} was left`)
    assert.equal(this.bridge.outstanding, 0)
    assert.equal(this.bridge.nextDeadlineMs(), Infinity)
  }

  call(isWait: boolean, ownMs: number | undefined, handshake = false): void {
    const may = this.link === 'up' || (this.link === 'resuming' && handshake)
    const make = (): ReturnType<Bridge['call']> =>
      this.bridge.call(isWait ? 'WaitForProcess' : 'DumpStacks', '{}', this.nowMs, { timeoutMs: ownMs, handshake })
    if (!may) {
      assert.throws(make, { code: 'UVM_BRIDGE_CLOSED' })
      return
    }
    const { id, size, deadlineMs: promisedMs } = make()
    assert.equal(id, this.nextId++)
    const bytes = Buffer.from(this.bridge.takeWritten()!)
    assert.equal(bytes.byteLength, size)
    assert.equal(bytes.readBigUInt64LE(8), id)
    const limit = Math.min(TIMEOUT_MS, ownMs ?? Infinity)
    const deadlineMs = isWait && ownMs === undefined ? Infinity : this.nowMs + limit
    assert.equal(promisedMs, deadlineMs)
    const first = this.outstanding.filter((call) => !call.abandoned).map((call) => call.deadlineMs)
    assert.equal(this.bridge.nextDeadlineMs(), Math.min(deadlineMs, ...first))
    this.calls.push({ id, isWait, handshake, deadlineMs, abandoned: false, settled: undefined })
  }

  step(action: Action): void {
    if (this.link === 'closed') return this.afterTheEnd(action)
    switch (action.do) {
      case 'call':
        return this.call(action.isWait, action.ownMs)
      case 'answer': {
        const call = this.outstanding[action.which % Math.max(1, this.outstanding.length)]
        if (call === undefined || this.link === 'down') return
        const was = call.settled
        this.receive(frame(0x20100c01, call.id, JSON.stringify({ Result: action.result })), action.cuts)
        assert.equal(call.settled, call.abandoned ? 'late' : 'settle', `was ${was}`)
        return
      }
      case 'abandon': {
        const call = this.outstanding[action.which % Math.max(1, this.outstanding.length)]
        if (call === undefined) return
        this.bridge.abandon(call.id)
        call.abandoned = true
        return
      }
      case 'pass': {
        this.nowMs += action.ms
        const due = this.outstanding.filter((call) => !call.abandoned && call.deadlineMs <= this.nowMs)
        this.perform(this.bridge.expire(this.nowMs))
        // Late answers of these are consumed.
        for (const call of due) {
          assert.equal(call.settled, 'fail')
          call.abandoned = true
        }
        return
      }
      case 'register':
        this.bridge.register(`c${action.which}`)
        this.containers.add(`c${action.which}`)
        return
      case 'notify': {
        if (this.link === 'down') return
        const id = `c${action.which}`
        const known = this.containers.delete(id)
        this.receive(notification(id))
        if (!known) this.ended()
        return
      }
      case 'migrate': {
        this.migrating = action.on
        this.perform(this.bridge.setMigrating(action.on))
        if (!action.on && this.link === 'down') this.ended()
        return
      }
      case 'lose': {
        this.perform(this.bridge.end())
        if (!this.migrating && this.link !== 'down') return this.ended()
        if (this.link !== 'down') {
          for (const call of this.calls) if (call.handshake && !call.abandoned) assert(call.settled !== undefined)
        }
        this.link = 'down'
        return
      }
      case 'resume': {
        if (!this.migrating) {
          assert.throws(() => this.bridge.resume(), { code: 'UVM_INVALID_STATE' })
          return
        }
        if (this.link !== 'down') return
        this.bridge.resume()
        this.link = 'resuming'
        this.call(false, undefined, true)
        if (!action.answered) return
        const { id } = this.calls.at(-1)!
        this.receive(frame(0x20100c01, id, '{"Result":0}'))
        this.bridge.resumed()
        this.link = 'up'
        return
      }
      case 'seed':
        this.nextId += BigInt(action.by)
        this.bridge.seed(this.nextId)
        this.bridge.seed(0n)
        return
      case 'violate':
        if (this.link === 'down') return
        this.receive(VIOLATIONS[action.how]!(this))
        return this.ended()
      case 'close':
        this.perform(this.bridge.close())
        return this.ended()
    }
  }

  /** Nothing can be done with it, and nothing comes of what the guest says. */
  afterTheEnd(action: Action): void {
    if (action.do === 'call') this.call(action.isWait, action.ownMs)
    this.perform(this.bridge.receive(notification('c0')))
    this.perform(this.bridge.end())
    this.perform(this.bridge.expire(Infinity))
    this.perform(this.bridge.close())
    assert.throws(() => this.bridge.register('c0'), { code: 'UVM_BRIDGE_CLOSED' })
  }
}

function notification(id: string): Buffer {
  return frame(
    0x30100101,
    0n,
    JSON.stringify({ ContainerId: id, ActivityId: NULL_ID, Type: 'UnexpectedExit', Result: 0 }),
  )
}

const VIOLATIONS: ((history: History) => Buffer)[] = [
  (history) => frame(0x20100c01, history.nextId + 5n, '{"Result":0}'),
  () => frame(0x10100c01, 0n, '{}'),
  () => frame(0x30100201, 0n, '{}'),
  () => frame(0x20100c01, 0n, '', 15),
  () => frame(0x20100c01, 0n, '', 16 * 1024 * 1024),
  () => notification('nobody'),
  () => frame(0x30100101, 0n, '{'),
  () => frame(0x40000000, 0n, '{}'),
]

describe('the bridge as a state machine', () => {
  for (const onRequestTimeout of ['reject', 'close'] as const) {
    it(`settles every call exactly once, whatever happens (${onRequestTimeout})`, () => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
          const history = new History({ requestTimeoutMs: TIMEOUT_MS, onRequestTimeout })
          for (const one of actions) {
            // With 'close' a request past its time is the end, unless the time was its own.
            if (onRequestTimeout === 'close' && one.do === 'pass') continue
            history.step(one)
            if (history.link === 'closed') continue
            assert.equal(history.bridge.nextId, history.nextId)
            assert.equal(history.bridge.transport.kind, history.link)
            const deadlines = history.calls.filter((call) => !call.abandoned && call.settled === undefined)
            assert.equal(
              history.bridge.nextDeadlineMs(),
              Math.min(...deadlines.map(({ deadlineMs }) => deadlineMs), Infinity),
            )
            // One short of the end of a partly received frame the bridge knows nothing yet.
            assert.equal(history.closes, 0)
          }
          history.perform(history.bridge.close())
          for (const call of history.calls) assert(call.abandoned || call.settled !== undefined)
        }),
        { numRuns: 300 },
      )
    })
  }

  it('a time that passes ends the connection with close, but never by a time of the call’s own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }), { minLength: 1 }),
        (times) => {
          const history = new History({ requestTimeoutMs: TIMEOUT_MS, onRequestTimeout: 'close' })
          for (const own of times) history.call(false, own)
          history.perform(history.bridge.expire(TIMEOUT_MS))
          const isFatal = times.some((own) => own === undefined || own > TIMEOUT_MS)
          assert.equal(history.bridge.closed, isFatal)
          for (const call of history.calls) assert.equal(call.settled, 'fail')
        },
      ),
    )
  })

  it('any bytes at all: it never throws, and what is in flight settles', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const history = new History({ requestTimeoutMs: TIMEOUT_MS, onRequestTimeout: 'reject' })
        history.call(false, undefined)
        history.call(true, undefined)
        for (const chunk of chunks) history.perform(history.bridge.receive(chunk))
        history.perform(history.bridge.end())
        history.ended()
      }),
    )
  })

  it('a restore hands out what was held exactly once, in whatever order it is claimed', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.bigInt({ min: 1n, max: 40n }), { maxLength: 12 }),
        fc.uniqueArray(fc.bigInt({ min: 1n, max: 40n }), { maxLength: 12 }),
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
        (answered, claimed, told, opened) => {
          const bridge = new Bridge({ requestTimeoutMs: TIMEOUT_MS, onRequestTimeout: 'reject', restoring: true })
          const handshake = bridge.call('NegotiateProtocol', '{}', 0).id
          const early = [
            ...answered.map((id) => frame(0x20100601, id, '{"Result":0,"ExitCode":1}')),
            ...told.map(notification),
          ]
          assert.deepEqual(bridge.receive(Buffer.concat(early)), [])
          const capabilities = '{"Result":0,"Version":4,"Capabilities":{"GuestDefinedCapabilities":null}}'
          assert.equal(bridge.receive(frame(0x20100b01, handshake, capabilities))[0]?.do, 'settle')
          for (const id of claimed) {
            const { known, effects } = bridge.adoptWait(id)
            assert.equal(known, false)
            assert.equal(effects.length, answered.includes(id) ? 1 : 0)
            if (answered.includes(id)) assert.throws(() => bridge.adoptWait(id), { code: 'UVM_INVALID_STATE' })
            else assert.deepEqual(bridge.adoptWait(id), { known: true, effects: [] })
          }
          for (const id of opened) assert.equal(bridge.register(id).effects.length, told.includes(id) ? 1 : 0)
          const left = bridge.endRestore()
          assert.deepEqual(new Set(left.ids), new Set(answered.filter((id) => !claimed.includes(id))))
          assert.deepEqual(new Set(left.containers), new Set(told.filter((id) => !opened.includes(id))))
          const next = bridge.nextId
          assert(claimed.every((id) => id < next))
        },
      ),
    )
  })

  it('a guest that drops its connection again and again: what is remembered of the earlier ones is bounded', () => {
    let leftovers: Leftovers | undefined
    for (let connection = 0; connection < 20; connection++) {
      const bridge = new Bridge({ requestTimeoutMs: 1000, onRequestTimeout: 'reject', leftovers })
      if (leftovers !== undefined) bridge.seed(leftovers.nextId)
      for (let call = 0; call < 1000; call++) bridge.call('DumpStacks', '{}', 0)
      bridge.close()
      leftovers = bridge.takeLeftovers()
      assert.equal(bridge.leftovers.ids.size, 0)
    }
    assert.equal(leftovers?.nextId, 20_000n)
    assert.equal(leftovers.ids.size, 4096)
    assert(leftovers.ids.has(19_999n))
  })
})
