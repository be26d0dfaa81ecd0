// What a container is created from: the nested document of Create for a Linux guest, and the parts of its OCI specification that the
// guest acts on.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import {
  decodeAs,
  decodeNested,
  flagOf,
  integerOf,
  invalidJson,
  objectsOf,
  optionalObject,
  textOf,
  textsOf,
  textTableOf,
  type Document,
} from '../decode.js'
import { AgentPanic, GUEST, GuestFault } from '../fault.js'
import { placeMounts } from './pod-mounts.js'

/** A process as an OCI document describes it. */
export interface OciCommand {
  readonly args: readonly string[]
  readonly env: ReadonlyMap<string, string>
  readonly cwd: string
  /** Undefined when the document names none. */
  readonly user: string | undefined
  readonly uid: number
  readonly gid: number
  readonly hasTerminal: boolean
  readonly terminalSize: { rows: number; columns: number } | undefined
}

export interface ContainerMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

export interface ContainerSpec {
  readonly process: OciCommand
  readonly rootPath: string
  readonly isReadOnly: boolean
  readonly hostname: string
  readonly mounts: readonly ContainerMount[]
  /** Types of the name spaces it has to itself. */
  readonly namespaces: ReadonlySet<string>
  /** Lower case; '' when it shares the guest's. */
  readonly networkNamespace: string
  /** The OCI resources of the Linux part. */
  readonly resources: Document
  readonly bundlePath: string
  readonly scratchPath: string
  readonly kind: 'standalone' | 'sandbox' | 'container'
  /** Of a container in a pod. */
  readonly sandboxId: string
}

const KIND = 'io.kubernetes.cri.container-type'
const SANDBOX = 'io.kubernetes.cri.sandbox-id'
/** Lowest schema version of a container document. */
const MINIMUM_SCHEMA = { major: 2, minor: 1 }

/** Decodes the document and its version. @throws {GuestFault} 0xC037010D */
export function decodeContainerDocument(request: Document): Document {
  const document = decodeAs('VMHostedContainerSettingsV2', decodeNested(request, 'ContainerConfig'), 'ContainerConfig')
  const version = optionalObject(document, 'SchemaVersion') ?? {}
  const [major, minor] = [Number(member(version, 'Major') ?? 0), Number(member(version, 'Minor') ?? 0)]
  if (major < MINIMUM_SCHEMA.major || (major === MINIMUM_SCHEMA.major && minor < MINIMUM_SCHEMA.minor)) {
    throw invalidJson(`the schema version ${major}.${minor} is not supported`)
  }
  return document
}

/** Reads what the guest needs. @throws {GuestFault} parts that cannot be used @throws {AgentPanic} parts that are missing */
export function readContainerSpec(document: Document): ContainerSpec {
  const spec = partOf(document, 'OciSpecification')
  const [process, root, linux] = [partOf(spec, 'process'), partOf(spec, 'root'), partOf(spec, 'linux')]
  const windows = optionalObject(spec, 'windows') ?? {}
  const annotations = textTableOf(spec, 'annotations')
  const kind = kindOf(annotations.get(KIND) ?? '')
  const sandboxId = annotations.get(SANDBOX) ?? ''
  const mounts = objectsOf(spec, 'mounts').map((mount) => ({
    destination: textOf(mount, 'destination'),
    type: textOf(mount, 'type'),
    source: textOf(mount, 'source'),
    options: textsOf(mount, 'options'),
  }))
  return {
    process: readOciProcess(process),
    rootPath: textOf(root, 'path'),
    isReadOnly: flagOf(root, 'readonly'),
    hostname: textOf(spec, 'hostname'),
    mounts: kind === 'container' ? placeMounts(sandboxId, mounts) : mounts,
    namespaces: new Set(objectsOf(linux, 'namespaces').map((namespace) => textOf(namespace, 'type'))),
    networkNamespace: textOf(optionalObject(windows, 'network') ?? {}, 'networkNamespace').toLowerCase(),
    resources: optionalObject(linux, 'resources') ?? {},
    bundlePath: textOf(document, 'OciBundlePath'),
    scratchPath: textOf(document, 'ScratchDirPath'),
    kind,
    sandboxId,
  }
}

/** @throws {AgentPanic} the agent looks into it without asking whether it is there */
function partOf(document: Document, name: string): Document {
  const value = optionalObject(document, name)
  if (value === undefined) throw new AgentPanic(`invalid memory address: a container without ${name}`)
  return value
}

function kindOf(annotation: string): ContainerSpec['kind'] {
  if (annotation === '') return 'standalone'
  if (annotation === 'sandbox' || annotation === 'container') return annotation
  throw new GuestFault(GUEST.failed, `unsupported ${KIND}: "${annotation}"`)
}

/** @throws {GuestFault} no arguments, or a working directory that is not absolute */
export function readOciProcess(process: Document): OciCommand {
  const user = optionalObject(process, 'user') ?? {}
  const size = optionalObject(process, 'consoleSize')
  const args = textsOf(process, 'args')
  const cwd = textOf(process, 'cwd')
  if (args.length === 0) throw new GuestFault(GUEST.failed, 'the process has no args')
  if (!cwd.startsWith('/')) throw new GuestFault(GUEST.failed, `the working directory "${cwd}" is not absolute`)
  return {
    args,
    env: new Map(textsOf(process, 'env').map(splitVariable)),
    cwd,
    user: textOf(user, 'username') || undefined,
    uid: integerOf(user, 'uid'),
    gid: integerOf(user, 'gid'),
    hasTerminal: flagOf(process, 'terminal'),
    terminalSize:
      size === undefined ? undefined : { rows: integerOf(size, 'height'), columns: integerOf(size, 'width') },
  }
}

function splitVariable(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
}
