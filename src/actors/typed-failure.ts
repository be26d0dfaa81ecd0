// What fails and is no error of ours (a socket, a file, a mistake of our own) as one of ours: nobody has to match two kinds of error.

import { ActorLostError, ProviderUnavailableError, UVMError } from '../errors.js'
import { isError } from '../protocol/text.js'
import type { CallSubject } from './mailbox/contract.js'

/** What would help, by the code of the system. */
const HELP: Readonly<Record<string, string>> = {
  EADDRINUSE: 'somebody listens there; close that first',
  EEXIST: 'what is in the way has to be removed first',
  EMFILE: 'the process has no more files to open; raise its limit (ulimit -n)',
  ENFILE: 'the system has no more files to open',
  ENOSPC: 'the disk is full',
  ENOMEM: 'the system has no more memory',
  EACCES: 'this user may not do that',
  EPERM: 'this user may not do that',
  EROFS: 'it cannot be written to',
}

/** The same error when it is one of ours, or several in one. */
export function typedFailure(error: unknown, subject: CallSubject): UVMError | AggregateError {
  if (isError(error) && (error instanceof UVMError || error instanceof AggregateError)) return error
  const code = codeOf(error)
  const said = isError(error) ? error.message : 'it failed'
  if (code === undefined)
    return new ActorLostError({ ...subject, reason: `it failed at the call: ${said}`, cause: error })
  const help = HELP[code]
  const reason = help === undefined ? said : `${said}; ${help}`
  return new ProviderUnavailableError({ ...subject, reason, cause: error })
}

/** The code of a system error, such as EMFILE. */
function codeOf(error: unknown): string | undefined {
  if (!isError(error) || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined
}
