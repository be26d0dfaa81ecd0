// Errors: classes, codes, fields and predicates; and that all of it survives the way through a worker thread.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import * as uvm from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { Mailbox } from '#dist/actors/mailbox/contract.js'
import { fromWireError, toWireError } from '#dist/errors-wire.js'
import { hcsError } from '#dist/native/hcs-error.js'
import { FAILURES, type FailingRequests } from './fakes/failing-actor.js'
import { rejection } from './support/expect.js'

const CODES = {
  InvalidConfigError: 'UVM_INVALID_CONFIG',
  InvalidStateError: 'UVM_INVALID_STATE',
  HcsError: 'UVM_HCS_FAILED',
  GuestRPCError: 'UVM_GUEST_FAILED',
  ProtocolError: 'UVM_PROTOCOL',
  BridgeClosedError: 'UVM_BRIDGE_CLOSED',
  GuestConnectionUnavailableError: 'UVM_NO_GUEST',
  UnsupportedGuestError: 'UVM_UNSUPPORTED_GUEST',
  OperationTimeoutError: 'UVM_TIMEOUT',
  AbortError: 'ABORT_ERR',
  OverloadedError: 'UVM_OVERLOADED',
  ActorLostError: 'UVM_ACTOR_LOST',
  ProviderUnavailableError: 'UVM_NO_PROVIDER',
  SimulationStuckError: 'UVM_SIMULATION_STUCK',
  ImageError: 'UVM_IMAGE',
} as const

type Loose = Error & Record<string, unknown>

describe('error classes', () => {
  for (const [name, code] of Object.entries(CODES)) {
    it(`${name} has the code ${code}, names what was tried, and is a UVMError`, () => {
      const error = FAILURES[name]!() as Loose
      assert(error instanceof uvm.UVMError)
      assert(error instanceof (uvm as unknown as Record<string, typeof uvm.UVMError>)[name]!)
      assert.equal(error.name, name)
      assert.equal(error.code, code)
      assert.match(error.message, error.id === undefined ? /^host\.open: / : /^(vm|guest)\.\w+ "vm": /)
    })
  }

  it('HcsError carries the unsigned code, its name, the events, and says all of it', () => {
    const error = FAILURES['HcsError']!() as uvm.HcsError
    assert.equal(error.hresult, 0xc037_010d)
    assert.equal(error.hresultName, 'HCS_E_INVALID_JSON')
    assert.equal(
      error.message,
      'vm.addSCSIDisk "vm": VirtualMachine/Devices: HCS_E_INVALID_JSON (0xC037010D): the document is not valid\n' +
        '[Event Detail: Invalid JSON document Stack Trace: here Provider: 17103e3f-3c6e-4677-bb17-3b267eb5be57 EventID: 11000 flags: 1 Source: HCS]',
    )
    const told = new uvm.HcsError({ hresult: 0xc037_010d, detail: 'line 3' })
    assert.match(told.message, /is not valid; line 3$/)
    const bare = new uvm.HcsError({ hresult: 0x8037_0105, events: [{ EventId: 0, Message: '' }] })
    assert.equal(bare.message.split('\n').length, 1)
    assert.equal('path' in bare || 'attribution' in bare || 'op' in bare || 'id' in bare, false)
  })

  it('messages show values shortly', () => {
    const message = (value: unknown): string =>
      new uvm.InvalidConfigError({ path: 'x', value, reason: 'expected y' }).message
    assert.equal(message('a'.repeat(200)), `x: expected y, got "${'a'.repeat(80)}…"`)
    assert.equal(message(7n), 'x: expected y, got 7n')
    assert.equal(message([1]), 'x: expected y, got an array')
    assert.equal(message(null), 'x: expected y, got null')
    assert.equal(
      message(() => 1),
      'x: expected y, got a function',
    )
    assert.equal(message(Symbol('s')), 'x: expected y, got Symbol(s)')
    assert.equal(new uvm.InvalidConfigError({ reason: 'no' }).message, 'no')
  })

  it('no message says twice what happened', () => {
    const first = new uvm.BridgeClosedError({ op: 'guest.wait', id: 'a "b"', reason: 'the guest hung up' })
    const second = new uvm.BridgeClosedError({ op: 'guest.exec', cause: first })
    assert.equal(second.message, 'guest.exec: the guest connection closed: the guest hung up')
    const reworded = new uvm.BridgeClosedError({ reason: second.message })
    assert.equal(reworded.message, 'the guest connection closed: the guest hung up')
    const lost = new uvm.ActorLostError({
      cause: new uvm.ActorLostError({ op: 'vm.start', reason: 'its port closed' }),
    })
    assert.equal(lost.message, 'the actor was lost: its port closed; the outcome is unknown')
    assert.equal(new uvm.BridgeClosedError({}).message, 'the guest connection closed')
    const quoted = new uvm.BridgeClosedError({ reason: 'it said: the guest connection closed' })
    assert.match(quoted.message, /closed: it said: the guest connection closed$/)
  })

  it('a failure with the code of success is told as unexpected, not as S_OK', () => {
    const error = hcsError({ hresult: 0 }, { op: 'vm.start', id: 'vm' }) as uvm.HcsError
    assert.deepEqual([error.hresult, error.hresultName], [0x8000_ffff, 'E_UNEXPECTED'])
    assert.match(error.message, /it failed and gave the code of success/)
    assert.doesNotMatch(error.message, /S_OK/)
    assert.equal(new uvm.GuestRPCError({ result: 0 }).result, 0x8000_ffff)
  })

  it('a time-out says that the outcome is unknown, unless nothing was sent', () => {
    const unknown = new uvm.OperationTimeoutError({ timeoutMs: 5 })
    assert.equal(unknown.message, 'no answer within 5 ms; the outcome is unknown')
    assert.equal(unknown.sent, true)
    const unsent = new uvm.OperationTimeoutError({ timeoutMs: 5, sent: false, reason: 'it waited' })
    assert.equal(unsent.message, 'no answer within 5 ms (it waited); nothing was sent')
    assert.equal(unsent.sent, false)
  })

  it('a time-out tells milliseconds as people do', () => {
    const told = (timeoutMs: number): string | undefined =>
      /within (.*) ms/.exec(new uvm.OperationTimeoutError({ timeoutMs }).message)?.[1]
    assert.deepEqual([94.89216299999998, 240_000, 0.5, 1.2345, 9.99, 123_456.7].map(told), [
      '95',
      '240000',
      '0.5',
      '1.2',
      '10',
      '123457',
    ])
  })
})

