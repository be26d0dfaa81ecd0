// Progress while a fleet runs: a live line at the bottom of a terminal, plain lines elsewhere, nothing for programs.

import { createLogUpdate } from 'log-update'
import { stripVTControlCharacters } from 'node:util'
import type { FleetObserver, Stage } from './report.js'

const SHOWN: readonly Stage[] = ['booting', 'connecting', 'changing', 'running', 'saving', 'stopping', 'done', 'failed']

/** Redraws at most this often, milliseconds. */
const REDRAW_MS = 50

export interface Progress extends FleetObserver {
  /** Takes the live line away. */
  end(): void
}

/** How many VMs are in which stage. */
class StageCounts {
  readonly #stages = new Map<string, Stage>()

  constructor(readonly total: number) {}

  set(id: string, stage: Stage): void {
    this.#stages.set(id, stage)
  }

  /** In at most that many columns. */
  line(columns: number): string {
    const counts = new Map<Stage, number>()
    for (const stage of this.#stages.values()) counts.set(stage, (counts.get(stage) ?? 0) + 1)
    const parts = SHOWN.filter((stage) => counts.has(stage)).map((stage) => `${stage} ${counts.get(stage)}`)
    const line = `${this.total} VMs: ${parts.join(' · ')}`
    return line.length < columns ? line : `${line.slice(0, Math.max(columns - 2, 0))}…`
  }
}

/** What a guest prints must not move the cursor or colour the terminal of its host. */
function harmless(line: string): string {
  return stripVTControlCharacters(line).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
}

function outputLine(id: string, stream: 'stdout' | 'stderr', line: string): string {
  return `[${id}] ${stream === 'stderr' ? '! ' : ''}${harmless(line)}`
}

export function plainProgress(write: (line: string) => void): Progress {
  return {
    stage: (id, stage) => {
      if (stage === 'booting' || stage === 'done') write(`[${id}] ${stage}`)
    },
    output: (id, stream, line) => write(outputLine(id, stream, line)),
    failed: (id, error) => write(`[${id}] failed: ${error.message}`),
    end: () => undefined,
  }
}

export function liveProgress(total: number, terminal: NodeJS.WriteStream): Progress {
  const live = createLogUpdate(terminal)
  const counts = new StageCounts(total)
  let drawnMs = -Infinity
  const draw = (): void => {
    drawnMs = performance.now()
    live(counts.line(terminal.columns))
  }
  const above = (line: string): void => {
    live.clear()
    terminal.write(`${line}\n`)
    draw()
  }
  return {
    stage: (id, stage) => {
      counts.set(id, stage)
      if (performance.now() - drawnMs >= REDRAW_MS) draw()
    },
    output: (id, stream, line) => above(outputLine(id, stream, line)),
    failed: (id, error) => above(`[${id}] failed: ${error.message}`),
    end: () => {
      live.clear()
      live.done()
    },
  }
}

export const silentProgress: Progress = {
  stage: () => undefined,
  output: () => undefined,
  failed: () => undefined,
  end: () => undefined,
}
