// Redirections, in the order in which they stand: `>a 2>&1` is not `2>&1 >a`.

import { FileError } from '../../file-error.js'
import { NO_INPUT, NO_OUTPUT, type Output } from '../../stdio.js'
import { resolvePath } from '../paths.js'
import type { LinuxContext } from '../programs/context.js'
import { openFile } from '../programs/files.js'
import type { Expander } from './expand.js'
import { LineInput } from '../line-input.js'
import type { Redirect } from './syntax.js'

/** The context with its streams where the redirections say; undefined when one cannot be opened, which has been told. */
export async function redirected(
  context: LinuxContext,
  redirects: readonly Redirect[],
  expander: Expander,
): Promise<LinuxContext | undefined> {
  let own = context
  for (const redirect of redirects) {
    const target = await expander.text(redirect.target)
    try {
      own = { ...own, ...(await opened(own, redirect, target, expander.shell.cwd)) }
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      await context.stderr.write(`sh: ${target}: ${error.message}\n`)
      return undefined
    }
  }
  return own
}

type Streams = Partial<Pick<LinuxContext, 'stdin' | 'stdout' | 'stderr'>>

/** @throws {FileError} */
async function opened(
  context: LinuxContext,
  { stream, kind }: Redirect,
  target: string,
  cwd: string,
): Promise<Streams> {
  if (kind === 'dup') return duplicated(context, stream, target)
  if (kind === '<') {
    if (stream !== 0) throw new FileError('only standard input can be read from')
    return { stdin: LineInput.of(await openFile({ ...context, cwd }, target)) }
  }
  if (stream === 0) throw new FileError('standard input cannot be written to')
  const output = await fileOutput(context, resolvePath(cwd, target), kind === '>>')
  return stream === 1 ? { stdout: output } : { stderr: output }
}

function duplicated(context: LinuxContext, stream: number, target: string): Streams {
  if (target === '-') return stream === 0 ? { stdin: NO_INPUT } : stream === 1 ? { stdout: CLOSED } : { stderr: CLOSED }
  const isOutput = target === '1' || target === '2'
  if (stream === 0 ? target !== '0' : !isOutput) throw new FileError('Bad file descriptor')
  if (stream === 0) return {}
  const output = target === '1' ? context.stdout : context.stderr
  return stream === 1 ? { stdout: output } : { stderr: output }
}

/** A descriptor that was closed. */
const CLOSED: Output = { write: () => Promise.reject(new FileError('write error: Bad file descriptor')) }

/** @throws {FileError} */
async function fileOutput(context: LinuxContext, path: string, append: boolean): Promise<Output> {
  if (path === '/dev/null') return NO_OUTPUT
  if (path === '/dev/stdout') return context.stdout
  if (path === '/dev/stderr') return context.stderr
  await context.view.write(path, new Uint8Array(0), append)
  return { write: (data) => context.view.write(path, typeof data === 'string' ? Buffer.from(data) : data, true) }
}