describe('errors across a worker thread', () => {
  let worker: Worker
  let mailbox: Mailbox<FailingRequests, Record<string, never>>

  before(() => {
    const { local, remote } = newChannel()
    worker = new Worker(new URL('./fakes/failing-actor.js', import.meta.url), {
      workerData: { errorsPort: remote },
      transferList: [remote],
    })
    mailbox = openMailbox(local)
  })
  after(async () => {
    const ended = once(worker, 'exit')
    await mailbox.stop()
    await ended
  })

  const fail = (name: string): Promise<Loose> =>
    rejection<Loose>(mailbox.call('fail', { name }, { op: 'test.fail' }, { timeoutMs: 10_000 }))

  for (const name of Object.keys(CODES)) {
    it(`HCS-083 ${name} arrives with its class, fields and causes, and the caller’s own stack`, async () => {
      const sent = FAILURES[name]!() as Loose
      const error = await fail(name)
      assert.equal(Object.getPrototypeOf(error), Object.getPrototypeOf(sent))
      assert.equal(error.name, name)
      assert.equal(error.message, sent.message)
      for (const key of Object.keys(sent).filter((key) => key !== 'name')) assert.deepEqual(error[key], sent[key], key)
      assert.equal(error.stack?.split('\n')[0], `${name}: ${sent.message.split('\n')[0]}`)
      assert.match(error.stack ?? '', /errors\.test/)
      let [cause, original] = [error.cause as Loose | undefined, sent.cause as Loose | undefined]
      for (; original instanceof Error; [cause, original] = [cause!.cause as Loose, original.cause as Loose]) {
        assert.equal(Object.getPrototypeOf(cause), Object.getPrototypeOf(original))
        assert.equal(cause?.message, original.message)
        assert.equal(cause['syscall'], original['syscall'])
      }
      assert.deepEqual(cause, original)
    })
  }

  it('HCS-083 op, id, path, events, attribution and cause of an HcsError', async () => {
    const error = (await fail('HcsError')) as unknown as uvm.HcsError
    assert.equal(error.op, 'vm.addSCSIDisk')
    assert.equal(error.id, 'vm')
    assert.equal(error.path, 'VirtualMachine/Devices')
    assert.equal(error.events[0]?.EventId, 11000)
    assert.deepEqual(error.events[0]?.Data, [{ Type: 'String', Value: '$.Owner' }])
    assert.deepEqual(error.attribution, [{ OperationFailure: { Detail: 'Modify' } }])
    assert(error.cause instanceof RangeError)
    assert.match(error.cause.stack ?? '', /failing-actor/)
  })

  it('foreign errors, aggregates and things that are no errors arrive as well as they can', async () => {
    const unavailable = await fail('foreign')
    assert(unavailable instanceof uvm.ProviderUnavailableError)
    const foreign = unavailable.cause as unknown as typeof unavailable & Record<string, unknown>
    assert.deepEqual([foreign.message, foreign['code'], foreign['errno']], ['system', 'ENOENT', -2])
    const aggregate = (await fail('aggregate')) as unknown as AggregateError
    assert(aggregate instanceof AggregateError)
    assert(aggregate.errors[0] instanceof uvm.BridgeClosedError)
    assert.equal((aggregate.errors[1] as Error).message, 'text')
    const text = await fail('text')
    assert(text instanceof uvm.ActorLostError)
    assert.equal((text.cause as Error).cause, 'only text')
    assert((await fail('nothing')) instanceof uvm.ActorLostError)
  })

  it('a chain of causes that never ends is cut', () => {
    const error = new Error('loop')
    error.cause = error
    let depth = 0
    for (let at: unknown = fromWireError(toWireError(error)); at instanceof Error; at = at.cause) depth++
    assert(depth > 1 && depth < 20)
    const members = new AggregateError([], 'many')
    members.errors.push(members)
    assert.doesNotThrow(() => fromWireError(toWireError(members)))
  })
})

