// Starts the answering guest: the C program, or where there is no gcc its counterpart in Node.js.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'

const IN_NODE = fileURLToPath(new URL('./peer.js', import.meta.url))

export interface RunningPeer {
  stop(): Promise<void>
}

let command: readonly string[] | undefined

function peerCommand(): readonly string[] {
  if (command === undefined) {
    const program = compile(resolve('bench/peer/peer.c'))
    command = program === undefined ? [process.execPath, IN_NODE] : [program]
  }
  return command
}

/** What answers, for the notes of a run. */
export function peerKind(): string {
  return peerCommand().length === 1
    ? 'the answering guest is a C program in a process of its own'
    : 'there is no gcc: the answering guest is a Node.js process, which is slower than the C program'
}

/** Dials `socket` as soon as somebody listens there. */
export function startPeer(socket: string): RunningPeer {
  const [file = '', ...args] = peerCommand()
  const child: ChildProcess = spawn(file, [...args, socket], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit').then(
    () => undefined,
    () => undefined,
  )
  return {
    stop: async () => {
      child.kill()
      await ended
    },
  }
}

/** Only the C program runs processes. */
export function canExecute(): boolean {
  return peerCommand().length === 1
}
