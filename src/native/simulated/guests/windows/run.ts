// A Windows process's way into its program, and what its parameters say.

import { flagOf, textOf, textTableOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import type { SimulatedProcess } from '../process.js'
import type { Launch } from '../process-table.js'
import { runWindows } from './shell.js'
import { WindowsView, type ViewedContainer } from './view.js'
import { foldedMember as member } from '../../../../protocol/bridge/folding.js'

const SYSTEM_USER = 'NT AUTHORITY\\SYSTEM'
const CONTAINER_USER = 'User Manager\\ContainerUser'

/** STATUS_CONTROL_C_EXIT, what console events end a process with. */
export const KILLED_BY_CONSOLE = 0xc000_013a
export const TERMINATED = 1
const SIGINT = 2

/** Exit code of a process that the guest itself ends. */
export function windowsSignalCode(signal: number): number {
  return signal === SIGINT ? KILLED_BY_CONSOLE : TERMINATED
}

/** Of a console that nobody gave one. */
const DEFAULT_SIZE = { rows: 24, columns: 80 }

/** How a process is started. @throws {GuestFault} nothing to run */
export function windowsLaunch(
  kernel: GuestKernel,
  parameters: Document,
  container: ViewedContainer | undefined,
  processes: () => readonly SimulatedProcess[],
): Launch {
  const line = textOf(parameters, 'CommandLine') || textOf(parameters, 'ApplicationName')
  if (line === '') throw new GuestFault(GUEST.invalidArgument, 'neither CommandLine nor ApplicationName')
  const size = member(parameters, 'ConsoleSize')
  const [rows, columns] = Array.isArray(size) ? (size as number[]) : []
  const env = textTableOf(parameters, 'Environment')
  return {
    parameters,
    command: line,
    hasTerminal: flagOf(parameters, 'EmulateConsole'),
    terminalSize: rows && columns ? { rows, columns } : DEFAULT_SIZE,
    run: (process) => ({
      output: 'direct',
      program: (io) =>
        runWindows(
          {
            view: new WindowsView(kernel, container, processes),
            process,
            args: [],
            env,
            cwd: textOf(parameters, 'WorkingDirectory') || 'C:\\',
            user: textOf(parameters, 'User') || (container === undefined ? SYSTEM_USER : CONTAINER_USER),
            stdin: io.stdin,
            stdout: io.stdout,
            stderr: io.stderr,
            kill: process.kill,
            life: io.life,
          },
          line,
        ),
    }),
  }
}
