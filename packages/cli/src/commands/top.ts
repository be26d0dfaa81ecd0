// uvmctl top: the VMs and what they use, again and again.

import type { Command } from 'commander'
import { createLogUpdate } from 'log-update'
import { setTimeout } from 'node:timers/promises'
import { releaseStdin } from '../attach.js'
import { connect } from '../connection.js'
import { ExitWith, UsageError } from '../exit-codes.js'
import { onInterruption } from '../interruption.js'
import { print, printEntry, tableText, terminalColumns } from '../output.js'
import { count, seconds, withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'
import { STATS_COLUMNS, statsOf } from './streams.js'

interface TopOptions extends CommonOptions, PrintOptions {
  interval?: number
  rounds?: number
}

const INTERVAL_MS = 2000
const INTERRUPTED = 130

export function addTop(program: Command): void {
  withOutput(
    withDirectory(
      program
        .command('top')
        .summary('show what VMs use, live')
        .description('Shows the VMs that run and what they use, again and again, until q or Ctrl-C.')
        .option('-d, --interval <seconds>', 'between two looks (default: 2)', seconds)
        .option('-n, --rounds <count>', 'end after so many', count),
    ),
  ).action(async (options: TopOptions) => {
    throw new ExitWith(await top(options))
  })
}

async function top(options: TopOptions): Promise<number> {
  const { interval = INTERVAL_MS, rounds = Infinity } = options
  if (rounds === 0) throw new UsageError('--rounds: expected an integer above 0')
  const client = await connect(options)
  const interruption = onInterruption(() => undefined)
  const quit = new AbortController()
  const stop = AbortSignal.any([interruption.signal, quit.signal])
  const live = process.stdout.isTTY && options.json !== true && options.format === undefined
  const screen = live ? createLogUpdate(process.stdout) : undefined
  let keyCode = 0
  const keys =
    live && process.stdin.isTTY
      ? listenForKeys((code) => {
          keyCode = code
          quit.abort()
        })
      : undefined
  try {
    for (let round = 1; ; round++) {
      const all = await statsOf(client, [])
      if (options.json === true || options.format !== undefined) all.forEach((one) => printEntry(one, options))
      else {
        const width = terminalColumns()
        const text = `${all.length} VMs, ${new Date().toISOString().slice(11, 19)}\n${tableText(all, STATS_COLUMNS, width)}`
        if (screen === undefined) print(text)
        else screen(cutTo(text, process.stdout.rows))
      }
      if (round >= rounds) return 0
      await setTimeout(interval, undefined, { signal: stop })
    }
  } catch (error) {
    if (!stop.aborted) throw error
    return interruption.exitCode ?? keyCode
  } finally {
    screen?.done()
    keys?.()
    interruption.release()
  }
}

/** What does not fit is left out at the end: the screen does not scroll. */
function cutTo(text: string, rows: number): string {
  const lines = text.split('\n')
  return lines.length < rows ? text : [...lines.slice(0, Math.max(rows - 2, 1)), '…'].join('\n')
}

/** Keys one by one, Ctrl-C among them. @returns what ends it */
function listenForKeys(quit: (exitCode: number) => void): () => void {
  const { stdin } = process
  const heard = (keys: Buffer): void => {
    const text = keys.toString('latin1')
    if (text.includes('\x03')) quit(INTERRUPTED)
    else if (text.includes('q')) quit(0)
  }
  stdin.setRawMode(true)
  stdin.on('data', heard)
  return () => {
    stdin.off('data', heard)
    stdin.setRawMode(false)
    releaseStdin()
  }
}
