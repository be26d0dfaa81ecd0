// When a soak is flat, and what counts as left over.

import assert from 'node:assert/strict'
import { soakPlot } from '../../../bench/soak/plot.js'
import type { Sample } from '../../../bench/soak/sample.js'
import { Tally } from '../../../bench/soak/tally.js'
import { FEWEST_SAMPLES, judgeFlatness, leftOver, type Sampled } from '../../../bench/soak/verdict.js'
import { OperationTimeoutError } from '#dist/index.js'

const TOLERANCE = { fraction: 0.05, least: 4 }
/** A sample every 5 s for 30 minutes. */
const series = (value: (seconds: number) => number): Sampled[] =>
  Array.from({ length: 360 }, (_, index) => ({ seconds: index * 5, value: value(index * 5) }))
const judge = (value: (seconds: number) => number) => judgeFlatness(series(value), 300, TOLERANCE)!

describe('the verdict of a soak', () => {
  it('what stays is flat, whatever the warm-up did', () => {
    const { isFlat, growth, median } = judge((seconds) => (seconds < 300 ? seconds : 400))
    assert.deepEqual({ isFlat, growth, median }, { isFlat: true, growth: 0, median: 400 })
  })

  it('what grows steadily is not, by its slope over the time that counts', () => {
    const { isFlat, growth, slopePerHour } = judge((seconds) => 400 + seconds / 60)
    assert.equal(isFlat, false)
    assert(Math.abs(growth - 1495 / 60) < 1e-6 && Math.abs(slopePerHour - 60) < 1e-6)
  })

  it('noise and peaks are no growth; growth under noise is', () => {
    const noise = (seconds: number): number => 20 * Math.sin(seconds) + (seconds % 305 === 0 ? 1000 : 0)
    assert.equal(judge((seconds) => 400 + noise(seconds)).isFlat, true)
    assert.equal(judge((seconds) => 400 + seconds / 20 + noise(seconds)).isFlat, false)
  })

  it('what becomes less is flat; little growth is allowed, by share or by amount', () => {
    assert.equal(judge((seconds) => 4000 - seconds).isFlat, true)
    assert.equal(judge((seconds) => 4000 + seconds / 10).isFlat, true)
    assert.equal(judge((seconds) => 10 + seconds / 500).isFlat, true)
  })

  it('too few samples are not judged', () => {
    const few = series(() => 1).slice(0, 60 + FEWEST_SAMPLES - 1)
    assert.equal(judgeFlatness(few, 300, TOLERANCE), undefined)
  })

  it('left over is what is above zero, or above what was there before', () => {
    assert.deepEqual(leftOver({ handles: 0, sockets: 2 }), { sockets: 2 })
    assert.deepEqual(leftOver({ threads: 12, descriptors: 30 }, { threads: 12, descriptors: 29 }), { descriptors: 1 })
    assert.deepEqual(leftOver({ threads: 11 }, { threads: 12 }), {})
  })
})

describe('the tally of a soak', () => {
  it('counts ends by code; an error that is not ours, or of another VM, is wrong', async () => {
    const tally = new Tally()
    const late = (id: string) => new OperationTimeoutError({ op: 'vm.start', id, timeoutMs: 5, sent: true })
    assert.deepEqual(await tally.call('start', 'a', async () => 7), { value: 7 })
    assert.equal(await tally.call('start', 'a', () => Promise.reject(late('a'))), undefined)
    assert.deepEqual([tally.calls, tally.wrongCount], [{ start: { ok: 1, UVM_TIMEOUT: 1 } }, 0])
    await tally.call('start', 'a', () => Promise.reject(late('b')))
    await tally.call('start', 'a', () => Promise.reject(new TypeError('not ours')))
    await tally.must('close', 'a', () => Promise.reject(late('a')))
    assert.equal(tally.wrongCount, 3)
    assert.match(tally.wrongs.join('\n'), /an error of another VM.*\n.*TypeError: not ours[^]*\n.*close may not fail/)
  })

  it('knows what is under way for too long', async () => {
    const tally = new Tally()
    let answer: () => void = () => undefined
    const call = tally.call('wait', 'a', () => new Promise<void>((resolve) => (answer = resolve)))
    assert.deepEqual(tally.overdue(-1), ['a: wait'])
    assert.deepEqual(tally.overdue(60_000), [])
    answer()
    await call
    assert.deepEqual(tally.overdue(-1), [])
  })
})

describe('the plot of a soak', () => {
  it('has a line for each series that was sampled, and says its title as text', () => {
    const sample = (seconds: number): Sample => ({
      seconds,
      lives: 0,
      residentMiB: 100,
      heapMiB: 10,
      delayMs: { p50: 1, p99: 2, max: 3 },
      load: 1,
      vms: 0,
      guests: 0,
      handles: 0,
      operations: 0,
      hostSockets: 0,
      queued: 0,
      resources: 5,
    })
    const plot = soakPlot([sample(0), sample(60)], 5, 'flat & <done>')
    assert.equal(plot.match(/<polyline/g)?.length, 9)
    assert(plot.includes('flat &amp; &lt;done&gt;') && !plot.includes('NaN'))
    assert(plot.includes('prefers-color-scheme:dark'))
  })
})
