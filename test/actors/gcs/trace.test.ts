// The caller's OpenTelemetry span in the requests to the guest.

import assert from 'node:assert/strict'
import { context, createTraceState, trace, type SpanContext } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { fakeGuest, type FakeGuest } from '../../fakes/guest.js'
import { TYPE, WINDOWS_CAPABILITIES, type Peer } from '../../peer/peer.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'
const SPAN: SpanContext = {
  traceId: '3b2f8c5a9d1e4f60718293a4b5c6d7e8',
  spanId: '91a2b3c4d5e6f708',
  traceFlags: 1,
}
const PARENT = '00-3b2f8c5a9d1e4f60718293a4b5c6d7e8-91a2b3c4d5e6f708-01'

function within<T>(span: SpanContext, act: () => T): T {
  return context.with(trace.setSpanContext(context.active(), span), act)
}

describe('trace context', () => {
  let fake: FakeGuest
  let peer: Peer
  const manager = new AsyncLocalStorageContextManager()
  before(() => context.setGlobalContextManager(manager.enable()))
  after(() => {
    manager.disable()
    context.disable()
  })
  beforeEach(async () => {
    fake = await fakeGuest()
    peer = await fake.connect()
  })
  afterEach(() => fake.close())

  it('goes after the base members of a request', async () => {
    const stacks = within(SPAN, () => fake.guest.dumpStacks())
    const request = await peer.next(TYPE.dumpStacks)
    assert.equal(
      request.text,
      `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","otsc":{"traceparent":"${PARENT}"}}\n`,
    )
    peer.answer(request, {})
    await stacks
  })

  it('is that of the moment of the call, though the request waits for its turn', async () => {
    const calls = Array.from({ length: 6 }, (_, lun) =>
      within({ ...SPAN, spanId: `91a2b3c4d5e6f70${lun}` }, () =>
        fake.guest.addLCOWMappedVirtualDisk({ MountPath: `/${lun}`, Lun: lun }),
      ),
    )
    for (let lun = 0; lun < 6; lun++) {
      const request = await peer.next(TYPE.modify)
      const { traceparent } = request.body['otsc'] as { traceparent: string }
      assert.equal(traceparent, `00-${SPAN.traceId}-91a2b3c4d5e6f70${lun}-01`)
      peer.answer(request)
    }
    await Promise.all(calls)
  })

  it('carries the trace state', async () => {
    const traceState = createTraceState('vendor=a"bc,other=1')
    const stacks = within({ ...SPAN, traceFlags: 0, traceState }, () => fake.guest.dumpStacks())
    const request = await peer.next(TYPE.dumpStacks)
    const { traceparent, tracestate } = request.body['otsc'] as { traceparent: string; tracestate: string }
    assert.equal(traceparent.slice(-2), '00')
    assert.equal(tracestate, traceState.serialize())
    peer.answer(request, {})
    await stacks
  })

  it('a container whose id looks like the end of the base is no confusion', async () => {
    const id = `","ActivityId":"${NULL_ID}"`
    const creating = within(SPAN, () => fake.guest.createContainer(id, {}))
    const request = await peer.next(TYPE.create)
    assert.equal(request.body['ContainerId'], id)
    assert.deepEqual(request.body['otsc'], { traceparent: PARENT })
    peer.answer(request)
    await creating
  })

  it('goes with a process and its wait, and what is done with it', async () => {
    const starting = within(SPAN, () => fake.guest.createProcess({ CommandArgs: ['a'] }))
    const execute = await peer.next(TYPE.execute)
    assert.deepEqual(execute.body['otsc'], { traceparent: PARENT })
    peer.answer(execute, { ProcessId: 7 })
    const process = await starting
    const wait = await peer.next(TYPE.wait)
    assert.deepEqual(wait.body['otsc'], { traceparent: PARENT })
    const killing = within({ ...SPAN, spanId: '1111111111111111' }, () => process.kill())
    const signal = await peer.next(TYPE.signal)
    assert.match(JSON.stringify(signal.body['otsc']), /1111111111111111/)
    peer.answer(signal)
    await killing
    peer.answer(wait, { ExitCode: 0 })
    await process.wait()
  })

  it('without a span, or with an invalid one, there is none', async () => {
    const spans = [
      { ...SPAN, traceId: '0'.repeat(32) },
      { ...SPAN, spanId: 'x' },
    ]
    for (const call of [
      () => fake.guest.dumpStacks(),
      ...spans.map((span) => () => within(span, () => fake.guest.dumpStacks())),
    ]) {
      const stacks = call()
      const request = await peer.next(TYPE.dumpStacks)
      assert.equal(request.text, `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}"}\n`)
      peer.answer(request, {})
      await stacks
    }
  })

  it('is never part of the negotiation, but of the cold start that follows', async () => {
    const windows = await fakeGuest('windows')
    const connecting = within(SPAN, () => windows.guest.createConnection())
    const guest = await windows.dial()
    const negotiate = await guest.next(TYPE.negotiate)
    assert.equal('otsc' in negotiate.body, false)
    guest.answer(negotiate, { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    for (const type of [TYPE.create, TYPE.start, TYPE.modify]) {
      const request = await guest.next(type)
      assert.deepEqual(request.body['otsc'], { traceparent: PARENT })
      guest.answer(request)
    }
    await connecting
    await windows.close()
  })
})
