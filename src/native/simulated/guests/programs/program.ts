// What a program of a built-in guest is: a function over its streams that answers its exit code.

import type { GuestKernel } from '../kernel.js'
import type { Input, KillSwitch, Output } from '../stdio.js'

export interface ProgramContext {
  readonly kernel: GuestKernel
  readonly args: readonly string[]
  /** Changed by the shell's own assignments. */
  readonly env: Map<string, string>
  readonly cwd: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly kill: KillSwitch
}

export type Program = (context: ProgramContext) => Promise<number>

/** Bytes written at a time by programs that write much. */
const BLOCK_BYTES = 16 * 1024

/** Writes lines in blocks, so that a fast writer costs one message a block and not one a line. */
export async function writeLines(output: ProgramContext['stdout'], lines: Iterable<string>): Promise<void> {
  let block = ''
  for (const line of lines) {
    block += line
    if (block.length < BLOCK_BYTES) continue
    await output.write(block)
    block = ''
  }
  if (block !== '') await output.write(block)
}
