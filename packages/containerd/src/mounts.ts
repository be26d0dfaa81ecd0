// The root file system of a container, mounted on this host as containerd asks: by the system's own mount command, which knows every type.

import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { TtrpcError } from 'uvm-ttrpc'

const run = promisify(execFile)

export interface HostMount {
  type: string
  source: string
  options: string[]
}

/**
 * Mounts one over the other at `target`, which is made. What was mounted of them is gone again when one fails.
 *
 * @throws {TtrpcError} FAILED_PRECONDITION with what mount says
 */
export async function mountAll(mounts: readonly HostMount[], target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o711 })
  let done = 0
  try {
    for (const mount of mounts) {
      await run('mount', mountArguments(mount, target))
      done++
    }
  } catch (cause) {
    for (; done > 0; done--) await unmount(target)
    const { stderr = '', message } = cause as Error & { stderr?: string }
    throw new TtrpcError('FAILED_PRECONDITION', `the root file system cannot be mounted: ${stderr.trim() || message}`, {
      cause,
    })
  }
}

function mountArguments({ type, source, options }: HostMount, target: string): string[] {
  // A bind mount is asked for by its option, whatever type is named.
  const isBind = options.some((option) => option === 'bind' || option === 'rbind')
  return [
    ...(isBind ? [] : ['-t', type]),
    '-o',
    options.length > 0 ? options.join(',') : 'defaults',
    '--',
    source,
    target,
  ]
}

/** Everything that is mounted there, as far as it goes; what is in use goes once it is not. */
export async function unmount(target: string): Promise<void> {
  await run('umount', ['--recursive', '--lazy', '--', target]).catch(() => undefined)
}
