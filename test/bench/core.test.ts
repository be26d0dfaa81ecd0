// The runner of the benchmarks and its arithmetic, with contenders whose samples are known.

import assert from 'node:assert/strict'
import { load } from '../../bench/core/load.js'
import { escapeText, plot, plotsOf } from '../../bench/core/plot.js'
import { evaluate, takeSamples } from '../../bench/core/rounds.js'
import { figuresOf, pairedRatios, percentiles, quantile } from '../../bench/core/statistics.js'
import type { Contender, Question } from '../../bench/core/suite.js'
import { markdownTable, number, tablesOf } from '../../bench/core/table.js'

describe('statistics of benchmarks', () => {
  it('a quantile lies between two samples in proportion; nothing has none', () => {
    assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5)
    assert.equal(quantile([1, 2, 3, 4, 5], 0.25), 2)
    assert.equal(quantile([7], 0.99), 7)
    assert(Number.isNaN(quantile([], 0.5)))
  })

  it('figures do not depend on the order of the samples', () => {
    assert.deepEqual(figuresOf([5, 1, 3, 2, 4]), { n: 5, median: 3, low: 2, high: 4, min: 1, max: 5 })
    assert.deepEqual(percentiles([4, 2, 3, 1, 5]).p50, 3)
  })

  it('ratios are of rounds, not of means: what slows a round down slows both of its halves', () => {
    assert.deepEqual(pairedRatios([10, 100], [20, 200]), [0.5, 0.5])
    assert.deepEqual(pairedRatios([10, 100, 7], [20, 0]), [0.5])
  })
})

describe('rounds of a benchmark', () => {
  const recorder = (names: string[]): { order: string[]; contenders: Contender[] } => {
    const order: string[] = []
    const contenders = names.map((name) => ({
      name,
      sample: () => Promise.resolve({ value: order.push(name) }),
    }))
    return { order, contenders }
  }

  it('alternate, each round begins with another contender, and the warm-up does not count', async () => {
    const { order, contenders } = recorder(['ours', 'a', 'b'])
    const taken = await takeSamples(contenders, { rounds: 2, warmup: 1 })
    assert.deepEqual(order, ['ours', 'a', 'b', 'a', 'b', 'ours', 'b', 'ours', 'a'])
    assert.deepEqual(taken.get('ours'), [{ value: 6 }, { value: 8 }])
  })

  it('end early when the time is over, but not before one that counts is whole', async () => {
    const { contenders } = recorder(['ours', 'a'])
    const taken = await takeSamples(contenders, { rounds: 5, warmup: 1, isLate: () => true })
    assert.deepEqual(
      [...taken.values()].map(({ length }) => length),
      [1, 1],
    )
  })

  it('give figures of each metric and contender, and ratios of each of ours to each other', () => {
    const question: Question = {
      name: 'q',
      params: { n: 4 },
      metrics: { calls: { unit: 'calls/s', better: 'more' }, p50: { unit: 'µs', better: 'less' } },
      contenders: [],
    }
    const taken = new Map([
      ['ours', [{ calls: 2 }, { calls: 4 }]],
      ['ours, other', [{ calls: 8 }, { calls: 8 }]],
      ['bare', [{ calls: 4 }, { calls: 8 }]],
    ])
    const { results, ratios } = evaluate('s', question, taken)
    assert.deepEqual(
      results.map(({ contender, metric, median }) => [contender, metric, median]),
      [
        ['ours', 'calls', 3],
        ['ours, other', 'calls', 8],
        ['bare', 'calls', 6],
      ],
    )
    assert.deepEqual(
      ratios.map(({ of, to, median }) => [of, to, median]),
      [
        ['ours', 'bare', 0.5],
        ['ours, other', 'bare', 1.5],
      ],
    )
  })

  it('load makes every call once, and no more at a time than it was told', async () => {
    let under = 0
    let most = 0
    const seen = new Set<number>()
    const sample = await load(
      async (sequence) => {
        seen.add(sequence)
        most = Math.max(most, ++under)
        await new Promise((resolve) => setImmediate(resolve))
        under--
      },
      50,
      8,
    )
    assert.equal(seen.size, 50)
    assert.equal(most, 8)
    assert(sample['calls']! > 0 && sample['p50']! <= sample['p99']!)
  })
})

describe('what a benchmark shows', () => {
  const taken = new Map([
    ['ours', [{ calls: 1234 }]],
    ['a <bare> "one"', [{ calls: 617 }]],
  ])
  const question: Question = {
    name: 'q',
    params: { outstanding: 4 },
    metrics: { calls: { unit: 'calls/s', better: 'more' } },
    contenders: [],
  }
  const report = evaluate('s', question, taken)

  it('numbers have three digits', () => {
    assert.deepEqual([1234.5, 99.94, 3.14159, 0.004, NaN].map(number), ['1,235', '99.9', '3.14', '0.00', '-'])
  })

  it('tables have a row for each contender, and the ratio beside ours', () => {
    assert.equal(markdownTable(['a', 'bb'], [['ccc', 'd']]), '| a   | bb |\n| --- | -- |\n| ccc | d  |')
    const text = tablesOf(report)
    assert.match(text, /^s: q; outstanding 4\n/)
    assert.match(text, /\| ours +\| 1,234 calls\/s .*2\.00 of a <bare> "one"/)
  })

  it('plots are well-formed SVG, longer bars for more, in colours for light and dark', () => {
    assert.deepEqual([...plotsOf(report).keys()], ['s-calls'])
    const svg = plot(report.results)
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
    assert.equal(widths.length, 2)
    assert(Math.abs(widths[0]! - 2 * widths[1]!) < 1)
    assert(svg.includes(escapeText('a <bare> "one"')) && !svg.includes('<bare>'))
    assert.match(svg, /prefers-color-scheme:dark/)
    assert.equal(plot([]), '')
  })
})
