// Options that many commands take.

import { InvalidArgumentError, type Command } from 'commander'

export interface CommonOptions {
  directory?: string
}

export interface PrintOptions {
  json?: boolean
  format?: string
}

export function withDirectory(command: Command): Command {
  return command.option('--directory <dir>', "the service's directory (default: that of this user)")
}

export function withOutput(command: Command): Command {
  return command
    .option('--json', 'print JSON: one document, or a line each where it is a stream')
    .option('--format <text>', "print text with members in braces, such as '{Id} {State}'")
}

export function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected an integer of 0 or more')
  return value
}

/** Seconds, as milliseconds. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('expected seconds above 0')
  return value * 1000
}

/** NAME=VALUE, gathered. */
export function variable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('expected NAME=VALUE')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