describe('errors of a provider', () => {
  it('HCS-084 one that carries op and id already is passed on as it is', () => {
    const given = new uvm.HcsError({ op: 'vm.start', id: 'vm', hresult: 0x8037_0105 })
    assert.equal(hcsError(given, { op: 'vm.other', id: 'other' }), given)
    const labelled = hcsError(new uvm.HcsError({ hresult: 0x8037_0105, detail: 'x' }), { op: 'vm.start', id: 'vm' })
    assert.equal(hcsError(labelled, { op: 'vm.other', id: 'other' }), labelled)
    assert.equal(labelled.message.match(/vm\.start/g)?.length, 1)
    const timeout = new uvm.OperationTimeoutError({ timeoutMs: 1 })
    assert.equal(hcsError(timeout, { op: 'vm.start', id: 'vm' }), timeout)
  })

  it('HCS-082 whatever is wrong with the result document, the code is told', () => {
    const documents = ['', 'no json', '[]', '5', 'null', '{}', '{"Error":5}', '['.repeat(1000)]
    const odd = ['{"ErrorMessage":5,"ErrorEvents":{}}', '{"ErrorEvents":[null,5,{"Message":7}],"Attribution":"x"}']
    for (const document of [...documents, ...odd, undefined, 5]) {
      const error = hcsError(Object.assign(new Error('refused'), { hresult: -2143878907, document }), {
        op: 'vm.start',
        id: 'vm',
      }) as uvm.HcsError
      assert(error instanceof uvm.HcsError, String(document))
      assert.equal(error.hresult, 0x8037_0105)
      assert(error.events.every((event) => typeof event === 'object'))
    }
  })

  it('one without a code counts as unexpected', () => {
    const hostile = {
      get hresult(): never {
        throw new Error('a getter')
      },
    }
    for (const given of [new Error('oops'), 'oops', undefined, null, { hresult: 'x' }, { hresult: NaN }, hostile]) {
      const error = hcsError(given, { op: 'vm.start', id: 'vm' }) as uvm.HcsError
      assert.equal(error.hresult, 0x8000_ffff)
    }
    const error = hcsError(new Error('oops'), { op: 'vm.start', id: 'vm' })
    assert.match(error.message, /oops/)
    assert.equal((error.cause as Error).message, 'oops')
  })
})

