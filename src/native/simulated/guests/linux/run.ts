// A Linux process's way into its program: the view it has of the system, its environment, and its streams.

import type { GuestKernel } from '../kernel.js'
import type { SimulatedProcess, ProcessIo } from '../process.js'
import type { OciCommand } from './container-document.js'
import { runLinux } from './shell/shell.js'
import { LinuxView, type ViewedContainer } from './view.js'

export interface LinuxRun {
  readonly kernel: GuestKernel
  /** Undefined in the utility VM itself. */
  readonly container: ViewedContainer | undefined
  /** Processes of the same system. */
  processes(): readonly SimulatedProcess[]
  readonly command: Pick<OciCommand, 'args' | 'env' | 'cwd'> & { user?: string | undefined; uid?: number }
  readonly process: SimulatedProcess
  readonly io: ProcessIo
}

const ROOT = 0

/** Runs the command to its end. Answers its exit code. @throws {Killed} */
export function runLinuxCommand({ kernel, container, processes, command, process, io }: LinuxRun): Promise<number> {
  const { args, env, cwd, user, uid = ROOT } = command
  return runLinux({
    view: new LinuxView(kernel, container, processes),
    process,
    args,
    env: new Map(env),
    cwd,
    user: user ?? (uid === ROOT ? 'root' : String(uid)),
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    kill: process.kill,
    life: io.life,
  })
}
