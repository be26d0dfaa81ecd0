// The plot of a run: one panel above the other over the same minutes. Legible on a light page and on a dark one.

import { escapeText } from '../core/plot.js'
import type { Sample } from './sample.js'

const WIDTH = 760
const LEFT = 70
const RIGHT = 150
const PANEL = 90
const GAP = 34
const TOP = 52

const STYLE = `text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:14px}.axis{stroke:#8c959f;fill:none}
.warm{fill:#8c959f;fill-opacity:.15}.line{fill:none;stroke-width:1.4}
@media (prefers-color-scheme:dark){text{fill:#d8dee4}}`
const COLOURS = ['#3b82c4', '#c9772b', '#4a9a5b', '#a05fb0']

interface Line {
  name: string
  of: (sample: Sample) => number | undefined
}

interface Panel {
  title: string
  lines: readonly Line[]
}

const PANELS: readonly Panel[] = [
  {
    title: 'memory, MiB',
    lines: [
      { name: 'resident', of: ({ residentMiB }) => residentMiB },
      { name: 'heap, main thread', of: ({ heapMiB }) => heapMiB },
    ],
  },
  {
    title: 'open in the process',
    lines: [
      { name: 'descriptors', of: ({ descriptors }) => descriptors },
      { name: 'threads', of: ({ threads }) => threads },
      { name: 'active resources', of: ({ resources }) => resources },
    ],
  },
  {
    title: 'open in the Host',
    lines: [
      { name: 'handles', of: ({ handles }) => handles },
      { name: 'sockets', of: ({ hostSockets }) => hostSockets },
      { name: 'operations', of: ({ operations }) => operations },
    ],
  },
  {
    title: 'event loop late, ms',
    lines: [
      { name: 'p99', of: ({ delayMs }) => delayMs.p99 },
      { name: 'p50', of: ({ delayMs }) => delayMs.p50 },
    ],
  },
  { title: 'load of the machine', lines: [{ name: 'load average', of: ({ load }) => load }] },
]

export function soakPlot(samples: readonly Sample[], warmUpMinutes: number, title: string): string {
  const seconds = Math.max(1, samples.at(-1)?.seconds ?? 0)
  const x = (at: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * at) / seconds
  const lines: string[] = []
  let top = TOP
  for (const panel of PANELS) {
    lines.push(...panelOf(panel, samples, x, top, Math.min(warmUpMinutes * 60, seconds)))
    top += PANEL + GAP
  }
  const bottom = top - GAP + 16
  const minutes = seconds / 60
  const step = [0.1, 0.5, 1, 2, 5, 10, 20, 60].find((one) => minutes / one <= 8) ?? 120
  for (let at = 0; at <= minutes; at += step) {
    lines.push(`<text x="${x(at * 60).toFixed(1)}" y="${bottom}" text-anchor="middle">${Number(at.toFixed(1))}</text>`)
  }
  lines.push(`<text x="${WIDTH - RIGHT + 8}" y="${bottom}">minutes</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 12}" role="img" aria-label="${escapeText(title)}">
<style>${STYLE}</style>
<text class="title" x="8" y="20">${escapeText(title)}</text>
${lines.join('\n')}
</svg>
`
}

function panelOf(
  { title, lines }: Panel,
  samples: readonly Sample[],
  x: (seconds: number) => number,
  top: number,
  warmUp: number,
): string[] {
  const values = samples.flatMap((sample) => lines.flatMap(({ of }) => of(sample) ?? []))
  const most = roundUp(Math.max(1, ...values))
  const y = (value: number): number => top + PANEL * (1 - value / most)
  const drawn = [
    `<text x="${LEFT}" y="${top - 6}">${escapeText(title)}</text>`,
    `<rect class="warm" x="${LEFT}" y="${top}" width="${(x(warmUp) - LEFT).toFixed(1)}" height="${PANEL}"/>`,
    `<path class="axis" d="M${LEFT} ${top}V${top + PANEL}H${WIDTH - RIGHT}"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.toLocaleString('en-GB')}</text>`,
    `<text x="${LEFT - 6}" y="${top + PANEL}" text-anchor="end">0</text>`,
  ]
  for (const [index, { name, of }] of lines.entries()) {
    const points = samples.flatMap((sample) => {
      const value = of(sample)
      return value === undefined ? [] : [`${x(sample.seconds).toFixed(1)},${y(value).toFixed(1)}`]
    })
    if (points.length === 0) continue
    const colour = COLOURS[index % COLOURS.length]
    drawn.push(
      `<polyline class="line" stroke="${colour}" points="${points.join(' ')}"/>`,
      `<rect x="${WIDTH - RIGHT + 8}" y="${top + 4 + 18 * index}" width="12" height="10" fill="${colour}"/>`,
      `<text x="${WIDTH - RIGHT + 26}" y="${top + 13 + 18 * index}">${escapeText(name)}</text>`,
    )
  }
  return drawn
}

/** To one digit and zeros. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= value) ?? value
}
