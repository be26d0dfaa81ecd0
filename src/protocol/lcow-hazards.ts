// Requests that a Linux guest's agent does not survive: it trusts its host and reads what is not there. They are found in the text that would
// be sent, with the agent's own way of matching names, and refused before anything is sent.

import { InvalidConfigError } from '../errors.js'
import { foldedMember, parseFolded } from './bridge/folding.js'

interface Subject {
  op: string
  id?: string
}

const MAX_CONTROLLER = 3

/** A controller that may be none, however it is spelt and wherever it stands; no letter outside ASCII folds into the name. */
const DOUBTFUL_CONTROLLER = /"controller":(?![0-3][,}])/i

/** @throws {InvalidConfigError} a SCSI controller that no VM has */
export function checkController(subject: Subject, settings: string): void {
  // The text is ours: without white space, and with no letter escaped.
  if (!DOUBTFUL_CONTROLLER.test(settings)) return
  const value = foldedMember(parseFolded(settings), 'Controller')
  if (typeof value !== 'number' && typeof value !== 'bigint') return
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_CONTROLLER) return
  throw new InvalidConfigError({ ...subject, path: 'Controller', value, reason: `expected 0 to ${MAX_CONTROLLER}` })
}

/**
 * Of a container's layers. The agent lays the scratch over what the root path is relative to: over its own root directory when there is none,
 * and no container can be made there any more.
 *
 * @throws {InvalidConfigError} a root path that is missing or not absolute
 */
export function checkRootPath(subject: Subject, settings: string): void {
  const value = foldedMember(parseFolded(settings), 'ContainerRootPath')
  // What is no text is the agent's to refuse.
  if (value != null && (typeof value !== 'string' || value.startsWith('/'))) return
  const reason = 'expected an absolute path in the guest: at any other its agent mounts over its own root directory'
  throw new InvalidConfigError({ ...subject, path: 'ContainerRootPath', value, reason })
}

/** Blanks of the agent's own parser, and what ends a command there: nothing behind it is looked at. */
const NO_COMMAND = /^[ \t\r\n]*([;&|<>]|$)/

/** Whether a command line has no word that could be run. */
export function isBlankCommand(line: string): boolean {
  return NO_COMMAND.test(line)
}

/** Of a process in the utility VM itself. @throws {InvalidConfigError} nothing to run */
export function checkUvmProcess(subject: Subject, parameters: string): void {
  const document = parseFolded(parameters)
  const args = foldedMember(document, 'CommandArgs')
  // What is no array is the agent's to refuse: that it does in order.
  if (args != null && !(Array.isArray(args) && args.length === 0)) return
  const line = foldedMember(document, 'CommandLine')
  if (line == null || line === '') {
    throw new InvalidConfigError({ ...subject, path: 'CommandArgs', reason: 'expected arguments, or a CommandLine' })
  }
  if (typeof line !== 'string' || !isBlankCommand(line)) return
  throw new InvalidConfigError({ ...subject, path: 'CommandLine', secret: line, reason: 'expected a command' })
}

/**
 * Of a process in a container, whose arguments are those of its OciProcess. Whether it is the container's init: one without.
 *
 * @throws {InvalidConfigError} arguments that the guest would ignore
 */
export function isInitProcess(subject: Subject, parameters: string): boolean {
  const document = parseFolded(parameters)
  for (const name of ['CommandArgs', 'CommandLine']) {
    const given = foldedMember(document, name)
    if (given == null || given === '' || (Array.isArray(given) && given.length === 0)) continue
    const reason = 'a container takes its arguments from OciProcess.args, and would ignore these'
    throw new InvalidConfigError({ ...subject, path: name, secret: given, reason })
  }
  return foldedMember(document, 'OciProcess') == null
}

/** Parts of a specification without which the agent ends. */
const NEEDED = ['process', 'root', 'linux'] as const

/**
 * Of a container's document. One whose SchemaVersion the agent refuses by itself does no harm.
 *
 * @throws {InvalidConfigError} no specification, or one without process, root or linux
 */
export function checkContainerDocument(subject: Subject, config: string): void {
  const document = parseFolded(config)
  if (!isTaken(foldedMember(document, 'SchemaVersion'))) return
  const missing = (path: string): InvalidConfigError => {
    const reason = "it is missing, and the guest's agent would end; { unchecked: true } sends it all the same"
    return new InvalidConfigError({ ...subject, path, reason })
  }
  const specification = foldedMember(document, 'OciSpecification')
  if (specification == null) throw missing('OciSpecification')
  // What is no object is the agent's to refuse.
  if (typeof specification !== 'object' || Array.isArray(specification)) return
  for (const part of NEEDED) {
    if (foldedMember(specification, part) == null) throw missing(`OciSpecification.${part}`)
  }
}

/** 2.1 or later. */
function isTaken(version: unknown): boolean {
  const number = (name: string): number => {
    const value = foldedMember(version, name)
    return typeof value === 'number' ? value : 0
  }
  return number('Major') > 2 || (number('Major') === 2 && number('Minor') >= 1)
}
