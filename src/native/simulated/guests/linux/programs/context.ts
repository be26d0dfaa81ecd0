import type { Program, ProgramContext } from '../../program.js'
import type { LinuxView } from '../view.js'

export type LinuxContext = ProgramContext<LinuxView>
export type LinuxProgram = Program<LinuxView>

/** Says why a program cannot go on. Answers its exit code. */
export async function fail(context: LinuxContext, text: string, code = 1): Promise<number> {
  await context.stderr.write(`${context.args[0] ?? ''}: ${text}\n`)
  return code
}
