// What can be started in a Linux guest: the built-in programs in the usual directories. A file that somebody wrote cannot, since nothing
// here makes one executable.

import type { LinuxProgram } from './programs/context.js'
import { LINUX_PROGRAMS } from './programs/index.js'
import { resolvePath } from './paths.js'
import type { LinuxView } from './view.js'

const DIRECTORIES: readonly string[] = '/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin'.split(' ')
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash'])
/** Longest argument that the kernel takes, bytes, its end included. */
const MAX_ARGUMENT_BYTES = 131_072

/** Where programs are looked for unless PATH says otherwise. */
export const DEFAULT_PATH = DIRECTORIES.join(':')

export type Executable = LinuxProgram | 'shell'
export type Unusable = 'not found' | 'permission denied'

export interface Place {
  readonly view: LinuxView
  readonly cwd: string
  /** Directories to look in, joined by colons; undefined when there are none. */
  readonly path: string | undefined
}

function executable(name: string): Executable | undefined {
  return SHELLS.has(name) ? 'shell' : LINUX_PROGRAMS.get(name)
}

/** The program of a name or path, or why it cannot be started. */
export async function findExecutable({ view, cwd, path }: Place, command: string): Promise<Executable | Unusable> {
  if (!command.includes('/')) {
    const found = (path ?? '').split(':').some((directory) => DIRECTORIES.includes(directory))
    return (found ? executable(command) : undefined) ?? 'not found'
  }
  const full = resolvePath(cwd, command)
  const slash = full.lastIndexOf('/')
  const program = DIRECTORIES.includes(full.slice(0, slash)) ? executable(full.slice(slash + 1)) : undefined
  if (program !== undefined) return program
  const exists = (await view.list(full)) !== undefined || (await view.read(full)) !== undefined
  return exists ? 'permission denied' : 'not found'
}

/** Why a process cannot be started, in the words of the agent; undefined when it can. */
export async function startProblem(place: Place, args: readonly string[]): Promise<string | undefined> {
  const [command = ''] = args
  if (command === '') return 'exec: no command'
  if ((await place.view.list(place.cwd).catch(() => undefined)) === undefined) {
    return `chdir ${place.cwd}: no such file or directory`
  }
  const found = await findExecutable(place, command)
  const isNamed = !command.includes('/')
  if (found === 'not found' && isNamed) return `exec: ${JSON.stringify(command)}: executable file not found in $PATH`
  if (found === 'not found') return `fork/exec ${command}: no such file or directory`
  if (found === 'permission denied') return `fork/exec ${command}: permission denied`
  const isTooLong = args.some(
    (arg) => arg.length >= MAX_ARGUMENT_BYTES / 4 && Buffer.byteLength(arg) >= MAX_ARGUMENT_BYTES,
  )
  return isTooLong ? `fork/exec ${command}: argument list too long` : undefined
}
