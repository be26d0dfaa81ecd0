// What a simulated guest makes of an image's own programs: it has no kernel to run them. They end at once, and say so.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestRPCError, type schema } from 'uvm-actors'

/** Exit code of a program that is there and cannot be run. */
const CANNOT_RUN = 126

/**
 * Starts a process, or what tells that its program cannot be run.
 *
 * @param root the container's root file system on this host
 * @throws whatever `start` throws for another reason, a program that the image has not among them
 */
export async function startOrRefuse<T>(
  process: schema.OciProcess,
  root: string,
  start: (process: schema.OciProcess) => Promise<T>,
): Promise<T> {
  try {
    return await start(process)
  } catch (error) {
    const [program = ''] = process.args ?? []
    if (!(error instanceof GuestRPCError) || !(await isInImage(program, process.env ?? [], root))) throw error
    const text = `${program.replaceAll(/[^\w./-]/g, '?')}: a simulated guest runs its own programs only, none of an image`
    return start({ ...process, args: ['sh', '-c', `echo '${text}' >&2; exit ${CANNOT_RUN}`] })
  }
}

async function isInImage(program: string, env: readonly string[], root: string): Promise<boolean> {
  const path = env.find((one) => one.startsWith('PATH='))?.slice('PATH='.length) ?? ''
  const candidates = program.includes('/') ? [program] : path.split(':').map((folder) => `${folder}/${program}`)
  for (const one of candidates) {
    if ((await stat(join(root, one)).catch(() => undefined))?.isFile() === true) return true
  }
  return false
}
