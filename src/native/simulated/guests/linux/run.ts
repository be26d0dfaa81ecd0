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
/** Where the accounts of a container are at home. */
const homeOf = (uid: number): string => (uid === ROOT ? '/root' : '/')

/** Runs the command to its end. Answers its exit code. @throws {Killed} */
export async function runLinuxCommand(run: LinuxRun): Promise<number> {
  const { kernel, container, processes, command, process, io } = run
  const { args, env, cwd, user, uid = ROOT } = command
  const home: [string, string][] = container === undefined ? [] : [['HOME', homeOf(uid)]]
  if (container === undefined) kernel.workplaces.set(process.pid, cwd)
  const running = runLinux({
    view: new LinuxView(kernel, container, processes),
    process,
    args,
    env: new Map([...home, ...env]),
    cwd,
    user: user ?? (uid === ROOT ? 'root' : String(uid)),
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    kill: process.kill,
    life: io.life,
  })
  return running.finally(() => {
    kernel.workplaces.delete(process.pid)
    if (container === undefined) kernel.say('debug', 'external process exited', { pid: process.pid })
  })
}