describe('predicates', () => {
  const hcs = (hresult: number): Error => new uvm.HcsError({ hresult })
  const guest = (result: number): Error => new uvm.GuestRPCError({ result })
  const PREDICATES = {
    isNotExist: uvm.isNotExist,
    isAlreadyStopped: uvm.isAlreadyStopped,
    isAlreadyClosed: uvm.isAlreadyClosed,
    isNotSupported: uvm.isNotSupported,
    isInvalidState: uvm.isInvalidState,
    isAccessDenied: uvm.isAccessDenied,
    isPending: uvm.isPending,
    isTimeout: uvm.isTimeout,
  }
  const TABLE: Record<number, (keyof typeof PREDICATES)[]> = {
    0x8037_010e: ['isNotExist'],
    0x8007_0490: ['isNotExist', 'isAlreadyStopped'],
    0x8037_0110: ['isAlreadyStopped'],
    0x8037_011f: ['isAlreadyStopped'],
    0xc037_0103: ['isPending'],
    0x8037_0117: ['isPending'],
    0x8037_0118: ['isTimeout'],
    0x8037_0109: ['isTimeout'],
    0x8007_0102: ['isTimeout'],
    0x8007_05b4: ['isTimeout'],
    0x8037_010d: ['isNotSupported'],
    0x8037_010b: ['isNotSupported'],
    0x8037_010c: ['isNotSupported'],
    0x8007_000d: ['isNotSupported'],
    0x8007_0032: ['isNotSupported'],
    0x8000_4001: ['isNotSupported'],
    0x8007_007f: ['isNotSupported'],
    0x8037_0120: ['isNotSupported'],
    0x8037_0105: ['isInvalidState'],
    0x8007_0005: ['isAccessDenied'],
    0x8037_011b: ['isAccessDenied'],
    0x8037_0106: [],
    0x8007_0002: [],
    0xc03a_001a: [],
    0: [],
  }
  const truths = (error: unknown): string[] =>
    Object.entries(PREDICATES).flatMap(([name, predicate]) => (predicate(error) ? [name] : []))

  it('HCS-079 each holds for the codes of its list, signed and unsigned, in the older form too', () => {
    for (const [text, expected] of Object.entries(TABLE)) {
      const code = Number(text)
      const older = code >>> 16 === 0x8037 ? [(code | 0x4000_0000) >>> 0] : []
      for (const form of [code, code | 0, ...older]) {
        assert.deepEqual(truths(hcs(form)), expected, `0x${code.toString(16)}`)
        assert.deepEqual(truths(guest(form)), expected, `0x${code.toString(16)}`)
        assert.deepEqual(truths(fromWireError(toWireError(hcs(form)))), expected)
      }
    }
    assert.equal(uvm.isNotExist(hcs(0xc037_010e)), true)
  })

  it('HCS-080 element not found is both gone and stopped', () => {
    assert.deepEqual(truths(hcs(0x8007_0490)), ['isNotExist', 'isAlreadyStopped'])
  })

  it('already closed is this side’s close, or the end of the connection', () => {
    const state = (state: string): Error => new uvm.InvalidStateError({ state, reason: 'x' })
    assert.deepEqual(truths(state('closed')), ['isAlreadyClosed'])
    assert.deepEqual(truths(state('terminating')), [])
    assert.deepEqual(truths(new uvm.BridgeClosedError({})), ['isAlreadyClosed'])
    assert.deepEqual(truths(new uvm.GuestConnectionUnavailableError({})), [])
  })

  it('look through causes and into aggregates, however deep, and end where those go round', () => {
    const wrapped = new Error('outer', { cause: new Error('inner', { cause: hcs(0x8037_010e) }) })
    assert.deepEqual(truths(wrapped), ['isNotExist'])
    assert.deepEqual(truths(new AggregateError([new Error('x'), wrapped])), ['isNotExist'])
    assert.deepEqual(truths(new Error('x', { cause: new AggregateError([guest(0x8007_0005)]) })), ['isAccessDenied'])
    const loop = new Error('loop')
    loop.cause = new AggregateError([loop])
    assert.deepEqual(truths(loop), [])
    assert.equal(uvm.isTimeout(new AggregateError(Array.from({ length: 100_000 }, () => new Error('x')))), false)
  })

  it('a guest connection that ended is closed already, one that never was is not', () => {
    const cause = new uvm.BridgeClosedError({ reason: 'the guest hung up' })
    assert.deepEqual(truths(new uvm.GuestConnectionUnavailableError({ cause })), ['isAlreadyClosed'])
  })

  it('a VM is not available when it is gone, stopped, exited or closed, and not when it refuses', () => {
    const state = (state: string): Error => new uvm.InvalidStateError({ state, reason: 'x' })
    const gone = [hcs(0x8037_010e), hcs(0x8037_0110), state('closed'), state('exited'), new uvm.BridgeClosedError({})]
    for (const error of gone) {
      assert.equal(uvm.isVMNotAvailable(error), true, String(error))
      assert.equal(uvm.isVMNotAvailable(new Error('x', { cause: error })), true)
    }
    for (const error of [hcs(0x8037_0105), state('running'), new Error('x'), undefined]) {
      assert.equal(uvm.isVMNotAvailable(error), false)
    }
  })

  it('a time-out is ours, the service’s, or whatever calls itself one', () => {
    assert.deepEqual(truths(new uvm.OperationTimeoutError({ timeoutMs: 1 })), ['isTimeout'])
    assert.deepEqual(truths(new DOMException('x', 'TimeoutError')), ['isTimeout'])
  })

  it('nothing holds for what is no error', () => {
    for (const value of [undefined, null, 5, 'text', {}, { hresult: 'x' }, new Error('x'), new uvm.AbortError({})])
      assert.deepEqual(truths(value), [])
  })
})
