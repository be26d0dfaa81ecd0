// A folder of the host that is shared with a guest.

import { refusal } from '../failure.js'
import { fileProblem } from './host-files.js'

/** @throws {HcsFailure} it cannot be read */
export function checkFolder(path: string): void {
  const problem = fileProblem(path, true)
  if (problem !== undefined) throw refusal(problem, `${path} cannot be shared`)
}
