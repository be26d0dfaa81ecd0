// What a program of a built-in guest is: a function over its streams and its view of the system that answers its exit code.

import type { SimulatedProcess } from './process.js'
import type { Input, KillSwitch, Output, StreamLife } from './stdio.js'

export interface ProgramContext<View> {
  readonly view: View
  readonly process: SimulatedProcess
  readonly args: readonly string[]
  /** Changed by the shell's own assignments. */
  readonly env: Map<string, string>
  readonly cwd: string
  /** Account it runs as. */
  readonly user: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly kill: KillSwitch
  /** For pipes between the programs of a shell line. */
  readonly life: StreamLife
}

export type Program<View> = (context: ProgramContext<View>) => Promise<number>

/** Bytes written at a time by programs that write much. */
const BLOCK_BYTES = 16 * 1024

/** Writes lines in blocks, so that a fast writer costs one message a block and not one a line. */
export async function writeLines(output: Output, lines: Iterable<string>): Promise<void> {
  let block = ''
  for (const line of lines) {
    block += line
    if (block.length < BLOCK_BYTES) continue
    await output.write(block)
    block = ''
  }
  if (block !== '') await output.write(block)
}

/** Everything that is left of an input, passed on. */
export async function copy(input: Input, output: Output): Promise<void> {
  for (let chunk = await input.read(); chunk !== undefined; chunk = await input.read()) await output.write(chunk)
}
