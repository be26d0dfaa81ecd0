// An error as its user reads it: one line that says what failed and what to do, and the exit code.

import { ImageError, InvalidConfigError, isNotExist, ProviderUnavailableError, type ImageErrorReason } from 'uvm-actors'
import type { ControlRequestError } from 'uvm-actors/control'
import { FleetFileError } from './fleet/file.js'
import { EXIT, ExitWith, UsageError } from './exit-codes.js'
import { harmless } from './harmless.js'
import { printNote } from './output.js'

const NOT_FOUND = 404

/** Nothing is wrong with what was asked: something is to be installed, or reached. */
const LACKS: ReadonlySet<ImageErrorReason> = new Set([
  'no-go',
  'no-compiler',
  'no-cargo',
  'no-tool',
  'wrong-version',
  'index-unreachable',
])

export function exitCodeOf(error: unknown): number {
  if (error instanceof ExitWith) return error.code
  if (error instanceof UsageError || error instanceof FleetFileError || error instanceof InvalidConfigError)
    return EXIT.unusable
  if (error instanceof ProviderUnavailableError || isNotExist(error)) return EXIT.missing
  if (error instanceof ImageError && LACKS.has(error.reason)) return EXIT.missing
  // Made again from what the server told: it has the name, not the class.
  const { name, status } = error as Partial<ControlRequestError>
  if (name === 'ControlRequestError' && status === NOT_FOUND) return EXIT.missing
  return EXIT.failed
}

export function tell(error: unknown): void {
  if (error instanceof ExitWith) return
  const message = error instanceof Error ? error.message : String(error)
  printNote(`uvmctl: ${harmless(message)}`)
}
