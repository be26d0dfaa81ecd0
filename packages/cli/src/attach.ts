// A command in a VM at this program's terminal: raw mode, its size, Ctrl-C to the guest, its exit code as ours.

import { finished } from 'node:stream/promises'
import type { ControlCommand } from 'uvm-actors/control'

const SIGINT = 2
const EXIT_CODES = { SIGHUP: 129, SIGTERM: 143 } as const

export interface AttachOptions {
  /** Input goes to the command. */
  interactive: boolean
  /** The command has a terminal, which is this one. */
  terminal: boolean
}

export function terminalSize(): { width: number; height: number } {
  return { width: process.stdout.columns, height: process.stdout.rows }
}

/** Until the command has ended. @returns its exit code, or that of the signal which ended this program's part in it */
export async function attach(command: ControlCommand, { interactive, terminal }: AttachOptions): Promise<number> {
  const { stdin, stdout } = process
  const undo: (() => void)[] = []
  let left: number | undefined
  const leave = (code: number): void => {
    left = code
    command.close()
  }
  try {
    command.stdout.pipe(stdout, { end: false })
    command.stderr.pipe(process.stderr, { end: false })
    if (interactive) {
      if (terminal) {
        stdin.setRawMode(true)
        undo.push(() => stdin.setRawMode(false))
      }
      stdin.pipe(command.stdin)
      undo.push(() => {
        stdin.unpipe(command.stdin)
        releaseStdin()
      })
    } else command.stdin.end()
    if (terminal) {
      const resize = (): void => {
        const { width, height } = terminalSize()
        command.resize(width, height)
      }
      stdout.on('resize', resize)
      undo.push(() => stdout.off('resize', resize))
    }
    let interrupts = 0
    listen('SIGINT', undo, () => {
      // The first one is the guest's; who asks twice wants to leave.
      if (interrupts++ === 0) command.signal(SIGINT)
      else leave(130)
    })
    for (const [signal, code] of Object.entries(EXIT_CODES)) listen(signal as NodeJS.Signals, undo, () => leave(code))
    const { exitCode } = await command.exit
    await Promise.all([command.stdout, command.stderr].map((stream) => finished(stream).catch(() => undefined)))
    // A program that was ended by a signal has an exit code of 32 bits, where a process of this system has eight.
    return exitCode & 0xff
  } catch (error) {
    if (left !== undefined) return left
    throw error
  } finally {
    for (const one of undo) one()
  }
}

/** An open pipe or terminal would keep the program alive; what comes from a file has nothing to let go of. */
export function releaseStdin(): void {
  const { stdin } = process
  stdin.pause()
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
}

function listen(signal: NodeJS.Signals, undo: (() => void)[], heard: () => void): void {
  process.on(signal, heard)
  undo.push(() => process.off(signal, heard))
}
