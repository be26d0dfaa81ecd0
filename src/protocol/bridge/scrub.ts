// What may be kept of a message for people to read later: its shape, names and numbers, but nothing that somebody would want to keep secret.
//
// Names are matched as the bridge matches them. By what is allowed, not by what is forbidden: text stays only in members that name things (ids, types, paths), and the walk goes only into
// members known to hold such. Everything else, and every member a later version adds, becomes a note of its size: environment variables,
// annotations, arguments, command lines, policies, fragments, credential specs and cookies, mount options, registry values, stack dumps.
// Guests quote whole requests in their error texts: of those the size stays. Paths may be addresses with a signature or a password in them,
// which go.

import { isRecord, JsonError, parseJson } from '../json.js'
import { foldName } from './folding.js'

/** Text that is kept. */
const NAMES: ReadonlySet<string> = new Set(
  `ContainerId ActivityId traceparent RequestType ResourceType ResourcePath PropertyType PropertyTypes RPCType Type Operation SystemType
  RuntimeOsType State ExitType ContainerID ContainerRootPath ScratchPath ScratchDirPath OciBundlePath MountPath ShareName HostPath
  ContainerPath Path PathType Cache CimName VolumeGUID VMBusGUID Filesystem FilterType EnforcerType MediaType LocalAddress ParentAddress
  AdapterId NamespaceID Namespace Id ID MacAddress IPAddress IpAddress DestinationPrefix NextHop WorkingDirectory cwd path type ociVersion
  StdIn StdOut StdErr Signal IsolationType ImageName ModuleName FileName FunctionName SystemGUID RuntimeId`
    .split(/\s+/)
    .map(foldName),
)

/** Members that are gone into, whatever they are: an object, an array of objects, or a document carried as text. */
const OPEN: ReadonlySet<string> = new Set(
  `Request Settings ContainerConfig ProcessParameters Query Properties ResultInfo otsc Options VsockStdioRelaySettings StdioRelaySettings
  Capabilities GuestDefinedCapabilities SupportedSchemaVersions SchemaVersion ErrorRecords CombinedLayers Layers BlockCIMs MappingInfo
  IPConfigs IpConfigurations Routes Linux Windows memory cpu OciSpecification OciProcess Spec CWCOWHostedSystem process root linux namespaces
  user consoleSize ConsoleSize Container Storage MappedDirectories Networking Memory Processor ProcessList`
    .split(/\s+/)
    .map(foldName),
)

/** Documents carried as text. */
const NESTED: ReadonlySet<string> = new Set(
  ['ContainerConfig', 'ProcessParameters', 'Query', 'Properties', 'ResultInfo'].map(foldName),
)

/** Words of a text of ours before anything that may have been quoted into it. */
const UNQUOTED = /^[^{}[\]"'`=<>\r\n]{0,160}/
/** Longest nested document that is looked into, characters: beyond it the note of its size is as good. */
const MAX_NESTED = 64 * 1024
/** Most elements of an array and members of an object that are kept. */
const MAX_ELEMENTS = 32
/** Longest name or path that is kept, characters. */
const MAX_NAME = 256

/** The parsed body of a message without its secrets. */
export function scrubBody(body: Record<string, unknown>): Record<string, unknown> {
  return scrubObject(body, 0)
}

/** The beginning of a text of ours that may quote anything. */
export function scrubText(text: string): string {
  const kept = UNQUOTED.exec(text)?.[0] ?? ''
  return kept.length === text.length ? text : `${kept}…`
}

function scrubObject(value: Record<string, unknown>, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  let count = 0
  for (const name of Object.keys(value)) {
    const isKnown = NAMES.has(foldName(name)) || OPEN.has(foldName(name))
    if (count++ >= MAX_ELEMENTS || !(isKnown || isPlainName(name))) kept['…'] = 'more members'
    else kept[name] = scrubMember(name, value[name], depth)
  }
  return kept
}

/** Names are the schema's, but a guest may send any. */
function isPlainName(name: string): boolean {
  return /^\w{1,40}$/.test(name) && name !== '__proto__'
}

function scrubMember(name: string, value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubString(name, value, depth)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return scrubArray(name, value, depth)
  if (!OPEN.has(foldName(name)) || depth > 8) return noteOf(value)
  return scrubObject(value as Record<string, unknown>, depth + 1)
}

function scrubString(name: string, value: string, depth: number): unknown {
  const folded = foldName(name)
  if (NAMES.has(folded)) return value.length <= MAX_NAME ? withoutSignature(value) : noteOf(value)
  if (NESTED.has(folded)) return scrubNested(value, depth)
  return noteOf(value)
}

/** What an address lets in whoever has it: the query and the fragment (a SAS signature), a user and a password before the host. */
function withoutSignature(name: string): string {
  const bare = name.replace(/[?#].*$/s, (rest) => `${rest[0]}…`)
  return bare.replace(/^([a-z][\w+.-]*:[\\/]{2})[^\\/]*@/i, '$1…@')
}

function scrubNested(text: string, depth: number): unknown {
  if (text.length > MAX_NESTED) return noteOf(text)
  try {
    const value = parseJson(text)
    return isRecord(value) ? scrubObject(value, depth + 1) : noteOf(value)
  } catch (error) {
    if (error instanceof JsonError) return noteOf(text)
    throw error
  }
}

function scrubArray(name: string, items: unknown[], depth: number): unknown {
  if (!OPEN.has(foldName(name)) && !NAMES.has(foldName(name))) return noteOf(items)
  const kept = items
    .slice(0, MAX_ELEMENTS)
    .map((item) => (Array.isArray(item) ? noteOf(item) : scrubMember(name, item, depth)))
  return items.length > kept.length ? [...kept, `[${items.length - kept.length} more]`] : kept
}

/** What stands for a value that is not kept. */
function noteOf(value: unknown): string {
  if (typeof value === 'string') return `[${value.length} characters]`
  if (Array.isArray(value)) return `[${value.length} elements]`
  return isRecord(value) ? `[${Object.keys(value).length} members]` : `[${typeof value}]`
}
